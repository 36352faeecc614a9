import AgentHardware
import ClusterTypes
import ProtocolMessages
import Testing

@Suite("MIG instances are devices of their own")
struct NvidiaPartTests {
    private static let mode = "<mig_mode><current_mig>Enabled</current_mig></mig_mode>"

    private static func instance(_ index: Int, uuid: String? = nil, errors: Int = 0) -> String {
        """
        <mig_device>
            <index>\(index)</index><gpu_instance_id>\(index + 3)</gpu_instance_id>
            <compute_instance_id>0</compute_instance_id>\(uuid.map { "<uuid>\($0)</uuid>" } ?? "")
            <fb_memory_usage><total>40192 MiB</total><used>25 MiB</used></fb_memory_usage>
            <ecc_error_count><volatile_count><sram_uncorrectable>\(errors)</sram_uncorrectable></volatile_count></ecc_error_count>
        </mig_device>
        """
    }

    private func reports(_ inside: String, list: String? = nil) throws -> [DeviceReport] {
        var query = try #require(NvidiaQuery(parsing: Array(NvidiaTests.document(inside).utf8)))
        if let list { query.add(try #require(NvidiaList(parsing: list))) }
        return try #require(query.devices.first).reports(driverVersion: "570.1")
    }

    @Test("each has its name, its memory and its model; the GPU is given to no work")
    func instances() throws {
        let devices = try reports(
            Self.mode + "<mig_devices>\(Self.instance(0))\(Self.instance(1))</mig_devices>",
            list: """
                GPU 0: NVIDIA Test 80GB (UUID: GPU-1)
                  MIG 3g.40gb     Device  0: (UUID: MIG-a)
                  MIG 1c.3g.40gb  Device  1: (UUID: MIG-b)
                """)
        #expect(devices.map(\.visibleID) == ["", "MIG-a", "MIG-b"])
        #expect(
            devices.map(\.model)
                == ["NVIDIA Test 80GB", "NVIDIA Test 80GB MIG 3g.40gb", "NVIDIA Test 80GB MIG 1c.3g.40gb"])
        #expect(devices.map(\.parent) == [nil, "GPU-1", "GPU-1"])
        #expect(devices.map(\.busID) == Array(repeating: "00000000:C1:00.0", count: 3))
        #expect(devices.map(\.memoryTotalBytes) == [nil, 40_192 << 20, 40_192 << 20])
        #expect(devices.map(\.chip) == [nil, 0, 1])
        #expect(devices.map(\.health) == [.ok, .ok, .ok])
        #expect(devices[0].partCount == 2)
        #expect(devices[0].reason == "in MIG mode: its 2 instances are given to work, not the GPU")
        #expect(devices[1].reason == nil)
        let capacities = devices.map(\.capacity)
        #expect(capacities.map(\.isUsable) == [false, true, true])
        #expect(capacities.map(\.fault) == [.unassignable, nil, nil])
        #expect(capacities[0].reason == devices[0].reason)
    }

    @Test("an instance without a UUID is addressed by its numbers")
    func unnamed() throws {
        let devices = try reports(Self.mode + "<mig_devices>\(Self.instance(0))</mig_devices>")
        #expect(devices.last?.visibleID == "MIG-GPU-1/3/0")
        #expect(devices.last?.model == "NVIDIA Test 80GB MIG")
        let bare = try reports(
            Self.mode + "<mig_devices><mig_device><index>0</index></mig_device></mig_devices>")
        #expect(bare.last?.isAssignable == false && bare.last?.isNamed == true)
        #expect(bare.last?.capacity.isUsable == false)
    }

    @Test("a GPU in MIG mode without instances is of no use, and says so")
    func empty() throws {
        let devices = try reports(Self.mode)
        #expect(devices.count == 1)
        #expect(devices[0].health == .warning)
        #expect(devices[0].reason == "in MIG mode without instances: nothing can run on it")
        #expect(devices[0].capacity.isUsable == false)
        let whole = try reports("<mig_mode><current_mig>Disabled</current_mig></mig_mode>")
        #expect(whole.map(\.partCount) == [nil])
        #expect(whole[0].capacity.isUsable)
    }

    @Test("an instance has its own faults and those of its GPU")
    func faults() throws {
        let instances = Self.instance(0, uuid: "MIG-a", errors: 2) + Self.instance(1, uuid: "MIG-b")
        let own = try reports(Self.mode + "<mig_devices>\(instances)</mig_devices>")
        #expect(own.map(\.health) == [.ok, .failed, .ok])
        #expect(own[1].reason == "2 uncorrectable memory errors since the driver was loaded")
        let all = try reports(
            Self.mode + "<gpu_recovery_action>Reset</gpu_recovery_action>"
                + "<mig_devices>\(instances)</mig_devices>")
        #expect(all.map(\.health) == [.failed, .failed, .failed])
        #expect(all[2].reason == "its GPU: the driver asks to recover it: Reset")
        #expect(
            all[0].reason
                == "in MIG mode: its 2 instances are given to work, not the GPU; "
                + "the driver asks to recover it: Reset")
    }

    @Test("power limit, clocks, errors and what slows it down are in the report")
    func readings() throws {
        let device = try reports(
            """
            <gpu_power_readings><current_power_limit>700.00 W</current_power_limit></gpu_power_readings>
            <clocks><sm_clock>1980 MHz</sm_clock><mem_clock>2619 MHz</mem_clock></clocks>
            <clocks_event_reasons>
            <clocks_event_reason_gpu_idle>Active</clocks_event_reason_gpu_idle>
            <clocks_event_reason_sw_power_cap>Active</clocks_event_reason_sw_power_cap>
            </clocks_event_reasons>
            <ecc_errors><volatile><dram_uncorrectable>0</dram_uncorrectable></volatile></ecc_errors>
            """)[0]
        #expect(device.powerLimitMilliwatts == 700_000)
        #expect(device.processorMegahertz == 1_980 && device.memoryMegahertz == 2_619)
        #expect(device.throttleReasons == ["sw_power_cap"])
        #expect(device.uncorrectableErrors == 0)
        #expect(device.health == .ok)
    }

    @Test("GPUs with NVLinks between them are a group, those without are in none")
    func groups() throws {
        let topology = try #require(
            NvidiaTopology(
                parsing: """
                    \tGPU0\tGPU1\tGPU2\tGPU3\tGPU4\tCPU Affinity\tNUMA Affinity
                    GPU0\t X \tNV4\tSYS\tSYS\tSYS\t0-9\t0
                    GPU1\tNV4\t X \tNV4\tSYS\tSYS\t0-9\t0
                    GPU2\tSYS\tNV4\t X \tSYS\tSYS\t0-9\t0-1
                    GPU3\tSYS\tSYS\tSYS\t X \tPIX\t10-19\t1
                    GPU4\tSYS\tSYS\tSYS\tPIX\t X \t10-19\t1
                    """))
        #expect(topology.groups == [[0, 1, 2]])
        #expect((0...5).map { topology.memoryNode(ofGPU: $0) } == [0, 0, nil, 1, 1, nil])
    }
}
