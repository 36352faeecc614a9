import TextForms

/// What `/proc/cpuinfo` says; nil where it does not. Each architecture writes it in its own words.
package struct ProcessorInfo: Hashable, Sendable {
    /// The first one's.
    package var model: String?
    /// All different ones, in order: more than one where processors differ.
    package var models: [String] = []
    package var vendor: String?
    /// "0x41", ARM only; with the parts that appear.
    package var implementer: String?
    package var parts: [String] = []
    /// The board, on some ARM systems.
    package var hardware: String?
    /// Numbers of the logical processors.
    package var processors: [Int] = []
    package var sockets: UInt32?
    /// "cpu cores".
    package var coresPerSocket: UInt32?
    /// Physical cores in all, at most one per logical processor.
    package var cores: UInt32?
    /// What 32-bit ARM and RISC-V kernels say in place of a model.
    private var oldName: String?

    package init(parsing text: String) {
        var packages: Set<String> = []
        var pairs: Set<[String]> = []
        var package = ""
        var hasBooks = false
        var stated: UInt32?
        for line in Scan.lines(text) {
            guard let (key, value) = Scan.pair(line) else { continue }
            switch key {
            case "processor":
                if let number = Int(value) {
                    processors.append(number)
                    package = ""
                } else {
                    oldName = oldName ?? Scan.known(value)
                }
            case "Processor", "uarch": oldName = oldName ?? Scan.known(value)
            // "Model Name" is LoongArch's, "cpu model" MIPS's, "cpu" that of POWER and SPARC.
            case "model name", "Model Name", "cpu model", "cpu": add(model: value)
            case "vendor_id": vendor = vendor ?? Scan.known(value)
            case "Hardware": hardware = hardware ?? Scan.known(value)
            case "CPU implementer": implementer = implementer ?? Scan.known(value)
            case "CPU part": if let part = Scan.known(value), !parts.contains(part) { parts.append(part) }
            case "cpu cores": coresPerSocket = coresPerSocket ?? Scan.unsigned(value)
            case "physical id", "package":
                package = value
                packages.insert(value)
            case "core id", "core": if !package.isEmpty { pairs.insert([package, value]) }
            // s390: numbers of packages repeat from book to book.
            case "book id": hasBooks = true
            case "# processors", "ncpus active": stated = Scan.unsigned(value)
            default:
                // s390: "processor 0: version = FF, …".
                if key.hasPrefix("processor "), let number = Int(key.dropFirst("processor ".count)) {
                    processors.append(number)
                }
            }
        }
        if processors.isEmpty, let stated, stated <= 65_536 { processors = Array(0..<Int(stated)) }
        guard !packages.isEmpty, !hasBooks else { return }
        count(packages: packages.count, pairs: pairs.count)
    }

    private mutating func add(model value: String) {
        guard let value = Scan.known(value), Int(value) == nil else { return }
        model = model ?? value
        if !models.contains(value), models.count < 64 { models.append(value) }
    }

    private mutating func count(packages: Int, pairs: Int) {
        let sockets = UInt32(clamping: packages)
        let stated = sockets.multipliedReportingOverflow(by: coresPerSocket ?? 0)
        let counted = max(UInt32(clamping: pairs), stated.overflow ? 0 : stated.partialValue)
        self.sockets = sockets
        cores = counted == 0 ? nil : min(counted, UInt32(clamping: max(1, processors.count)))
    }

    /// What a person would call the processor.
    package var name: String {
        let core = parts.last.flatMap { part in
            implementer.flatMap { ArmNames.core(implementer: $0, part: part) }
        }
        // "ARMv8 Processor rev 1 (v8l)" names an instruction set, no processor.
        if let model, core == nil || !model.hasPrefix("ARMv") { return model }
        if let core { return core }
        if let implementer, let part = parts.last { return "ARM implementer \(implementer) part \(part)" }
        return oldName ?? hardware ?? vendor ?? "unknown"
    }
}

/// Where one logical processor sits, from `/sys/devices/system/cpu/cpuN/topology`.
package struct ProcessorPlace: Hashable, Sendable {
    /// -1 or nil where the platform does not know it.
    package var package: Int?
    /// `thread_siblings_list`: the same text for all threads of a core.
    package var siblings: String?

    package init(package: Int?, siblings: String?) {
        self.package = package
        self.siblings = siblings
    }
}

/// Sockets, physical cores and logical processors of a machine.
package struct ProcessorTopology: Hashable, Sendable {
    package var sockets: UInt32
    package var cores: UInt32
    package var threads: UInt32

    /// cpuinfo where it says sockets, else the places, else one socket with a core per processor.
    package init(_ info: ProcessorInfo, places: [ProcessorPlace]) {
        threads = UInt32(clamping: max(1, max(info.processors.count, places.count)))
        if let sockets = info.sockets, let cores = info.cores {
            self.sockets = sockets
            self.cores = cores
            return
        }
        let packages = Set(places.compactMap { $0.package }.filter { $0 >= 0 })
        let siblings = Set(places.compactMap(\.siblings))
        sockets = info.sockets ?? UInt32(clamping: max(1, packages.count))
        cores = siblings.isEmpty ? threads : min(threads, UInt32(clamping: siblings.count))
        sockets = min(sockets, cores)
    }
}

/// Busy and all time of processors, in clock ticks, from `/proc/stat`.
package struct ProcessorTimes: Hashable, Sendable {
    package var busy: UInt64
    package var total: UInt64

    /// - Parameter processors: only these count; nil: all of the machine. nil for a text that does not say.
    package init?(parsing text: String, processors: Set<Int>?) {
        var busy: UInt64 = 0
        var total: UInt64 = 0
        var isFound = false
        for line in Scan.lines(text) {
            guard line.hasPrefix("cpu") else { break }
            let words = Scan.words(line)
            let number = Int(words[0].dropFirst(3))
            let isWanted =
                if let processors { number.map(processors.contains) ?? false } else { words[0] == "cpu" }
            guard isWanted else { continue }
            // user nice system idle iowait irq softirq steal; guest time is in user time already.
            let ticks = words.dropFirst().prefix(8).map { UInt64($0) ?? 0 }
            guard ticks.count >= 4 else { return nil }
            let all = ticks.reduce(0, &+)
            let idle = ticks[3] &+ (ticks.count > 4 ? ticks[4] : 0)
            total &+= all
            busy &+= all &- min(idle, all)
            isFound = true
        }
        guard isFound else { return nil }
        self.busy = busy
        self.total = total
    }

    /// 0...1000 since an earlier reading; 0 when no time has passed or a counter went back.
    package func permille(since earlier: ProcessorTimes) -> UInt32 {
        guard total > earlier.total, busy >= earlier.busy else { return 0 }
        return UInt32(min(1_000, (busy - earlier.busy) &* 1_000 / (total - earlier.total)))
    }
}
