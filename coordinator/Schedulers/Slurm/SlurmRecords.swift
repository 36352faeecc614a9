import TextForms

/// Records of `scontrol show`: `Key=Value` after `Key=Value`, on lines of their own or all on one (`-o`).
package struct SlurmRecords: Sendable {
    package struct Record: Sendable, Hashable {
        fileprivate(set) var keys: [String]
        fileprivate var values: [String]

        /// nil for what is not there, empty, or "(null)".
        package subscript(key: String) -> String? {
            guard let place = keys.firstIndex(of: key) else { return nil }
            let value = values[place]
            return value.isEmpty || value == "(null)" ? nil : value
        }
    }

    package let records: [Record]
    /// What shows that the output is not whole.
    package let truncation: String?

    /// What people write, blanks and signs of equality included: where a record has lines, the rest of its line is theirs.
    private static func isFreeText(_ key: String, _ first: String) -> Bool {
        switch first {
        case "NodeName": ["Reason", "Comment", "Extra", "OS"].contains(key)
        case "JobId": ["JobName", "Command", "WorkDir", "Comment", "AdminComment"].contains(key)
        default: false
        }
    }

    /// - Parameters:
    ///   - first: the key with which each record begins: "NodeName".
    ///   - needed: a key without which a record is not whole.
    /// - Returns: nil where there is no record.
    package init?(parsing text: String, first: String, needed: String) {
        var records: [Record] = []
        for line in Scan.lines(text) where !SlurmFailure.isRemark(line) {
            // Some put rules between records.
            let end =
                line.lastIndex { $0 != "#" && !$0.isWhitespace }.map(line.index(after:)) ?? line.startIndex
            let content = Scan.trimmed(line[..<end])
            let isOfRecord = content.hasPrefix(first + "=")
            if isOfRecord { records.append(Record(keys: [], values: [])) }
            guard !records.isEmpty else { continue }
            let isOneLine = isOfRecord && content.contains(" \(needed)=")
            for (key, value) in Self.pairs(content, isFree: { !isOneLine && Self.isFreeText($0, first) })
            where !records[records.count - 1].keys.contains(key) {
                records[records.count - 1].keys.append(key)
                records[records.count - 1].values.append(value)
            }
        }
        guard !records.isEmpty else { return nil }
        self.records = records
        truncation = records.first { !$0.keys.contains(needed) }.map { record in
            "the record of '\(record[first] ?? "")' ends before its \(needed)"
        }
    }

    private static func pairs(
        _ line: String, isFree: (String) -> Bool
    ) -> [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        for word in line.split(separator: " ", omittingEmptySubsequences: false) {
            let goesOn = pairs.last.map { isFree($0.key) } ?? false
            if !goesOn, let equals = word.firstIndex(of: "="), isKey(word[..<equals]) {
                pairs.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
            } else if !pairs.isEmpty {
                pairs[pairs.count - 1].value += " " + word
            }
        }
        return pairs.map { ($0.key, Scan.trimmed($0.value)) }
    }

    /// "CPUs/Task", "AllocNode:Sid", "MCS_label": all begin with a capital.
    private static func isKey(_ text: Substring) -> Bool {
        guard let first = text.first, first.isASCII, first.isUppercase else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_/:".contains($0)) }
    }
}
