/// Intel Gaudi by `hl-smi`.
package struct GaudiProbe: DeviceProbe {
    package init() {}

    package var vendor: String { AcceleratorVendor.habana.rawValue }

    package func probe(_ tools: ToolContext) -> DeviceProbeResult {
        let columns = GaudiSMI.query.joined(separator: ",")
        let answer = AcceleratorAnswer(tools, "hl-smi", ["-Q", columns, "-f", "csv"], read: GaudiSMI.parse)
        if answer.isFinal { return answer.probeResult(.habana, tools) }
        // The table of old versions, which has no module ids.
        return AcceleratorAnswer(tools, "hl-smi", [], read: GaudiSMI.parse).probeResult(.habana, tools)
    }
}
