import TextForms
import YAMLSections
import Yams

/// Which form a file has, by what stands in it.
enum FormRecognition {
    /// Forms that are no YAML; empty where it is none of them.
    static func lineForms(_ text: String) -> [InventoryForm] {
        var hasNodeName = false
        var hasSection = false
        var hasAnsibleVariable = false
        var isHosts = true
        var isEmpty = true
        for line in Scan.lines(text) {
            let content = line.trimmingBlanks()
            if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") { continue }
            isEmpty = false
            let words = Scan.words(content.prefix { $0 != "#" })
            hasNodeName = hasNodeName || content.lowercased().hasPrefix("nodename=")
            hasSection = hasSection || isSection(line)
            hasAnsibleVariable =
                hasAnsibleVariable
                || !line.hasPrefix(" ")
                    && words.dropFirst().contains { $0.hasPrefix("ansible_") && $0.contains("=") }
            isHosts = isHosts && words.count > 1 && HostCheck.isAddress(words[0])
        }
        guard !isEmpty else { return [] }
        var forms: [InventoryForm] = []
        if isHosts { forms.append(.hosts) }
        if hasNodeName { forms.append(.slurm) }
        if hasSection || hasAnsibleVariable { forms.append(.ansibleINI) }
        return forms
    }

    /// `[web]`, `[web:vars]` at the beginning of a line.
    private static func isSection(_ line: Substring) -> Bool {
        guard line.hasPrefix("["), let close = line.firstIndex(of: "]") else { return false }
        let tail = line[line.index(after: close)...].trimmingBlanks()
        let parts = line[..<close].dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        return (tail.isEmpty || tail.hasPrefix("#")) && (1...2).contains(parts.count)
            && HostCheck.isName(String(parts[0]))
            && (parts.count == 1 || ["vars", "children"].contains(parts[1]))
    }

    /// Forms that are YAML, of which JSON is a part; empty where it is none of them.
    static func treeForms(_ root: Node) -> [InventoryForm] {
        guard case .mapping(let mapping) = root, !mapping.isEmpty else { return [] }
        let keys = mapping.compactMap { $0.key.string }
        let values = mapping.map(\.value)
        var forms: [InventoryForm] = []
        if keys == ["hosts"] { forms.append(.yaml) }
        if mapping["clusters"] != nil { forms.append(.scalebox) }
        if values.contains(where: { $0.mapping?["ipv4"] != nil }) { forms.append(.stKildaPier) }
        if keys.allSatisfy({ HostCheck.isAddress($0) }), values.allSatisfy({ $0.scalar != nil }) {
            forms.append(.hybridCloud)
        }
        let parts = ["hosts", "children", "vars"]
        if !forms.contains(.scalebox),
            values.contains(where: { value in parts.contains { value.mapping?[$0] != nil } })
        {
            forms.append(.ansible)
        }
        return forms
    }
}
