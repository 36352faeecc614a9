import TextForms

/// `npu-smi -v`: `npu-smi version: 23.0.rc3`.
package struct AscendVersion: Hashable, Sendable {
    package var tool: String

    /// nil for another text.
    package init?(parsing text: String) {
        for line in AscendText.lines(text) {
            guard let (title, value) = Scan.pair(line), title.lowercased() == "npu-smi version" else {
                continue
            }
            guard let version = Scan.words(value).first.flatMap({ AscendText.name($0) }) else { continue }
            tool = version
            return
        }
        return nil
    }
}
