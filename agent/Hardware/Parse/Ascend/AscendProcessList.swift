import TextForms

/// `npu-smi info -t proc-mem`: a line for each process, `Process id:7  Process name:python  Process memory(MB):9`.
package struct AscendProcessList: Hashable, Sendable {
    package var processes: [AscendProcess] = []
    /// A process, or that there is none, was said.
    package var isKnown = false

    private static let titles = ["Process id:", "Process name:", "Process memory(MB):"]

    package init(parsing text: String) {
        var card: UInt32?
        var begin = 0
        for line in AscendText.lines(text) {
            let lower = line.lowercased()
            if lower.contains("no process in device") { isKnown = true }
            let values = Self.values(line)
            if let id = values[Self.titles[0]].flatMap({ AscendText.number($0) }),
                let memory = values[Self.titles[2]]
            {
                isKnown = true
                processes.append(
                    AscendProcess(
                        card: card, chip: nil, processID: id, containerProcessID: nil,
                        name: values[Self.titles[1]].flatMap { AscendText.name($0) } ?? "",
                        memoryBytes: Scan.bytes(memory)))
            } else if let (title, value) = Scan.pair(line), let number = AscendText.number(value) {
                switch title.lowercased() {
                case "npu id": card = number
                case "chip id":
                    // It stands under the processes of its chip.
                    for position in begin..<processes.count { processes[position].chip = number }
                    begin = processes.count
                default: break
                }
            }
        }
    }

    /// What stands behind each title; names of processes may have blanks and colons.
    private static func values(_ line: String) -> [String: String] {
        var places: [(title: String, start: String.Index, end: String.Index)] = []
        for title in titles {
            guard let range = find(title, in: line) else { continue }
            places.append((title, range.lowerBound, range.upperBound))
        }
        places.sort { $0.start < $1.start }
        var values: [String: String] = [:]
        for (position, place) in places.enumerated() {
            let end = position + 1 < places.count ? places[position + 1].start : line.endIndex
            if place.end <= end { values[place.title] = Scan.trimmed(line[place.end..<end]) }
        }
        return values
    }

    private static func find(_ text: String, in line: String) -> Range<String.Index>? {
        var start = line.startIndex
        while start < line.endIndex {
            if line[start] == text.first, line[start...].hasPrefix(text) {
                return start..<line.index(start, offsetBy: text.count)
            }
            start = line.index(after: start)
        }
        return nil
    }
}
