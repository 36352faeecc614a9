import TextForms

/// Why a tool of one of these vendors shows no devices, or not all of them, from what it prints.
package struct AcceleratorFailure: Hashable, Sendable {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case noDriver = "no_driver"
        case noDevices = "no_devices"
        case insufficientPermissions = "insufficient_permissions"
        case missingLibrary = "missing_library"
        case toolMissing = "tool_missing"
    }

    package var code: Code
    /// The tool's own line.
    package var line: String

    private static let signs: [(sign: String, code: Code)] = [
        // AMD
        ("missing the following required groups", .insufficientPermissions),
        ("amdsmi_status_no_perm", .insufficientPermissions),
        ("driver not initialized (amdgpu not found in modules)", .noDriver),
        ("amdsmi_status_driver_not_loaded", .noDriver),
        ("unable to detect any gpu devices", .noDevices), ("no amd gpus specified", .noDevices),
        // Intel Gaudi
        ("habanalabs driver is not loaded", .noDriver), ("no habana devices", .noDevices),
        // Cambricon
        ("cndev_error_no_driver", .noDriver), ("cambricon driver is not", .noDriver),
        ("no mlu device", .noDevices), ("can not find mlu", .noDevices), ("cannot find mlu", .noDevices),
        // Moore Threads
        ("mtml_error_driver_not_loaded", .noDriver), ("mthreads driver is not", .noDriver),
        // Intel
        ("no device discovered", .noDevices), ("level zero initialization error", .noDriver),
    ]

    private static let tools = ["amd-smi", "rocm-smi", "hl-smi", "cnmon", "mthreads-gmi", "xpu-smi"]
    private static let libraries = [
        "libamd_smi", "librocm_smi", "libhlml", "libcndev", "libmtml", "libxpum", "libze_loader",
    ]

    /// nil for a text without a known complaint.
    package init?(parsing text: String) {
        for line in Scan.lines(text) {
            let lower = line.lowercased()
            guard let code = Self.code(lower) else { continue }
            self.code = code
            self.line = Scan.summary(String(line))
            return
        }
        return nil
    }

    private static func code(_ line: String) -> Code? {
        if let found = signs.first(where: { line.contains($0.sign) }) { return found.code }
        if line.contains("command not found"), tools.contains(where: { line.contains($0) }) {
            return .toolMissing
        }
        if line.contains("cannot open shared object file"),
            (tools + libraries).contains(where: { line.contains($0) })
        {
            return .missingLibrary
        }
        return nil
    }

    /// For people, with what can be done.
    package var advice: String {
        switch code {
        case .noDriver: "the driver is not loaded (\(line))"
        case .noDevices: "the driver finds no device (\(line))"
        case .insufficientPermissions: "the agent's user may not open the device files (\(line))"
        case .missingLibrary: "the driver's library is not installed here (\(line))"
        case .toolMissing: line
        }
    }
}
