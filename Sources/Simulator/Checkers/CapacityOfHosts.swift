import ClusterTypes
import ProtocolMessages

/// A device share is never handed out beyond 1000/1000, nor processors and memory beyond what the machine has:
/// counted by what really runs there, not by what the coordinator believes.
struct CapacityOfHosts: Checker {
    static let name = "capacity"

    mutating func observe(_ observation: Observation, _ world: World) -> [String] {
        guard case .slotStarted(_, let host) = observation else { return [] }
        var shares = [UInt32](repeating: 0, count: host.hardware.devices.count)
        var used = Resources.none
        var faults: [String] = []
        for supervisor in host.supervisors where supervisor.isAlive {
            used += supervisor.specification.resources.resources
            for grant in supervisor.devices {
                guard Int(grant.device) < shares.count else {
                    faults.append("\(supervisor.key) has device \(grant.device), which \(host.name) lacks")
                    continue
                }
                shares[Int(grant.device)] += grant.shares
            }
        }
        for (device, share) in shares.enumerated() where share > wholeDeviceShares {
            faults.append("\(host.name) runs \(share)/1000 of device \(device)")
        }
        let memory = host.hardware.memory.usableBytes
        if used.memoryBytes > memory {
            faults.append("\(host.name) runs slots of \(used.memoryBytes) bytes and has \(memory)")
        }
        if used.milliCPU > host.hardware.processor.usableMilliCPU {
            faults.append("\(host.name) runs slots of \(used.milliCPU) milli-CPU")
        }
        return faults
    }
}
