import TextForms

/// Why `nvidia-smi` shows no GPUs, or not all of them, from what it prints instead or beside them.
package struct NvidiaFailure: Hashable, Sendable {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case noDriver = "no_driver"
        case noDevices = "no_devices"
        case driverLibraryMismatch = "driver_library_mismatch"
        case gpuLost = "gpu_lost"
        case deviceInUse = "device_in_use"
        case insufficientPermissions = "insufficient_permissions"
        case missingLibrary = "missing_library"
        case toolMissing = "tool_missing"
        case unsupportedOption = "unsupported_option"
        case unknownError = "unknown_error"
    }

    package var code: Code
    /// Of the lost GPU, as the tool prints it.
    package var busID: String?
    /// What the tool said.
    package var line: String

    /// nil for a text without a known complaint. Values inside of XML, tables and lists are no complaints.
    package init?(parsing text: String) {
        let lines = Scan.lines(text).map { Scan.trimmed($0) }.filter { !$0.isEmpty && !Self.isValue($0) }
        let folded = lines.map { FoldedText($0) }
        // Terminals and editors break long lines: the first ones together are a line, too.
        let joined = FoldedText(lines.prefix(32).joined(separator: " "))
        for sign in Self.signs {
            let position = folded.firstIndex { $0.says(sign.words, sign.inBrackets) }
            guard position != nil || joined.says(sign.words, sign.inBrackets) else { continue }
            let line = position.map { lines[$0] } ?? lines.first ?? ""
            self.code = sign.code
            self.line = Scan.summary(line)
            busID = code == .gpuLost ? Scan.words(line).compactMap(Self.busID).first : nil
            return
        }
        guard let position = folded.firstIndex(where: Self.isShellComplaint) else { return nil }
        code = .toolMissing
        line = Scan.summary(lines[position])
    }

    private struct Sign {
        let words: [UInt8]
        /// The words as they stand for one value that could not be read: no complaint. "GPU is lost" is one
        /// even so.
        let inBrackets: [UInt8]?
        let code: Code

        init(_ words: String, _ code: Code) {
            self.words = Array(words.utf8)
            inBrackets = words == "gpu is lost" ? nil : Array(("[" + words).utf8)
            self.code = code
        }
    }

    /// The order matters: a lost GPU's line ends in "Unknown Error", too.
    private static let signs = [
        Sign("initialize nvml: insufficient permissions", .insufficientPermissions),
        Sign("gpu access blocked by the operating system", .insufficientPermissions),
        Sign("unable to determine the device handle", .gpuLost),
        Sign("gpu is lost", .gpuLost),
        Sign("has fallen off the bus", .gpuLost),
        Sign("gpu requires reset", .gpuLost),
        Sign("no devices were found", .noDevices),
        Sign("no devices found", .noDevices),
        Sign("driver/library version mismatch", .driverLibraryMismatch),
        Sign("insufficient permissions", .insufficientPermissions),
        Sign("in use by another client", .deviceInUse),
        Sign("being used by one or more other processes", .deviceInUse),
        Sign("couldn't communicate with the nvidia driver", .noDriver),
        Sign("driver not loaded", .noDriver),
        Sign("couldn't find libnvidia-ml", .missingLibrary),
        Sign("couldn't find nvml", .missingLibrary),
        Sign("nvml shared library not found", .missingLibrary),
        Sign("error while loading shared libraries", .missingLibrary),
        Sign("is missing its value", .unsupportedOption),
        Sign("is not a valid field to query", .unsupportedOption),
        Sign("invalid combination of input arguments", .unsupportedOption),
        Sign("is not recognized. please run", .unsupportedOption),
        Sign("unrecognized option", .unsupportedOption),
        Sign("is not recognized as an internal", .toolMissing),
        Sign("command not found", .toolMissing),
        Sign("failed to initialize nvml", .unknownError),
        Sign("unknown error", .unknownError),
    ]

    /// Part of an answer: markup, a line of a table, or `key   : value`.
    private static func isValue(_ line: String) -> Bool {
        guard let first = line.first else { return true }
        return first == "<" || first == "|" || first == "+" || line.contains("  : ") || line.hasSuffix(">")
    }

    /// Every shell has its own words.
    private static func isShellComplaint(_ line: FoldedText) -> Bool {
        guard line.contains("nvidia-smi") || line.contains("ixsmi") else { return false }
        return ["not found", "is not recognized", "no such file or directory"].contains { line.contains($0) }
    }

    /// The complaint can only be of this tool: others have no devices and unknown errors, too.
    package static func isCertain(_ text: String) -> Bool {
        let folded = FoldedText(text)
        let words = [
            "nvidia", "nvml", "ixsmi", "ixml", "device handle for gpu", "gpu is lost",
            "no devices were found",
        ]
        return words.contains { folded.contains($0) }
    }

    /// `0000:09:00.0:` or `GPU0000:09:00.0:` without what stands around it.
    private static func busID(_ word: String) -> String? {
        let start = word.lowercased().hasPrefix("gpu") ? word.dropFirst(3) : word[...]
        let candidate = String(start.last == ":" || start.last == "," ? start.dropLast() : start)
        return BusAddress(candidate) == nil ? nil : candidate
    }

    /// No GPU can be used before somebody mends the driver.
    package var isDriverLost: Bool { code == .noDriver || code == .driverLibraryMismatch }

    /// For people, with what can be done.
    package var advice: String {
        switch code {
        case .noDriver: "the NVIDIA driver does not answer (\(line))"
        case .noDevices: "the driver finds no GPU (\(line))"
        case .driverLibraryMismatch:
            "driver and library differ since an update, reload the driver or reboot (\(line))"
        case .gpuLost: "a GPU is lost, reset it or reboot (\(line))"
        case .deviceInUse: "a GPU is used by others (\(line))"
        case .insufficientPermissions: "the agent's user may not open the device files (\(line))"
        case .missingLibrary: "the driver's library is not installed here (\(line))"
        case .unsupportedOption: "this version does not know what was asked (\(line))"
        case .toolMissing, .unknownError: line
        }
    }
}

/// A text to look for words in: bytes with the letters of ASCII made small, and apostrophes made plain.
private struct FoldedText {
    private var bytes: [UInt8] = []

    init(_ text: String) {
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            bytes.append(65...90 ~= byte ? byte + 32 : byte)
            if byte == 0x99, bytes.suffix(3).elementsEqual([0xE2, 0x80, 0x99]) {
                bytes.removeLast(3)
                bytes.append(UInt8(ascii: "'"))
            }
        }
    }

    func contains(_ words: String) -> Bool { contains(Array(words.utf8)) }

    func says(_ words: [UInt8], _ inBrackets: [UInt8]?) -> Bool {
        contains(words) && inBrackets.map { !contains($0) } ?? true
    }

    private func contains(_ words: [UInt8]) -> Bool {
        guard let first = words.first, bytes.count >= words.count else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            (0...(bytes.count - words.count)).contains { start in
                bytes[start] == first && bytes[start..<(start + words.count)].elementsEqual(words)
            }
        }
    }
}
