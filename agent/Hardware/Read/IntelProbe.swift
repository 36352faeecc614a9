/// Intel GPUs by `xpu-smi`. Another vendor, Kunlunxin, has a tool of the same name, whose answers are not understood.
package struct IntelProbe: DeviceProbe {
    private static let tool = "xpu-smi"

    package init() {}

    package var vendor: String { AcceleratorVendor.intel.rawValue }

    package func probe(_ tools: ToolContext) -> DeviceProbeResult {
        var answer = ask(tools, ["discovery", "--dump", IntelXPU.properties])
        if !answer.isFinal { answer = ask(tools, ["discovery", "-j"]) }
        guard answer.hasDevices else { return answer.probeResult(.intel, tools) }
        let readings = ask(tools, ["dump", "-d", "-1", "-m", IntelXPU.metrics, "-n", "1"])
        return answer.probeResult(.intel, tools, completedBy: readings.list)
    }

    private func ask(_ tools: ToolContext, _ arguments: [String]) -> AcceleratorAnswer {
        AcceleratorAnswer(tools, Self.tool, arguments, read: IntelXPU.parse)
    }
}
