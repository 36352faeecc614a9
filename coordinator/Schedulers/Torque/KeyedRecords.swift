import TextForms

/// Records that begin with a name, and whose lines below it are `key = value`; what is too long goes on in a line that
/// begins with a tab.
struct KeyedRecords: Sendable {
    struct Record: Sendable {
        let name: String
        fileprivate var keys: [String] = []
        fileprivate var values: [String] = []

        subscript(key: String) -> String? { keys.firstIndex(of: key).map { values[$0] } }
    }

    private(set) var records: [Record] = []

    /// - Parameter name: of the record that a line begins; nil for any other line.
    init(_ lines: [Substring], name: (Substring) -> String?) {
        for line in lines {
            if let name = name(line) {
                records.append(Record(name: name))
                continue
            }
            guard !records.isEmpty, line.contains(where: { !$0.isWhitespace }) else { continue }
            let place = records.count - 1
            if line.first == "\t", !records[place].values.isEmpty {
                records[place].values[records[place].values.count - 1] += Scan.trimmed(line)
            } else if let equals = line.firstIndex(of: "=") {
                records[place].keys.append(Scan.trimmed(line[..<equals]))
                records[place].values.append(Scan.trimmed(line[line.index(after: equals)...]))
            }
        }
    }
}
