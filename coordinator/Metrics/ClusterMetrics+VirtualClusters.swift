import ClusterTypes
import CoordinatorCore
import Exposition

extension ClusterMetrics {
    private typealias TypeShare = VirtualClusterStatus.TypeShare

    func writeVirtualClusters(into exposition: inout Exposition) {
        let rows = rows("virtual_cluster", "type")
        for (state, help, value) in Self.states {
            exposition.begin("mortise_virtual_cluster_\(state)", .gauge, help)
            for (labels, share) in rows { exposition.add(labels, Double(value(share))) }
        }
        exposition.begin(
            "mortise_virtual_cluster_usage_seconds", .gauge,
            "Largest share of the whole cluster times seconds; half of it is forgotten in a day.")
        for status in virtualClusters {
            exposition.add(Labels(("virtual_cluster", status.record.name)), status.usageSeconds)
        }
    }

    /// As DLWS's watchdog calls them.
    func writeDLWSVirtualClusters(into exposition: inout Exposition) {
        let rows = rows("vc_name", "device_str").filter { $0.1.name != "cpu" }
        for (state, help, value) in Self.states where state != "used" {
            exposition.begin("k8s_vc_device_\(state)", .gauge, help)
            for (labels, share) in rows { exposition.add(labels, Double(value(share))) }
        }
    }

    private func rows(_ name: StaticString, _ type: StaticString) -> [(Labels, TypeShare)] {
        virtualClusters.flatMap { status in
            status.shares.map { (Labels((name, status.record.name), (type, $0.name)), $0) }
        }
    }

    private static let states: [(state: String, help: String, value: @Sendable (TypeShare) -> UInt32)] = [
        ("total", "Quota of a virtual cluster for one type of device, or for CPUs.", { $0.total }),
        ("used", "What of it its slots have; a part counts as a whole one.", { $0.used }),
        ("available", "What of it may be had now.", { $0.available }),
        ("unschedulable", "What of it is neither used nor to be had.", { $0.unschedulable }),
    ]
}
