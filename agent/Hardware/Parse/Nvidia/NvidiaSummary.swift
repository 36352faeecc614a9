import TextForms

/// The table that `nvidia-smi` prints without arguments, in all its widths, and that of Iluvatar's `ixsmi`.
/// It does not say how healthy a GPU is.
package struct NvidiaSummary: Hashable, Sendable {
    package var toolVersion: String?
    package var driverVersion: String?
    package var cudaVersion: String?
    /// The table is `ixsmi`'s.
    package var isIluvatar = false
    package var devices: [NvidiaDevice] = []
    /// nil where the output has no list of processes; empty where the list is.
    package var processes: [NvidiaProcess]?

    private enum Section { case devices, instances, processes }

    private var section = Section.devices
    private var hasHeader = false
    private var isForeign = false
    /// The first line of a GPU ends with its persistence mode or driver model.
    private var hasMode = true
    private var hasMIGMode = false
    /// Lines of the GPU's cell that have been read; 0 between cells.
    private var row = 0
    private var processesHaveType = true

    /// nil for a text without the tool's header and without a row of a GPU.
    package init?(parsing text: String) {
        for line in Scan.lines(text) {
            guard let start = line.firstIndex(of: "|") else {
                if line.contains("--") { row = 0 }
                continue
            }
            var inside = Scan.trimmed(line[start...]).dropFirst()
            let isClosed = inside.last == "|"
            if isClosed { inside = inside.dropLast() }
            read(inside, isClosed: isClosed)
        }
        // Other vendors' tables are of the same make. Without any header only the way that numbers are
        // written tells; Gaudi writes them alike.
        if isForeign { return nil }
        guard
            hasHeader
                || devices.contains(where: { $0.memoryTotalBytes != nil && $0.name?.hasPrefix("HL-") != true }
                )
        else { return nil }
    }

    /// - Parameter isClosed: the line has its right border: nothing was cut off.
    private mutating func read(_ line: Substring, isClosed: Bool) {
        let words = Scan.words(line)
        guard let first = words.first, !line.allSatisfy({ "-=+|".contains($0) }) else {
            if line.contains("-") || line.contains("=") { row = 0 }
            return
        }
        if line.contains("NVIDIA-SMI ") || line.contains("IX-ML:") {
            readVersions(line)
        } else if line.contains("Processes:") || line.contains("processes:") {
            section = .processes
            processes = []
        } else if line.contains("MIG devices:") {
            section = .instances
        } else if words.contains("Name"), line.contains("Bus-Id") || line.contains("Bus Id") {
            guard first == "GPU" || first == "Nb." else {
                isForeign = true
                return
            }
            hasHeader = true
            section = .devices
            hasMode = Scan.words(line.prefix { $0 != "|" }).last != "Name"
        } else if section == .processes {
            if first == "GPU" { processesHaveType = words.contains("Type") }
            if isClosed { readProcess(line) }
        } else {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            if section == .instances {
                readInstance(cells)
            } else if words.last == "M.", words.dropLast().last == "MIG" {
                hasMIGMode = true
            } else {
                readDevice(cells)
            }
        }
    }

    /// `NVIDIA-SMI 550.90.07   Driver Version: 550.90.07   CUDA Version: 12.4`; since 610 "KMD Version" and
    /// "CUDA UMD Version".
    private mutating func readVersions(_ line: Substring) {
        self = NvidiaSummary()
        hasHeader = true
        isIluvatar = line.contains("IX-ML:")
        let words = Scan.words(line)
        if let position = words.firstIndex(of: "NVIDIA-SMI"), position + 1 < words.count {
            toolVersion = NvidiaValue.known(words[position + 1])
        }
        for position in words.indices.dropFirst().dropLast() where words[position] == "Version:" {
            let value = NvidiaValue.known(words[position + 1])
            switch words[position - 1] {
            case "Driver", "KMD": driverVersion = value
            case "CUDA", "UMD": cudaVersion = value
            default: break
            }
        }
    }

    private init() {}

    // MARK: GPUs

    private mutating func readDevice(_ cells: [Substring]) {
        if cells.count >= 2, let device = device(cells[0], bus: cells[1]) {
            if let known = devices.firstIndex(where: { $0.index == device.index }) {
                devices.remove(at: known)
            }
            devices.append(device)
            row = 1
            return
        }
        guard row > 0, let last = devices.indices.last else { return }
        row += 1
        if row == 2, cells.count >= 2 {
            readReadings(cells, &devices[last])
        } else if row == 3, cells.count >= 3 {
            devices[last].migMode = NvidiaValue.known(cells[2])
        }
    }

    /// The first line: index, name and mode; bus id and display.
    private func device(_ cell: Substring, bus: Substring) -> NvidiaDevice? {
        var words = Scan.words(cell)
        guard let number = words.first, let busWord = Scan.words(bus).first else { return nil }
        guard let index = UInt32(number.last == "." ? String(number.dropLast()) : number) else { return nil }
        words.removeFirst()
        let modes = ["On", "Off", "N/A", "WDDM", "TCC", "MCDM", "Enabled", "Disabled", "ERR!"]
        var mode: String?
        if hasMode, words.count > 1, let last = words.last, modes.contains(last) { mode = words.removeLast() }
        let name = words.joined(separator: " ")
        let isUnknown = busWord == "N/A" && name.contains(where: \.isLetter)
        guard isUnknown || BusAddress(busWord) != nil else { return nil }
        var device = NvidiaDevice(index: index, name: NvidiaValue.known(name))
        device.busID = NvidiaValue.bus(busWord)
        device.isPersistent = mode.flatMap { NvidiaValue.flag($0) }
        device.hasMIGMode = hasMIGMode
        return device
    }

    /// The second line: fan, temperature, state and power; memory; utilization and compute mode.
    private func readReadings(_ cells: [Substring], _ device: inout NvidiaDevice) {
        device.temperatureCelsius = celsius(Scan.words(cells[0]))
        let power = pair(cells[0])
        device.powerMilliwatts = power.flatMap { watts($0.left) }
        device.powerLimitMilliwatts = power.flatMap { watts($0.right) }
        let memory = pair(cells[1])
        device.memoryUsedBytes = memory.flatMap { bytes($0.left) }
        device.memoryTotalBytes = memory.flatMap { bytes($0.right) }
        guard cells.count >= 3, let word = Scan.words(cells[2]).first, word.last == "%" else { return }
        device.utilizationPercent = Scan.percent(word)
    }

    /// "37C"; before 2013 "37 C".
    private func celsius(_ words: [String]) -> Int32? {
        guard let position = words.firstIndex(where: { $0.last == "C" }) else { return nil }
        let isAlone = words[position] == "C" && position > 0
        return Scan.signed(words[isAlone ? position - 1 : position])
    }

    /// The words around a slash; "N/A" has one of its own.
    private func pair(_ cell: Substring) -> (left: String, right: String)? {
        let parts = String(cell).replacing("N/A", with: "NA").split(
            separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let left = Scan.words(parts[0]).last, let right = Scan.words(parts[1]).first
        else { return nil }
        return (left, right)
    }

    /// The unit comes last: without it, the number may have been cut.
    private func watts(_ word: String) -> UInt32? { word.last == "W" ? Scan.milliwatts(word) : nil }

    private func bytes(_ word: String) -> Int64? { word.last == "B" ? Scan.bytes(word) : nil }

    // MARK: MIG

    /// `0    2   0   0`: the GPU, its GPU instance, its compute instance, the MIG device.
    private mutating func readInstance(_ cells: [Substring]) {
        guard cells.count >= 2 else { return }
        let numbers = Scan.words(cells[0]).map { UInt32($0) }
        guard numbers.count == 4, let gpu = numbers[0], let index = numbers[3] else { return }
        guard let position = devices.firstIndex(where: { $0.index == gpu }) else { return }
        var instance = NvidiaMIGInstance(index: index)
        instance.gpuInstance = numbers[1]
        instance.computeInstance = numbers[2]
        let memory = pair(cells[1])
        instance.memoryUsedBytes = memory.flatMap { bytes($0.left) }
        instance.memoryTotalBytes = memory.flatMap { bytes($0.right) }
        if cells.count >= 3 {
            let counts = Scan.words(cells[2])
            instance.multiprocessors = counts.first.flatMap { UInt32($0) }
            instance.uncorrectedErrors = counts.count == 2 ? UInt64(counts[1]) : nil
        }
        devices[position].migInstances.append(instance)
    }

    // MARK: Processes

    /// `0    2    0    21180      C   name of the process     2296MiB`; instances since 450, the type not
    /// everywhere.
    private mutating func readProcess(_ line: Substring) {
        var rest = line[...]
        func next() -> Substring {
            rest = rest.drop { $0.isWhitespace }
            let word = rest.prefix { !$0.isWhitespace }
            rest = rest.dropFirst(word.count)
            return word
        }
        guard let gpu = UInt32(next()) else { return }
        let afterGPU = rest
        let (second, third, fourth) = (next(), next(), next())
        // A process id stands where an instance would, unless three numbers or "N/A" follow each other.
        let hasInstances =
            [second, third].allSatisfy { $0 == "N/A" || UInt32($0) != nil } && Int64(fourth) != nil
        rest = afterGPU
        let instances = hasInstances ? [next(), next()] : []
        guard let pid = Int64(next()) else { return }
        var process = NvidiaProcess(pid: pid)
        process.gpu = gpu
        process.gpuInstance = instances.first.flatMap { UInt32($0) }
        process.computeInstance = instances.last.flatMap { UInt32($0) }
        process.busID = devices.first { $0.index == gpu }?.busID
        if processesHaveType { process.type = Scan.known(next()) }
        let words = Scan.words(rest)
        guard let memory = words.last, words.count > 1 || Scan.bytes(memory) == nil else { return }
        let hasMemory = words.count > 1 && (memory == "N/A" || Scan.bytes(memory) != nil)
        let name = hasMemory ? rest.dropLastWord() : rest
        process.name = NvidiaValue.known(name)
        process.memoryBytes = hasMemory ? Scan.bytes(memory) : nil
        processes = (processes ?? []) + [process]
    }
}

extension Substring {
    /// Without the blanks at the end and the word before them.
    fileprivate func dropLastWord() -> Substring {
        let end = lastIndex { !$0.isWhitespace } ?? startIndex
        let blank = self[..<end].lastIndex { $0.isWhitespace } ?? startIndex
        return self[..<blank]
    }
}
