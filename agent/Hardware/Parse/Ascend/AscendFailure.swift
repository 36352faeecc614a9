import TextForms

/// Why `npu-smi` shows nothing, or less than all.
package struct AscendFailure: Hashable, Sendable {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case initializationFailed = "dcmi_init_failed"
        case deviceInUse = "device_in_use"
        case missingLibrary = "missing_library"
        case missingTool = "tool_missing"
        case noDevices = "no_devices"
        case notPermitted = "insufficient_permissions"
        case notSupported = "unsupported_option"
        case other = "unknown_error"
    }

    package var code: Code
    package var line: String
    /// The driver's own number: -8005, -8020.
    package var number: Int32?
    /// The library that is not found.
    package var library: String?

    /// Words of a complaint; all of them are in one line, in small letters.
    private static let signs: [(words: [String], code: Code)] = [
        (["device is used"], .deviceInUse), (["-8020"], .deviceInUse),
        (["container id verify failed"], .deviceInUse),
        (["error while loading shared libraries", "npu-smi"], .missingLibrary),
        (["error while loading shared libraries", "libdrv"], .missingLibrary),
        (["error while loading shared libraries", "libdcmi"], .missingLibrary),
        (["dcmi", "initialize failed"], .initializationFailed),
        (["dcmi", "initialized failed"], .initializationFailed),
        (["npu-smi", "command not found"], .missingTool), (["npu-smi", "not found"], .missingTool),
        (["npu-smi", "no such file or directory"], .missingTool),
        (["npu-smi", "permission denied"], .notPermitted),
        (["davinci", "permission denied"], .notPermitted),
        (["there is no npu"], .noDevices),
        (["this device does not support"], .notSupported),
        (["command or option is not found"], .notSupported), (["error parameter of -"], .notSupported),
        (["failed to execute npu-smi"], .other), (["npu get board type failed"], .other),
    ]

    /// nil for a text without a known complaint.
    package init?(parsing text: String) {
        let lines = AscendText.lines(text).filter { !$0.isEmpty }
        let lower = lines.map { $0.lowercased() }
        for (words, code) in Self.signs {
            let position = lower.firstIndex { line in words.allSatisfy { line.contains($0) } }
            guard let position else { continue }
            self.code = code
            line = Scan.summary(lines[position])
            number = Self.number(lower[position])
            if code == .missingLibrary {
                let words = lines[position].split(whereSeparator: { $0 == ":" || $0.isWhitespace })
                library = words.first { $0.hasPrefix("lib") && $0.contains(".so") }.flatMap {
                    AscendText.name($0)
                }
            }
            return
        }
        return nil
    }

    /// `ret is -8005`.
    private static func number(_ line: String) -> Int32? {
        let words = Scan.words(line)
        guard let position = words.firstIndex(of: "ret"), position + 2 < words.count else { return nil }
        return Int32(words[position + 2].prefix { $0 == "-" || $0.isNumber })
    }

    /// No chip can be used before somebody mends the driver.
    package var isDriverLost: Bool { code == .initializationFailed }

    package var advice: String {
        switch code {
        case .initializationFailed: "the Ascend driver does not answer (\(line))"
        case .deviceInUse: "another program or container holds the devices (\(line))"
        case .missingLibrary: "the driver's libraries are not found, see LD_LIBRARY_PATH (\(line))"
        case .notPermitted: "the agent's user may not use the devices (\(line))"
        case .missingTool, .noDevices, .notSupported, .other: line
        }
    }
}
