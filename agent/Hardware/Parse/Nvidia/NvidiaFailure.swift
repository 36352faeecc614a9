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
        let lower = lines.map { $0.lowercased().replacing("’", with: "'") }
        // Terminals and editors break long lines: all of them together are a line, too.
        let joined = lower.prefix(32).joined(separator: " ")
        for (sign, code) in Self.signs {
            let position = lower.firstIndex { Self.says($0, sign) }
            guard position != nil || Self.says(joined, sign) else { continue }
            let line = position.map { lines[$0] } ?? lines.first ?? ""
            self.code = code
            self.line = Scan.summary(line)
            busID = code == .gpuLost ? Scan.words(line).compactMap(Self.busID).first : nil
            return
        }
        guard let position = lower.firstIndex(where: Self.isShellComplaint) else { return nil }
        code = .toolMissing
        line = Scan.summary(lines[position])
    }

    /// The order matters: a lost GPU's line ends in "Unknown Error", too.
    private static let signs: [(sign: String, code: Code)] = [
        ("initialize nvml: insufficient permissions", .insufficientPermissions),
        ("gpu access blocked by the operating system", .insufficientPermissions),
        ("unable to determine the device handle", .gpuLost), ("gpu is lost", .gpuLost),
        ("has fallen off the bus", .gpuLost), ("gpu requires reset", .gpuLost),
        ("no devices were found", .noDevices), ("no devices found", .noDevices),
        ("driver/library version mismatch", .driverLibraryMismatch),
        ("insufficient permissions", .insufficientPermissions),
        ("in use by another client", .deviceInUse), ("being used by one or more other processes", .deviceInUse),
        ("couldn't communicate with the nvidia driver", .noDriver), ("driver not loaded", .noDriver),
        ("couldn't find libnvidia-ml", .missingLibrary), ("couldn't find nvml", .missingLibrary),
        ("nvml shared library not found", .missingLibrary),
        ("error while loading shared libraries", .missingLibrary),
        ("is missing its value", .unsupportedOption), ("is not a valid field to query", .unsupportedOption),
        ("invalid combination of input arguments", .unsupportedOption),
        ("is not recognized. please run", .unsupportedOption), ("unrecognized option", .unsupportedOption),
        ("is not recognized as an internal", .toolMissing), ("command not found", .toolMissing),
        ("failed to initialize nvml", .unknownError), ("unknown error", .unknownError),
    ]

    /// "[Unknown Error]" stands for one value.
    private static func says(_ line: String, _ sign: String) -> Bool {
        line.contains(sign) && (sign == "gpu is lost" || !line.contains("[" + sign))
    }

    /// Part of an answer: markup, a line of a table, or `key   : value`.
    private static func isValue(_ line: String) -> Bool {
        guard let first = line.first else { return true }
        return first == "<" || first == "|" || first == "+" || line.contains("  : ") || line.hasSuffix(">")
    }

    /// Every shell has its own words.
    private static func isShellComplaint(_ line: String) -> Bool {
        guard line.contains("nvidia-smi") || line.contains("ixsmi") else { return false }
        return ["not found", "is not recognized", "no such file or directory"].contains { line.contains($0) }
    }

    /// The complaint can only be of this tool: others have no devices and unknown errors, too.
    package static func isCertain(_ text: String) -> Bool {
        let lower = text.lowercased()
        let words = [
            "nvidia", "nvml", "ixsmi", "ixml", "device handle for gpu", "gpu is lost", "no devices were found",
        ]
        return words.contains { lower.contains($0) }
    }

    /// `0000:09:00.0:` or `GPU0000:09:00.0:` without what stands around it.
    private static func busID(_ word: String) -> String? {
        let start = word.lowercased().hasPrefix("gpu") ? word.dropFirst(3) : word[...]
        let candidate = String(start.last == ":" || start.last == "," ? start.dropLast() : start)
        return BusAddress(candidate) == nil ? nil : candidate
    }

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
