import TextForms

/// What `npu-smi info -t …` says of one chip, or of the management unit of a card. nil is "NA" or not said.
///
/// Sources: `-t common`, `usages`, `memory`, `temp`, `power` here; `health`, `ecc` and `board` in their own types.
package struct AscendReadings: Hashable, Sendable {
    /// nil where the list does not name it: whoever asked knows it.
    package var card: UInt32?
    package var chip: UInt32?
    /// The list has no number of the chip, and its card has one chip.
    package var isChipAssumed = false
    /// In printed order of lines; a value of several lines has several elements.
    private var values: [String: [String]] = [:]
    private var last: String?

    package init() {}

    // MARK: Making one

    func has(_ key: String) -> Bool { values[key] != nil }

    mutating func append(_ key: String, _ value: String) {
        if key.isEmpty {
            // A further line of the value above.
            if let last { values[last]?.append(value) }
        } else {
            values[key] = [value]
            last = key
        }
    }

    mutating func merge(_ other: Self) { values.merge(other.values) { old, _ in old } }

    /// Nothing but what tells of which card and chip it speaks.
    var isHead: Bool { values.keys.allSatisfy { Self.headKeys.contains($0) } }

    private static let headKeys: Set<String> = [
        "npuid", "chipid", "chipcount", "totalcount", "cardcount", "productname", "serialnumber", "chiptype",
        "npuname",
    ]

    /// The name of a management unit in the middle of a block begins the next one.
    func begins(management name: String) -> Bool { Self.isManagement(name) && !isHead }

    private static func isManagement(_ name: String) -> Bool {
        let name = name.lowercased()
        // 3559 is a processor on some cards.
        return name == "mcu" || name == "3559"
    }

    /// A unit of the card that computes nothing for programs.
    package var isManagement: Bool { values["chipname"]?.first.map { Self.isManagement($0) } ?? false }

    // MARK: Values

    func text(_ keys: String...) -> String? {
        for key in keys {
            if let value = values[key]?.first.flatMap({ AscendText.name($0) }) { return value }
        }
        return nil
    }

    func texts(_ key: String) -> [String] { (values[key] ?? []).compactMap { AscendText.name($0) } }

    func number(_ key: String) -> UInt32? { text(key).flatMap { AscendText.number($0) } }

    func percent(_ keys: String...) -> UInt32? {
        for key in keys { if let value = text(key).flatMap({ Scan.percent($0) }) { return value } }
        return nil
    }

    package var chipCount: UInt32? { number("chipcount") }

    /// "910B3"; "mcu" for a management unit.
    package var chipName: String? { text("chipname") }

    package var utilizationPercent: UInt32? {
        percent("aicoreusagerate(%)", "npuutilization(%)", "aicoreusage(%)")
    }

    package var temperatureCelsius: Int32? {
        text("temperature(c)", "nputemperature(c)").flatMap { Scan.signed($0) }
    }

    package var powerMilliwatts: UInt32? {
        text("npurealtimepower(w)", "powerdissipation(w)", "ratedpowerdissipation(w)", "power(w)")
            .flatMap { Scan.milliwatts($0) }
    }

    package var coreCount: UInt32? { number("aicorecount") }
    /// In MHz, as they run now and at most.
    package var coreFrequency: UInt32? { number("aicorecurfreq(mhz)") }
    package var coreFrequencyLimit: UInt32? { number("aicorefreq(mhz)") }

    // MARK: Memory

    /// Capacity in bytes; 0 for a chip that has HBM alone.
    package var memoryBytes: Int64? { bytes("ddrcapacity(mb)", "memorycapacity(mb)", "capacity(mb)") }
    package var highBandwidthMemoryBytes: Int64? { bytes("hbmcapacity(mb)") }
    /// Of the ordinary memory, where it is called so.
    package var memoryUsedPercent: UInt32? { percent("memoryusagerate(%)") }
    package var doubleRateMemoryUsedPercent: UInt32? { percent("ddrusagerate(%)") }
    package var highBandwidthMemoryUsedPercent: UInt32? { percent("hbmusagerate(%)") }
    package var highBandwidthMemoryCelsius: Int32? {
        text("hbmtemperature(c)").flatMap { Scan.signed($0) }
    }
    /// Of what the memory can move.
    package var bandwidthUsedPercent: UInt32? {
        hasHighBandwidthMemory
            ? percent("hbmbandwidthusagerate(%)")
            : percent("ddrbandwidthusagerate(%)", "memorybandwidthusagerate(%)")
    }
    package var hugePages: UInt32? { number("ddrhugepagestotal(page)") ?? number("hugepagestotal(page)") }
    package var hugePagesUsedPercent: UInt32? {
        percent("ddrhugepagesusagerate(%)", "hugepagesusagerate(%)")
    }

    private var hasHighBandwidthMemory: Bool {
        (highBandwidthMemoryBytes ?? 0) > 0
            || (memoryBytes == nil && highBandwidthMemoryUsedPercent != nil)
    }

    /// What programs use: HBM where the chip has any. Not known where the list ends before it could name HBM.
    package var workMemoryBytes: Int64? {
        if let high = highBandwidthMemoryBytes, high > 0 { return high }
        let isCut = last.map { Self.beforeHighBandwidthMemory.contains($0) } ?? false
        return isCut ? nil : memoryBytes.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Lines that no list ends with.
    private static let beforeHighBandwidthMemory: Set<String> = [
        "ddrcapacity(mb)", "ddrusagerate(%)", "ddrhugepagestotal(page)", "ddrhugepagesusagerate(%)",
    ]

    package var workMemoryUsedPercent: UInt32? {
        hasHighBandwidthMemory
            ? highBandwidthMemoryUsedPercent : doubleRateMemoryUsedPercent ?? memoryUsedPercent
    }

    private func bytes(_ keys: String...) -> Int64? {
        for key in keys { if let value = text(key).flatMap({ Scan.bytes($0) }) { return value } }
        return nil
    }
}
