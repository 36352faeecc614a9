import TextForms

/// Small facts about the system, from texts.
package enum SystemInfo {
    /// `PRETTY_NAME` of os-release, else name and version; nil for a text without either.
    package static func operatingSystem(_ text: String) -> String? {
        var values: [String: String] = [:]
        for line in Scan.lines(text) {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[Scan.trimmed(line[..<equals])] = unquoted(Scan.trimmed(line[line.index(after: equals)...]))
        }
        if let pretty = values["PRETTY_NAME"].flatMap({ Scan.known($0) }) { return pretty }
        guard let name = values["NAME"].flatMap({ Scan.known($0) }) else { return nil }
        return values["VERSION"].map { Scan.trimmed("\(name) \($0)") } ?? name
    }

    private static func unquoted(_ text: String) -> String {
        guard text.count >= 2, let first = text.first, first == "\"" || first == "'", text.last == first
        else {
            return text
        }
        var plain = ""
        var isEscaped = false
        for character in text.dropFirst().dropLast() {
            if character == "\\", !isEscaped, first == "\"" {
                isEscaped = true
                continue
            }
            isEscaped = false
            plain.append(character)
        }
        return plain
    }

    /// The one-minute average of `/proc/loadavg` in 1/1000.
    package static func loadMilli(_ text: String) -> UInt32? {
        Scan.words(text).first.flatMap { Scan.number($0) }.flatMap {
            $0 < 0 ? nil : UInt32(exactly: ($0 * 1_000).rounded())
        }
    }
}
