import TextForms

/// The virtual NPUs of a chip: `npu-smi info -t info-vnpu`.
package struct AscendVirtual: Hashable, Sendable {
    package struct Device: Hashable, Sendable {
        package var id: UInt32
        package var group: UInt32?
        /// nil where none has taken it.
        package var containerID: String?
        /// As printed: 1 where a container uses it.
        package var status: UInt32?
        /// "vir02": what it has of the chip.
        package var template: String?
    }

    /// A part of the chip that can be given to virtual devices.
    package struct Resource: Hashable, Sendable {
        /// "AICORE", "Memory" (in GiB), "AICPU", …
        package var name: String
        package var free: UInt32?
        package var total: UInt32?
    }

    /// As the tool counts; more than it lists where the text is cut.
    package var count: UInt32?
    package var devices: [Device] = []
    package var resources: [Resource] = []
    /// The head of the list was there.
    package var hasHeader = false

    package init(parsing text: String) {
        var header: [String] = []
        var names: [String] = []
        for line in AscendText.lines(text) {
            let cells = Self.cells(line)
            if let first = cells.first, cells.count == 1 || !hasHeader {
                let words = Scan.words(first)
                if let (title, value) = Scan.pair(first), title.lowercased() == "total number of vnpu" {
                    count = AscendText.number(value)
                } else if words.first == "AICORE" {
                    names = words
                } else if !names.isEmpty, words.count == names.count, words[0].contains("/") {
                    resources = zip(names, words).map(Self.resource)
                }
            }
            if cells.first?.lowercased() == "vnpu id" {
                header = cells.map { $0.lowercased() }
                hasHeader = true
            } else if hasHeader, cells.count == header.count, let device = Self.device(cells, header) {
                devices.append(device)
            }
        }
    }

    /// Some copies have no bars at the ends of lines.
    private static func cells(_ line: String) -> [String] {
        let line = Scan.trimmed(line)
        return AscendText.cells(line.hasPrefix("|") ? line : "|" + line) ?? []
    }

    private static func device(_ cells: [String], _ header: [String]) -> Device? {
        func cell(_ title: String) -> String? { header.firstIndex(of: title).map { cells[$0] } }
        guard let id = cell("vnpu id").flatMap({ AscendText.number($0) }) else { return nil }
        let container = cell("container id").flatMap { AscendText.name($0) }
        let isNone = container?.allSatisfy { $0 == "f" || $0 == "F" || $0 == "0" } ?? true
        return Device(
            id: id, group: cell("vgroup id").flatMap { AscendText.number($0) },
            containerID: isNone ? nil : container, status: cell("status").flatMap { AscendText.number($0) },
            template: cell("template name").flatMap { AscendText.name($0) })
    }

    private static func resource(_ name: String, _ value: String) -> Resource {
        let parts = value.split(separator: "/")
        return Resource(
            name: name, free: parts.first.flatMap { AscendText.number($0) },
            total: parts.count == 2 ? AscendText.number(parts[1]) : nil)
    }
}
