import ClusterTypes
import TextForms

extension ToolForm {
    /// Files of one value, known by their names; without a name only what no other file holds.
    static var controlGroupFiles: [ToolForm] {
        [quotaOfV2, quota, period, processorSet, memoryLimit]
    }

    private static let quotaOfV2 = file("cpu.max", not: ["cpu.max.burst"]) { words in
        let isQuota = words.count == 2 && (words[0] == "max" || isNumber(words[0])) && isNumber(words[1])
        return isQuota ? .byContent : words == ["max"] ? .byName : .no
    } read: { words in
        [("cpu_limit_cores", cores(quota: words[0], period: words.count > 1 ? words[1] : "100000"))]
    }

    private static let quota = file("cpu.cfs_quota_us") { words in
        // Only a quota is -1 where there is none.
        words == ["-1"] ? .byContent : words.count == 1 && isNumber(words[0]) ? .byName : .no
    } read: { words in
        let quota = Int64(words[0])
        // Its period stands in a file of its own.
        let isLimit = quota.map { $0 > 0 } ?? false
        return [
            ("cpu_quota_us", .known(quota)),
            ("cpu_limit_cores", isLimit ? .string("quota/period (period file alongside)") : .null),
        ]
    }

    private static let period = file("cpu.cfs_period_us") { words in
        words.count == 1 && isNumber(words[0]) ? .byName : .no
    } read: { words in
        [("cpu_period_us", .known(Int64(words[0])))]
    }

    private static let processorSet = file(
        "cpuset.cpus", "cpuset.effective_cpus",
        not: ["cpuset.cpus.partition", "cpuset.cpus.exclusive", "cpuset.cpus.isolated"]
    ) { words in
        if words.isEmpty { return .byName }
        guard words.count == 1, ProcessorList.parse(words[0]) != nil else { return .no }
        return words[0].contains { $0 == "-" || $0 == "," } ? .byContent : .byName
    } read: { words in
        // An empty set is that of the group above.
        [
            ("cpuset", .known(words.first)),
            ("cpuset_cpus", .known(words.first.flatMap { ProcessorList.parse($0)?.count })),
        ]
    }

    private static let memoryLimit = file("memory.max", "memory.limit_in_bytes", not: ["memory.max_usage"]) {
        words in
        guard words.count == 1 else { return .no }
        if words[0] == "max" { return .byContent }
        guard isNumber(words[0]) else { return words[0] == "-1" ? .byName : .no }
        // v1 writes the largest number of pages where there is no limit.
        return words[0].hasPrefix("92233720368547") && words[0].count == 19 ? .byContent : .byName
    } read: { words in
        [("memory_limit_bytes", .known(ControlGroupLimit.bytes(words[0])))]
    }

    private enum Recognition {
        case no
        /// If the file has the name, too.
        case byName
        /// Unless the file has the name of another one.
        case byContent
    }

    private static func file(
        _ names: String..., not others: [String] = [],
        recognition: @escaping @Sendable ([String]) -> Recognition,
        read: @escaping @Sendable ([String]) -> [(key: String, value: JSONText.Value?)]
    ) -> ToolForm {
        ToolForm(
            name: names[0], command: "cat \(names[0])",
            recognizes: { output in
                let file = plain(output.fileName)
                let isNamed =
                    names.contains { file.contains(plain($0)) }
                    && !others.contains { file.contains(plain($0)) }
                guard let words = words(output) else { return false }
                switch recognition(words) {
                case .no: return false
                case .byName: return isNamed
                case .byContent: return isNamed || !controllers.contains { file.contains($0) }
                }
            },
            read: { output in
                guard let words = words(output), recognition(words) != .no else { return ToolReading() }
                return ToolReading(others: read(words))
            })
    }

    /// How names of such files begin.
    private static let controllers = [
        "cpu.", "cpuset.", "memory.", "pids.", "io.", "hugetlb.", "rdma.", "misc.",
    ]

    /// In a saved file's name other marks may stand for the point.
    private static func plain(_ name: String) -> String {
        String(name.lowercased().map { $0 == "_" || $0 == "-" ? "." : $0 })
    }

    /// Of the only line that has any; nil where there are more, or far too many. Empty for an empty file.
    private static func words(_ output: SavedOutput) -> [String]? {
        guard output.text.utf8.count <= 1 << 16 else { return nil }
        let lines = output.contentLines
        return lines.count <= 1 ? Scan.words(lines.first ?? "") : nil
    }

    private static func isNumber(_ word: String) -> Bool {
        !word.isEmpty && word.utf8.allSatisfy { 48...57 ~= $0 }
    }

    /// In processors, to the millionth; null where there is no limit.
    private static func cores(quota: String, period: String) -> JSONText.Value {
        guard
            let quota = Double(quota), quota > 0, quota.isFinite, let period = Double(period), period > 0,
            let millionths = Int64(exactly: (quota / period * 1_000_000).rounded())
        else { return .null }
        let (whole, rest) = millionths.quotientAndRemainder(dividingBy: 1_000_000)
        var fraction = String(String(1_000_000 + rest).dropFirst())
        while fraction.last == "0" { fraction.removeLast() }
        return .number(fraction.isEmpty ? String(whole) : "\(whole).\(fraction)")
    }
}
