import TextForms

/// What virtual NPUs of each template have: `npu-smi info -t template-info`.
package struct AscendTemplates: Hashable, Sendable {
    /// Of a template, as the tool counts: whole GiB.
    package var memoryBytes: [String: Int64] = [:]

    /// Each template has two lines, the first of which begins with its name, AI cores and memory.
    package init(parsing text: String) {
        var hasHeader = false
        for line in AscendText.lines(text) {
            let words = Scan.words(line.filter { $0 != "|" })
            if words.starts(with: ["Name", "AICORE", "Memory"]) { hasHeader = true }
            guard hasHeader, words.count >= 6, let name = AscendText.name(words[0]), UInt32(words[1]) != nil,
                let gibibytes = UInt32(words[2])
            else { continue }
            memoryBytes[name] = Int64(gibibytes) << 30
        }
    }
}
