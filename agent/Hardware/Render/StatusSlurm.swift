import ClusterTypes
package import ProtocolMessages

/// A machine as a line of slurm.conf, as `slurmd -C` prints it.
package enum StatusSlurm {
    /// The counts are those of the whole machine, as Slurm wants them, not what this process may use.
    package static func line(_ report: HardwareReport) -> String {
        let processor = report.processor
        let sockets = max(1, processor.sockets)
        let cores = max(1, processor.cores)
        let perSocket = max(1, cores / sockets)
        let perCore = max(1, processor.threads / cores)
        var fields = [
            "NodeName=" + String(report.hostname.prefix { $0 != "." }),
            "CPUs=\(processor.threads)", "Boards=1", "SocketsPerBoard=\(sockets)",
            "CoresPerSocket=\(perSocket)", "ThreadsPerCore=\(perCore)",
            "RealMemory=\(report.memory.totalBytes >> 20)",
        ]
        let devices = resources(SlurmDevices(report.devices).taken.map(\.device))
        if !devices.isEmpty { fields.append("Gres=" + devices.joined(separator: ",")) }
        return fields.joined(separator: " ")
    }

    /// `gpu:nvidia_h100_80gb_hbm3:8`, equal models together in the order of the report.
    private static func resources(_ devices: [DeviceReport]) -> [String] {
        var kinds: [(name: String, count: Int)] = []
        for device in devices {
            let name = device.type.rawValue + ":" + SlurmDevices.safe(device.model)
            if let position = kinds.firstIndex(where: { $0.name == name }) {
                kinds[position].count += 1
            } else {
                kinds.append((name, 1))
            }
        }
        return kinds.map { "\($0.name):\($0.count)" }
    }
}
