import TextForms

/// The answer of `nvidia-smi --query-compute-apps=… --format=csv`, with or without a header.
package struct NvidiaProcessList: Hashable, Sendable {
    package var processes: [NvidiaProcess] = []
    /// The output has a column for the GPU's bus id.
    package var hasBusID = false

    /// nil for a text that is no such table.
    package init?(parsing text: String) {
        let lines = NvidiaCells.lines(text)
        if let header = lines.firstIndex(where: Self.isHeader) {
            let names = lines[header].map(NvidiaCells.columnName)
            hasBusID = names.contains("gpu_bus_id")
            for cells in lines[(header + 1)...] where !Self.isHeader(cells) { add(cells, names) }
        } else {
            let rows = lines.filter(Self.isRow)
            guard !rows.isEmpty else { return nil }
            hasBusID = rows.allSatisfy { $0.contains { BusAddress($0) != nil } }
            for row in rows { add(row, Self.names(row)) }
        }
    }

    private static func isHeader(_ cells: [String]) -> Bool {
        let names = cells.map(NvidiaCells.columnName)
        let others = ["process_name", "used_gpu_memory", "used_memory", "gpu_uuid", "gpu_bus_id", "gpu_name"]
        return names.contains("pid") && names.contains { others.contains($0) }
    }

    /// A process id, a name and its memory behind what names the GPU.
    static func isRow(_ cells: [String]) -> Bool {
        let rest = cells.drop { isGPU($0) }
        guard rest.count == 3, let pid = rest.first.flatMap({ Int64($0) }), let memory = rest.last,
            let name = rest.dropFirst().first, name.contains(where: \.isLetter)
        else { return false }
        // A small number is the index of a GPU.
        return pid >= 64 && (Scan.known(memory) == nil || Scan.bytes(memory) != nil)
    }

    private static func isGPU(_ cell: String) -> Bool {
        NvidiaCells.isGPUIdentifier(cell) || BusAddress(cell) != nil
    }

    private static func names(_ row: [String]) -> [String] {
        row.prefix { isGPU($0) }.map { BusAddress($0) == nil ? "gpu_uuid" : "gpu_bus_id" }
            + ["pid", "process_name", "used_memory"]
    }

    private mutating func add(_ cells: [String], _ names: [String]) {
        var cells = cells
        // The one column that may have commas in it.
        if cells.count > names.count,
            let position = names.firstIndex(of: "process_name") ?? names.firstIndex(of: "name")
        {
            let end = position + cells.count - names.count
            cells.replaceSubrange(position...end, with: [cells[position...end].joined(separator: ", ")])
        }
        guard cells.count == names.count else { return }
        let values = Dictionary(zip(names, cells)) { first, _ in first }
        guard let pid = values["pid"].flatMap({ Int64($0) }) else { return }
        var process = NvidiaProcess(pid: pid)
        process.busID = values["gpu_bus_id"].flatMap { NvidiaValue.bus($0) }
        process.gpuUUID = values["gpu_uuid"].flatMap { Scan.identifier($0) }
        process.name = (values["process_name"] ?? values["name"]).flatMap { NvidiaValue.known($0) }
        process.memoryBytes = (values["used_gpu_memory"] ?? values["used_memory"]).flatMap { Scan.bytes($0) }
        processes.append(process)
    }
}
