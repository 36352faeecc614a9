extension Exposition {
    /// The families that Prometheus' own clients have of each process, under the same names. nil is not known.
    package mutating func addProcess(
        cpuSeconds: Double?, residentBytes: Int64?, openFiles: Int?, startedSeconds: Double?
    ) {
        begin("process_cpu_seconds_total", .counter, "Processor time of this process, user and system.")
        add(cpuSeconds)
        begin("process_resident_memory_bytes", .gauge, "Memory of this process that is resident.")
        add(residentBytes.map { Double($0) })
        begin("process_open_fds", .gauge, "Files that this process has open, sockets included.")
        add(openFiles.map { Double($0) })
        begin("process_start_time_seconds", .gauge, "When this process was started, in seconds since 1970.")
        add(startedSeconds)
    }
}
