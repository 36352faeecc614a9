package import ClusterTypes

/// Usage that is no history any more is kept in one row for each day (UTC), job and resource.
package enum UsageDays {
    private static let day: Int64 = 86_400_000_000

    /// - Returns: the statements that sum up the days that are over before `end`.
    package static func sumUp(before end: Instant) -> [BoundStatement] {
        let table = Table.usage
        let amounts = table.columns.suffix(6)
        let condition = "from_at < ? AND \(Table.isWithinDay)"
        let end = [BoundStatement.Argument.integer(end.microseconds - end.microseconds % day)]
        return [
            BoundStatement(
                """
                INSERT INTO usage (\(table.columnNames))
                SELECT from_at - from_at % \(day), job, resource, min("user"),
                    \(amounts.map { "sum(\($0))" }.joined(separator: ", "))
                FROM usage WHERE \(condition) GROUP BY from_at - from_at % \(day), job, resource
                ON CONFLICT (from_at, job, resource) DO UPDATE SET
                    \(amounts.map { "\($0) = usage.\($0) + excluded.\($0)" }.joined(separator: ", "))
                """, end),
            BoundStatement("DELETE FROM usage WHERE \(condition)", end),
        ]
    }
}
