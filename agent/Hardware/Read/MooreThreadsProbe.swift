/// Moore Threads GPUs by `mthreads-gmi`.
package struct MooreThreadsProbe: DeviceProbe {
    package init() {}

    package var vendor: String { AcceleratorVendor.mooreThreads.rawValue }

    package func probe(_ tools: ToolContext) -> DeviceProbeResult {
        let answer = AcceleratorAnswer(tools, "mthreads-gmi", ["-q", "--json"], read: MooreThreadsGMI.parse)
        if answer.isFinal { return answer.probeResult(.mooreThreads, tools) }
        return AcceleratorAnswer(tools, "mthreads-gmi", [], read: MooreThreadsGMI.parse)
            .probeResult(.mooreThreads, tools)
    }
}
