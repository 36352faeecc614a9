/// Cambricon MLUs by `cnmon`.
package struct CambriconProbe: DeviceProbe {
    package init() {}

    package var vendor: String { AcceleratorVendor.cambricon.rawValue }

    package func probe(_ tools: ToolContext) -> DeviceProbeResult {
        AcceleratorAnswer(tools, "cnmon", [], read: CambriconMonitor.parse).probeResult(.cambricon, tools)
    }
}
