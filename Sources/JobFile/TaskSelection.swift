import APITypes
package import ClusterTypes
package import YAMLSections

/// Tasks named one by one or in ranges.
package enum TaskSelection {
    /// Each text is `7`, `100-199`, or several of these with commas between them.
    ///
    /// - Returns: in rising order, each once.
    package static func parse(_ texts: [String]) throws(GrammarError) -> [TaskIndex] {
        var ranges: [ClosedRange<TaskIndex>] = []
        for text in texts {
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                ranges.append(try range(part.trimmingBlanks()))
            }
        }
        var indices: [TaskIndex] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            let first = max(range.lowerBound, indices.last.map { $0 == .max ? $0 : $0 + 1 } ?? 0)
            guard first <= range.upperBound, indices.last != .max else { continue }
            guard indices.count + Int(range.upperBound - first) < JobLimits.tasks else {
                throw GrammarError("these are more than \(JobLimits.tasks) tasks")
            }
            indices += Array(first...range.upperBound)
        }
        return indices
    }

    private static func range(_ text: String) throws(GrammarError) -> ClosedRange<TaskIndex> {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2, let left = ends.first,
            let first = try? Quantity.whole(String(left), as: TaskIndex.self),
            let last = try? Quantity.whole(String(ends.last ?? left), as: TaskIndex.self), first <= last
        else {
            throw GrammarError("'\(text)' is no task; write numbers or ranges, for example 3 7 100-199")
        }
        return first...last
    }
}
