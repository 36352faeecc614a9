import TextForms

/// Makes of `nvidia-smi -q`'s indented text the tree that `-x` prints, under the same names, so that one
/// reader knows both.
enum NvidiaQueryText {
    private static let depthLimit = 64

    /// nil for a text without the tool's heading and without a GPU.
    static func tree(_ text: String) -> MarkupElement? {
        var open: [(indentation: Int, element: MarkupElement)] = [(-1, MarkupElement(name: "nvidia_smi_log"))]
        func close(to indentation: Int) {
            while let last = open.last, open.count > 1, last.indentation >= indentation {
                open.removeLast()
                open[open.count - 1].element.children.append(last.element)
            }
        }
        var hasHeading = false
        for line in wholeLines(text) {
            let content = Scan.trimmed(line)
            guard !content.isEmpty else { continue }
            if content.hasPrefix("==="), content.contains("SMI LOG") {
                // A further answer: only the newest counts.
                hasHeading = true
                open = [(-1, MarkupElement(name: "nvidia_smi_log", attributes: ["heading": content]))]
                continue
            }
            let indentation = line.prefix { $0 == " " || $0 == "\t" }.count
            close(to: indentation)
            guard open.count < depthLimit else { continue }
            var element = element(content, parent: open[open.count - 1].element.name)
            // Text has no end tags: what is there is whole.
            element.isClosed = true
            open.append((indentation, element))
        }
        close(to: 0)
        let log = open[0].element
        let hasDevice = log.all("gpu").contains { !$0.children.isEmpty }
        return hasHeading || hasDevice ? log : nil
    }

    /// Without a last line that may have been cut in the middle of its value.
    private static func wholeLines(_ text: String) -> [Substring] {
        var lines = Scan.lines(text)
        guard let last = lines.last else { return [] }
        let units = ["MiB", "W", "C", "%", "MHz", "N/A"]
        if !units.contains(Scan.words(last).last ?? "N/A") { lines.removeLast() }
        return lines
    }

    private static func element(_ content: String, parent: String) -> MarkupElement {
        if parent == "nvidia_smi_log" {
            let words = Scan.words(content)
            if words.count == 2, words[0] == "GPU", BusAddress(words[1]) != nil {
                return MarkupElement(name: "gpu", attributes: ["id": words[1]])
            }
        }
        let (key, value) = pair(content)
        let name = snake(key)
        // Only a bus id makes a GPU: other tools write "GPU: 0".
        if parent == "nvidia_smi_log", name == "gpu" { return MarkupElement(name: "other", text: value) }
        return MarkupElement(name: names[parent + "/" + name] ?? names[name] ?? name, text: value)
    }

    /// At the first colon with a blank or nothing behind it: a bus id has other colons.
    private static func pair(_ content: String) -> (key: String, value: String) {
        var position = content.startIndex
        while let colon = content[position...].firstIndex(of: ":") {
            let next = content.index(after: colon)
            if next == content.endIndex || content[next].isWhitespace {
                return (Scan.trimmed(content[..<colon]), Scan.trimmed(content[next...]))
            }
            position = next
        }
        return (content, "")
    }

    /// "SRAM Uncorrectable SEC-DED" is "sram_uncorrectable_sec_ded".
    private static func snake(_ key: String) -> String {
        key.lowercased().split { !($0.isLetter || $0.isNumber) }.joined(separator: "_")
    }

    /// Name in the text (where it needs one, after its parent's) to the name in the XML.
    private static let names = [
        "attached_gpu_device_count": "attached_gpus",
        "gpu/gpu_uuid": "uuid",
        "pci/bus_id": "pci_bus_id",
        "mig_mode/current": "current_mig",
        "utilization/gpu": "gpu_util",
        "temperature/gpu": "gpu_temp",
        "temperature/gpu_current_temp": "gpu_temp",
        "instantaneous_power_draw": "instant_power_draw",
        "clocks/sm": "sm_clock",
        "clocks/memory": "mem_clock",
        "sram_uncorrectable_sec_ded": "sram_uncorrectable_secded",
        "clocks_event_reasons/idle": "gpu_idle",
        "clocks_throttle_reasons/idle": "gpu_idle",
        "display_clock_setting": "display_clocks_setting",
        "correctable_error": "remapped_row_corr",
        "uncorrectable_error": "remapped_row_unc",
        "remapped_rows/pending": "remapped_row_pending",
        "remapping_failure_occurred": "remapped_row_failure",
        "retired_pages/single_bit_ecc": "multiple_single_bit_retirement",
        "retired_pages/double_bit_ecc": "double_bit_retirement",
        "pending_page_blacklist": "pending_blacklist",
        "process_id": "pid",
        "pid/name": "process_name",
        "pid/used_gpu_memory": "used_memory",
        "processes/name": "process_name",
        "processes/used_gpu_memory": "used_memory",
    ]
}
