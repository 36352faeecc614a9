import TextForms

/// The answers of `nvidia-smi pmon` and `dmon`: a line for each process or GPU, again and again.
package struct NvidiaMonitor: Hashable, Sendable {
    /// Of `pmon`: each once, with its newest values; nil for `dmon`.
    package var processes: [NvidiaProcess]?
    /// Of `dmon`: each once, with its newest values.
    package var devices: [NvidiaDevice] = []

    /// nil for a text without the header of one of them.
    package init?(parsing text: String) {
        var names: [String] = []
        for line in Scan.lines(text) {
            let content = Scan.trimmed(line)
            if content.hasPrefix("#") {
                let words = Scan.words(content.dropFirst()).map { $0.lowercased() }
                // The second line of the header has the units.
                if words.contains("gpu") { names = words }
                if names.contains("pid"), processes == nil { processes = [] }
                continue
            }
            guard let position = names.firstIndex(of: "gpu") else { continue }
            let words = Scan.words(content)
            guard words.count > position, let gpu = UInt32(words[position]) else { continue }
            if names.contains("pid") { addProcess(words, names, gpu) } else { addDevice(words, names, gpu) }
        }
        if names.isEmpty || (processes == nil && !names.contains { ["pwr", "sm", "fb"].contains($0) }) {
            return nil
        }
    }

    private mutating func addProcess(_ words: [String], _ names: [String], _ gpu: UInt32) {
        let values = Dictionary(zip(names, words)) { first, _ in first }
        guard let pid = values["pid"].flatMap({ Int64($0) }) else { return }
        var process = NvidiaProcess(pid: pid)
        process.gpu = gpu
        process.type = values["type"].flatMap { Scan.known($0) }
        process.memoryBytes = values["fb"].flatMap { Scan.bytes($0) }
        // The last column; only it may have blanks in it.
        if names.last == "command" || names.last == "name", words.count >= names.count {
            process.name = NvidiaValue.known(words[(names.count - 1)...].joined(separator: " "))
        }
        var all = processes ?? []
        if let known = all.firstIndex(where: { $0.pid == pid && $0.gpu == gpu }) {
            all[known] = process
        } else {
            all.append(process)
        }
        processes = all
    }

    private mutating func addDevice(_ words: [String], _ names: [String], _ gpu: UInt32) {
        guard words.count == names.count else { return }
        let values = Dictionary(zip(names, words)) { first, _ in first }
        var device = NvidiaDevice(index: gpu)
        device.utilizationPercent = values["sm"].flatMap { Scan.percent($0) }
        device.temperatureCelsius = (values["gtemp"] ?? values["temp"]).flatMap { Scan.signed($0) }
        device.powerMilliwatts = values["pwr"].flatMap { Scan.milliwatts($0) }
        device.memoryUsedBytes = values["fb"].flatMap { Scan.bytes($0) }
        device.multiprocessorMegahertz = values["pclk"].flatMap { NvidiaValue.megahertz($0) }
        device.memoryMegahertz = values["mclk"].flatMap { NvidiaValue.megahertz($0) }
        if let known = devices.firstIndex(where: { $0.index == gpu }) {
            devices[known] = device
        } else {
            devices.append(device)
        }
    }
}

/// The answer of `nvidia-smi --version`.
package struct NvidiaVersion: Hashable, Sendable {
    package var tool: String
    package var driver: String?
    package var cuda: String?

    /// nil for a text without the tool's own version.
    package init?(parsing text: String) {
        var values: [String: String] = [:]
        for (key, value) in Scan.lines(text).compactMap({ Scan.pair($0) }) {
            values[key.lowercased()] = NvidiaValue.known(value)
        }
        guard let tool = values["nvidia-smi version"] else { return nil }
        self.tool = tool
        driver = values["driver version"] ?? values["kmd version"]
        cuda = values["cuda version"] ?? values["cuda umd version"]
    }
}
