import TextForms

/// `npu-smi info -t health`.
package struct AscendHealth: Hashable, Sendable {
    /// A fault of the chip as the driver numbers it.
    package struct Fault: Hashable, Sendable, CustomStringConvertible {
        /// Hexadecimal, as printed: "80E01801".
        package var code: String
        package var meaning: String?

        package var description: String { meaning.map { "\(code) (\($0))" } ?? code }
    }

    /// As printed: "OK", "Warning", "Alarm", "Critical", "UNKNOWN".
    package var state: String?
    package var faults: [Fault]
}

/// Counters of `npu-smi info -t ecc` for one kind of memory; nil is not said.
package struct AscendErrorCounts: Hashable, Sendable {
    /// Since the driver was loaded: one wrong bit is corrected, two are not.
    package var single: UInt64?
    package var double: UInt64?
    /// Over the life of the chip.
    package var singleTotal: UInt64?
    package var doubleTotal: UInt64?
    /// Pages that are no longer used because of them.
    package var singleIsolatedPages: UInt64?
    package var doubleIsolatedPages: UInt64?

    package var isKnown: Bool { self != AscendErrorCounts() }

    package init() {}
}

/// `npu-smi info -t board`, for a card or for one of its chips.
package struct AscendBoard: Hashable, Sendable {
    package var productName: String?
    package var model: String?
    package var manufacturer: String?
    package var serialNumber: String?
    /// Of the driver.
    package var softwareVersion: String?
    package var firmwareVersion: String?
    /// Whether driver and firmware fit: "OK", "NOK".
    package var compatibility: String?
    package var boardID: String?
    package var busID: String?
    package var slotID: UInt32?
    package var deviceID: String?
    /// What tells this die from all others, where the tool says it.
    package var dieID: String?
}

extension AscendReadings {
    /// nil where the list does not speak of health.
    package var health: AscendHealth? {
        guard has("health") || has("healthstatus") else { return nil }
        let codes = texts("errorcode").flatMap { Scan.words($0) }.filter { AscendText.name($0) != nil }
        let meanings = texts("errorinformation")
        let faults = codes.enumerated().map { position, code in
            AscendHealth.Fault(code: code, meaning: position < meanings.count ? meanings[position] : nil)
        }
        return AscendHealth(state: text("healthstatus", "health"), faults: faults)
    }

    package var memoryErrors: AscendErrorCounts { errorCounts(["ddr", ""]) }
    package var highBandwidthMemoryErrors: AscendErrorCounts { errorCounts(["hbm"]) }

    private func errorCounts(_ memories: [String]) -> AscendErrorCounts {
        func count(_ bits: String, _ kind: String) -> UInt64? {
            for memory in memories {
                if let value = text("\(memory)\(bits)bit\(kind)").flatMap({ UInt64($0) }) { return value }
            }
            return nil
        }
        var counts = AscendErrorCounts()
        counts.single = count("single", "errorcount")
        counts.double = count("double", "errorcount")
        counts.singleTotal = count("single", "aggregatetotalerrcnt")
        counts.doubleTotal = count("double", "aggregatetotalerrcnt")
        counts.singleIsolatedPages = count("single", "isolatedpagescount")
        counts.doubleIsolatedPages = count("double", "isolatedpagescount")
        return counts
    }

    /// nil where the list does not speak of a board.
    package var board: AscendBoard? {
        let keys = ["boardid", "pciebusinfo", "softwareversion", "firmwareversion", "model", "manufacturer"]
        guard keys.contains(where: { has($0) }) else { return nil }
        return AscendBoard(
            productName: text("productname"), model: text("model"), manufacturer: text("manufacturer"),
            serialNumber: text("serialnumber"), softwareVersion: text("softwareversion"),
            firmwareVersion: text("firmwareversion"), compatibility: text("compatibility"),
            boardID: text("boardid"), busID: text("pciebusinfo"), slotID: number("slotid"),
            deviceID: text("pcideviceid", "deviceid"), dieID: text("vdieid", "ddieid", "dieid"))
    }
}
