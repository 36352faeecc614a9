import ClusterTypes
import CoordinatorCore
import CoordinatorMetrics
import Exposition
import Foundation
import ProtocolMessages
import Testing

@Suite("What a scrape tells of the cluster")
struct ClusterMetricsTests {
    private static let now = Instant(microseconds: 1_750_000_000_000_000)

    private static func node(_ number: UInt64, _ state: NodeState = .ready, name: String? = nil) -> NodeRecord
    {
        var device = DeviceCapacity(type: .gpu, model: "H100", memoryBytes: 80 << 30)
        let good = device
        device.withhold(.failed, "lost")
        return NodeRecord(
            node: NodeID(number), name: name ?? "n\(number)", pool: "main", state: state, since: .epoch,
            capacity: NodeCapacity(
                resources: Resources(milliCPU: 4_000, memoryBytes: 1 << 30), devices: [good, device]),
            keyFingerprint: "", address: "10.0.0.\(number)", enrolledAt: .epoch)
    }

    private static func beat(ageSeconds: Int64 = 1, slots: [SlotSample] = []) -> TelemetrySnapshot.Beat {
        TelemetrySnapshot.Beat(
            Heartbeat(
                sequence: 1, uptimeSeconds: 60, loadMilli: 1_500, processorPermille: 250,
                memoryUsedBytes: 100,
                diskAvailableBytes: 200, rates: TransferRates(networkSendBytes: 9),
                devices: [
                    DeviceSample(
                        utilizationPercent: 98, memoryUsedBytes: 40 << 30, temperatureCelsius: 60,
                        powerMilliwatts: 350_500, clockMegahertz: 1_980, correctedErrors: 2,
                        uncorrectedErrors: 1),
                    DeviceSample(),
                ], slots: slots, runningSlots: 1),
            at: now - .seconds(ageSeconds))
    }

    private static let facts = [
        DeviceFacts(vendor: "nvidia", index: 0, uuid: "GPU-a", health: .ok),
        DeviceFacts(vendor: "nvidia", index: 1, uuid: "GPU-b", health: .failed),
    ]

    private static let slot = SlotRecord(
        slot: SlotID(5), generation: Generation(2), job: JobID(3), state: .running, node: NodeID(1),
        devices: [DeviceGrant(device: 0, shares: 500)], createdAt: .epoch, since: .epoch)

    private static func job(_ number: UInt64) -> JobRecord {
        var specification = JobSpecification(
            app: "app", job: "train", kind: .tasks, command: .argv(["true"]))
        specification.resources.resources = Resources(milliCPU: 1_500, memoryBytes: 1 << 20)
        return JobRecord(
            job: JobID(number), specification: specification,
            counts: TaskCounts(ready: 10, running: 1, failed: 2), retried: 4, submitter: "ada",
            submittedAt: .epoch)
    }

    private static func lines(
        nodes: [NodeRecord], jobs: [JobRecord] = [], slots: [SlotRecord] = [],
        beats: [NodeID: TelemetrySnapshot.Beat] = [:], _ change: (inout MetricsOptions) -> Void = { _ in }
    ) -> [String] {
        var options = MetricsOptions.defaults
        change(&options)
        let devices = Dictionary(uniqueKeysWithValues: nodes.map { ($0.node, facts) })
        var metrics = ClusterMetrics(
            options: options, now: now, nodes: nodes, jobs: jobs,
            telemetry: TelemetrySnapshot(beats: beats, devices: devices))
        metrics.add(slots)
        var exposition = Exposition(.text)
        metrics.write(into: &exposition)
        return String(decoding: exposition.finish(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The one value of this series.
    private func value(_ series: String, _ lines: [String]) -> String? {
        let found = lines.filter { $0.hasPrefix(series + " ") }
        return found.count == 1 ? String(found[0].dropFirst(series.count + 1)) : nil
    }

    @Test func `Pools, jobs and slots are summed`() {
        let lines = Self.lines(
            nodes: [Self.node(1), Self.node(2, .lost), Self.node(3, .cordoned)], jobs: [Self.job(3)],
            slots: [Self.slot])
        let kind = #"pool="main",type="gpu",vendor="nvidia",model="H100""#
        for (series, expected) in [
            (#"mortise_nodes{pool="main",state="ready"}"#, "1"),
            (#"mortise_nodes{pool="main",state="lost"}"#, "1"),
            (#"mortise_nodes{pool="main",state="draining"}"#, "0"),
            (#"mortise_pool_processors_usable{pool="main"}"#, "8"),
            (#"mortise_pool_processors_allocated{pool="main"}"#, "1.5"),
            (#"mortise_pool_memory_allocated_bytes{pool="main"}"#, "1048576"),
            ("mortise_devices{\(kind),health=\"ok\"}", "2"),
            ("mortise_devices{\(kind),health=\"failed\"}", "2"),
            ("mortise_pool_devices_usable{\(kind)}", "2"), ("mortise_pool_devices_allocated{\(kind)}", "0.5"),
            (#"mortise_slots{state="running"}"#, "1"), (#"mortise_slots{state="pending"}"#, "0"),
            (#"mortise_jobs{state="running"}"#, "1"), (#"mortise_tasks{state="ready"}"#, "10"),
            (#"mortise_job_tasks{job="3",app="app",name="train",submitter="ada",state="failed"}"#, "2"),
            (#"mortise_job_retries_total{job="3",app="app",name="train",submitter="ada"}"#, "4"),
            (#"mortise_series_dropped{of="nodes"}"#, "0"),
        ] { #expect(value(series, lines) == expected, "\(series)") }
    }

    @Test func `A node, its devices and its slots are told as it says`() {
        let sample = SlotSample(
            key: Self.slot.key, state: .running, milliCPU: 1_250, memoryBytes: 77, devicePermille: 980)
        let lines = Self.lines(
            nodes: [Self.node(1)], jobs: [Self.job(3)], slots: [Self.slot],
            beats: [NodeID(1): Self.beat(slots: [sample])])
        let node = #"node="n1",node_id="1""#
        let device = node + #",device="0",uuid="GPU-a",vendor="nvidia",model="H100""#
        let slot = #"slot="5",job="3",app="app",node="n1",node_id="1""#
        for (series, expected) in [
            ("mortise_node_state{\(node),pool=\"main\",state=\"ready\"}", "1"),
            ("mortise_node_beat_age_seconds{\(node)}", "1"), ("mortise_node_load_average{\(node)}", "1.5"),
            ("mortise_node_processor_utilization_ratio{\(node)}", "0.25"),
            ("mortise_node_network_send_bytes_per_second{\(node)}", "9"),
            ("mortise_node_processors_allocated{\(node)}", "1.5"),
            ("mortise_device_utilization_ratio{\(device)}", "0.98"),
            ("mortise_device_power_watts{\(device)}", "350.5"),
            ("mortise_device_clock_hertz{\(device)}", "1980000000"),
            ("mortise_device_allocated_ratio{\(device)}", "0.5"), ("mortise_device_usable{\(device)}", "1"),
            ("mortise_device_health_info{\(device),health=\"ok\"}", "1"),
            ("mortise_device_memory_errors_total{\(device),kind=\"uncorrected\"}", "1"),
            ("mortise_slot_processors_used{\(slot)}", "1.25"),
            ("mortise_slot_memory_used_bytes{\(slot)}", "77"),
            ("mortise_slot_device_utilization_ratio{\(slot)}", "0.98"),
        ] { #expect(value(series, lines) == expected, "\(series)") }
        // The second device has told nothing: it has no readings, not even zeros.
        #expect(!lines.contains { $0.hasPrefix("mortise_device_utilization_ratio") && $0.contains("GPU-b") })
    }

    @Test(arguments: [
        (NodeState.ready, Int64(30), true), (.ready, 31, false), (.suspect, 20, true), (.lost, 1, false),
        (.joining, 1, false), (.drained, 1, true),
    ])
    func `Readings of a silent or lost node are gone, its state stays`(
        state: NodeState, ageSeconds: Int64, isTold: Bool
    ) {
        let lines = Self.lines(
            nodes: [Self.node(1, state)], beats: [NodeID(1): Self.beat(ageSeconds: ageSeconds)])
        for prefix in [
            "mortise_node_load_average", "mortise_node_disk_available_bytes", "mortise_device_power_watts",
            "mortise_device_memory_errors_total",
        ] { #expect(lines.contains { $0.hasPrefix(prefix + "{") } == isTold, "\(prefix)") }
        #expect(lines.contains { $0.hasPrefix("mortise_node_state{") && $0.contains(state.rawValue) })
        #expect(lines.contains { $0.hasPrefix("mortise_node_beat_age_seconds{") })
    }

    @Test func `An agent that has left says nothing any more`() {
        var node = Self.node(1, .drained)
        node.hasLeft = true
        let lines = Self.lines(nodes: [node], beats: [NodeID(1): Self.beat()])
        #expect(!lines.contains { $0.hasPrefix("mortise_node_load_average{") })
    }

    @Test func `Series of nodes are bounded, whole nodes at a time, and the rest is counted`() {
        let nodes = (1...100).map { Self.node($0) }
        let beats = Dictionary(uniqueKeysWithValues: nodes.map { ($0.node, Self.beat()) })
        func perNode(_ lines: [String]) -> [String] {
            lines.filter { $0.hasPrefix("mortise_node_") || $0.hasPrefix("mortise_device_") }
        }
        for limit in [0, 1, 250, 300, 1_000, 100_000] {
            let lines = Self.lines(nodes: nodes, beats: beats) { $0.nodeSeriesLimit = limit }
            let told = perNode(lines)
            #expect(told.count <= limit)
            let states = told.count { $0.hasPrefix("mortise_node_state{") }
            #expect(states == min(100, limit / 3))
            // Who has one reading has all.
            let loads = told.count { $0.hasPrefix("mortise_node_load_average{") }
            #expect(loads == told.count { $0.hasPrefix("mortise_device_power_watts{") })
            let dropped = value(#"mortise_series_dropped{of="nodes"}"#, lines).flatMap { Int($0) }
            #expect((dropped ?? 0 > 0) == (loads < 100), "\(limit)")
        }
        let off = Self.lines(nodes: nodes, beats: beats) { $0.hasNodes = false }
        #expect(perNode(off).isEmpty)
        #expect(value(#"mortise_nodes{pool="main",state="ready"}"#, off) == "100")
    }

    @Test func `Series of jobs and slots are bounded`() {
        let jobs = (1...30).reversed().map { Self.job(UInt64($0)) }
        let slots = (1...50).map { number in
            var slot = Self.slot
            slot.slot = SlotID(UInt64(number))
            return slot
        }
        let samples = slots.map { SlotSample(key: $0.key, state: .running) }
        let lines = Self.lines(
            nodes: [Self.node(1)], jobs: jobs, slots: slots, beats: [NodeID(1): Self.beat(slots: samples)]
        ) {
            $0.jobsLimit = 10
            $0.nodeSeriesLimit = 100
        }
        #expect(lines.count { $0.hasPrefix("mortise_job_retries_total{") } == 10)
        #expect(lines.contains { $0.hasPrefix("mortise_job_retries_total{job=\"30\"") })
        #expect(value(#"mortise_series_dropped{of="jobs"}"#, lines) == "120")
        let told = lines.count { $0.hasPrefix("mortise_slot_memory_used_bytes{") }
        #expect(told > 0 && told < 34)
        #expect(value(#"mortise_series_dropped{of="slots"}"#, lines) == "\((50 - told) * 3)")
        #expect(value(#"mortise_slots{state="running"}"#, lines) == "50")
    }

    @Test func `No series stands twice, even of nodes with one name`() {
        let nodes = [Self.node(1, .lost, name: "same"), Self.node(2, name: "same")]
        let lines = Self.lines(
            nodes: nodes, jobs: [Self.job(3)], slots: [Self.slot],
            beats: [NodeID(1): Self.beat(), NodeID(2): Self.beat()]
        ) { $0.hasDLWSNames = true }
        var seen: Set<String> = []
        for line in lines {
            let series = line.hasPrefix("#") ? line : String(line.prefix { $0 != " " })
            #expect(seen.insert(series).inserted, "\(line)")
        }
    }

    @Test func `DLWS's names are there only where they are asked for`() {
        let sample = SlotSample(key: Self.slot.key, state: .running, milliCPU: 1_250, memoryBytes: 77)
        func lines(_ isOn: Bool, _ state: NodeState = .ready) -> [String] {
            Self.lines(
                nodes: [Self.node(1, state)], jobs: [Self.job(3)], slots: [Self.slot],
                beats: [NodeID(1): Self.beat(slots: [sample])]
            ) { $0.hasDLWSNames = isOn }
        }
        let gpu = #"node="n1",node_id="1",device="0",minor_number="0",uuid="GPU-a""#
        let group = #"host_ip="10.0.0.1",node_id="1",device_type="nvidia.com/gpu",device_str="H100""#
        let task =
            #"username="ada",job_name="app",role_name="train",task_index="5",pod_name="slot-5",user_email="","#
            + #"vc_name="main""#
        let device = task + #",minor_number="0",uuid="GPU-a",device_type="nvidia.com/gpu",device_str="H100""#
        for (series, expected) in [
            ("nvidiasmi_utilization_gpu{\(gpu)}", "98"), ("nvidiasmi_temperature{\(gpu)}", "60"),
            ("nvidiasmi_ecc_error_count{\(gpu),type=\"volatile_double\"}", "1"),
            ("k8s_node_device_total{\(group)}", "2"), ("k8s_node_device_allocatable{\(group)}", "1"),
            ("k8s_node_device_reserved{\(group)}", "1"), ("k8s_node_device_used{\(group)}", "0.5"),
            ("k8s_node_device_available{\(group)}", "0.5"), ("configured_gpu_count", "2"),
            ("task_device_percent{\(device)}", "98"), ("task_device_mem_percent{\(device)}", "50"),
            ("task_cpu_percent{\(task)}", "125"), ("task_mem_usage_byte{\(task)}", "77"),
        ] { #expect(value(series, lines(true)) == expected, "\(series)") }
        #expect(
            lines(true).contains {
                $0.hasPrefix("pai_node_count{name=\"n1\"") && $0.contains("ready=\"true\"")
            })
        #expect(value("k8s_node_device_available{\(group)}", lines(true, .cordoned)) == "0")
        #expect(!lines(false).contains { !$0.hasPrefix("#") && !$0.hasPrefix("mortise_") })
    }

    @Test func `Every family is documented`() throws {
        var node = Self.node(1)
        node.isCordoned = true
        let huawei = DeviceFacts(vendor: "huawei", index: 1, health: .ok)
        var options = MetricsOptions.defaults
        options.hasDLWSNames = true
        let sample = SlotSample(key: Self.slot.key, state: .running, devicePermille: 1)
        var beat = Self.beat(slots: [sample])
        beat.heartbeat.devices[1] = beat.heartbeat.devices[0]
        var metrics = ClusterMetrics(
            options: options, now: Self.now, nodes: [node], jobs: [Self.job(3)],
            telemetry: TelemetrySnapshot(
                beats: [NodeID(1): beat], devices: [NodeID(1): [Self.facts[0], huawei]]))
        metrics.add([Self.slot])
        metrics.virtualClusters = [Self.virtualCluster]
        var exposition = Exposition(.text)
        metrics.write(into: &exposition)
        exposition.addProcess(cpuSeconds: 1, residentBytes: 1, openFiles: 1, startedSeconds: 1)
        let families = String(decoding: exposition.finish(), as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) }
        #expect(families.count > 60)
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/metrics.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        for family in families { #expect(text.contains("`\(family)`"), "\(family)") }
    }

    private static let virtualCluster = VirtualClusterStatus(
        record: VirtualClusterRecord(name: "vision", createdAt: .epoch),
        shares: [
            VirtualClusterStatus.TypeShare(name: "cpu", total: 9, used: 8, available: 1, unschedulable: 0),
            VirtualClusterStatus.TypeShare(
                name: "nvidia_gpu_amd64", total: 40, used: 30, available: 6, unschedulable: 4),
        ], usageSeconds: 1.5, users: [])

    @Test("Virtual clusters are told by type, with DLWS's names where these are wanted")
    func virtualClusters() {
        func text(_ hasDLWSNames: Bool) -> String {
            var options = MetricsOptions.defaults
            options.hasDLWSNames = hasDLWSNames
            var metrics = ClusterMetrics(
                options: options, now: Self.now, nodes: [], jobs: [], telemetry: TelemetrySnapshot())
            metrics.virtualClusters = [Self.virtualCluster]
            var exposition = Exposition(.text)
            metrics.write(into: &exposition)
            return String(decoding: exposition.finish(), as: UTF8.self)
        }
        let ours = text(false)
        for line in [
            #"mortise_virtual_cluster_total{virtual_cluster="vision",type="nvidia_gpu_amd64"} 40"#,
            #"mortise_virtual_cluster_used{virtual_cluster="vision",type="cpu"} 8"#,
            #"mortise_virtual_cluster_usage_seconds{virtual_cluster="vision"} 1.5"#,
        ] {
            #expect(ours.contains("\n\(line)\n"), "\(ours)")
        }
        #expect(!ours.contains("k8s_vc"))
        let theirs = text(true)
        for (state, count) in [("total", 40), ("available", 6), ("unschedulable", 4)] {
            let line = #"k8s_vc_device_\#(state){vc_name="vision",device_str="nvidia_gpu_amd64"} \#(count)"#
            #expect(theirs.contains("\n\(line)\n"), "\(theirs)")
        }
        #expect(!theirs.contains(#"vc_name="vision",device_str="cpu""#))
    }
}
