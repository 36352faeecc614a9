import CPostgreSQL

/// Where a server is and how to get in: a `postgresql://` URI or `keyword=value` pairs, given to libpq as it is. So
/// the `PG…` environment, `service=`, `passfile=` and `sslmode=` up to `verify-full` work as everywhere else.
package struct PostgresAddress: Sendable, CustomStringConvertible {
    /// May hold a password.
    let text: String
    /// The string has a password in it, rather than in the environment or a file.
    package let hasPassword: Bool
    /// Without any secret: `host=db.example.org dbname=mortise user=ada`; only what the string says.
    package let description: String

    /// - Throws: `PostgresError` of kind `invalidAddress`, which repeats nothing of the string.
    package init(_ text: String) throws(PostgresError) {
        guard !text.utf8.contains(0), let options = PQconninfoParse(text, nil) else {
            throw PostgresError(
                .invalidAddress,
                "not a PostgreSQL address: write postgresql://USER@HOST:PORT/DATABASE or pairs like"
                    + " 'host=HOST dbname=DATABASE' (special characters in a URI as %XX)")
        }
        defer { PQconninfoFree(options) }
        var shown: [String] = []
        var hasPassword = false
        var option = options
        while let name = option.pointee.keyword.map({ String(cString: $0) }) {
            if let value = option.pointee.val.map({ String(cString: $0) }), !value.isEmpty {
                // libpq's own mark of what is a secret.
                if option.pointee.dispchar.map({ String(cString: $0) }) == "*" {
                    hasPassword = true
                } else if Self.shown.contains(name) {
                    shown.append("\(name)=\(value)")
                }
            }
            option += 1
        }
        self.text = text
        self.hasPassword = hasPassword
        description = shown.isEmpty ? "of the PG… environment" : shown.joined(separator: " ")
    }

    private static let shown: Set = ["service", "host", "hostaddr", "port", "dbname", "user", "sslmode"]
}
