import Platform

/// AMD GPUs by `amd-smi`, or by `rocm-smi` where that is all there is.
package struct AmdProbe: DeviceProbe {
    private static let searchDirectories = ["/opt/rocm/bin"]
    private static let oldQuestion = [
        "--showproductname", "--showuniqueid", "--showbus", "--showmeminfo", "vram", "--showuse",
        "--showtemp",
        "--showpower", "--showdriverversion", "--json",
    ]

    package init() {}

    package var vendor: String { AcceleratorVendor.amd.rawValue }

    package func probe(_ tools: ToolContext) -> DeviceProbeResult {
        let answer = ask(tools, "amd-smi", ["static", "--json"], AmdSMI.parse)
        if answer.hasDevices {
            let readings = ask(tools, "amd-smi", ["metric", "--json"], AmdSMI.parse)
            return answer.probeResult(.amd, tools, completedBy: readings.list)
        }
        let old = ask(tools, "rocm-smi", Self.oldQuestion, RocmSMI.parse)
        return (old.result == .missing ? answer : old).probeResult(.amd, tools)
    }

    private func ask(
        _ tools: ToolContext, _ tool: String, _ arguments: [String], _ read: (String) -> AcceleratorList?
    ) -> AcceleratorAnswer {
        AcceleratorAnswer(tools, tool, arguments, searchDirectories: Self.searchDirectories, read: read)
    }
}
