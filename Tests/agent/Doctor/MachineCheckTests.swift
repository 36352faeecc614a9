import AgentDoctor
import AgentHardware
import ClusterTypes
import ProtocolMessages
import Testing

@Suite struct MachineCheckTests {
    // MARK: - Address

    private func report(_ interfaces: [InterfaceAddress], _ route: RouteSource) throws -> AddressReport {
        try AddressPolicy.choose(AddressSettings(), interfaces: interfaces, route: route)
    }

    private func interface(_ name: String, _ address: String) throws -> InterfaceAddress {
        InterfaceAddress(
            interface: name, address: try #require(IPAddress(address)), isUp: true,
            isLoopback: name == "lo", link: nil)
    }

    @Test("An address that the route chose is well; the loopback interface only with a coordinator here")
    func address() throws {
        let wire = try interface("eth0", "10.0.0.5")
        let loopback = try interface("lo", "127.0.0.1")
        let good = try report([loopback, wire], .found(wire.address, coordinator: "head"))
        #expect(Check.address(good, isCoordinatorHere: false).state == .ok)
        let alone = try report([loopback], .unknown)
        #expect(Check.address(alone, isCoordinatorHere: false).state == .warning)
        #expect(Check.address(alone, isCoordinatorHere: true).state == .ok)
    }

    @Test("The policy's own doubts are warnings")
    func doubts() throws {
        let wire = try interface("eth0", "10.0.0.5")
        let lost = try report([wire], .failed(reason: "head: no such name"))
        let check = Check.address(lost, isCoordinatorHere: false)
        #expect(check.state == .warning && check.found.contains("no such name"), "\(check)")
        let local = try report([try interface("eth0", "169.254.1.1")], .unknown)
        #expect(Check.address(local, isCoordinatorHere: false).state == .warning, "\(local)")
    }

    @Test("An advertised name must have an address, and not the loopback interface's")
    func advertised() {
        #expect(Check.advertised("10.0.0.5", local: "10.0.0.5", addresses: []).state == .ok)
        #expect(Check.advertised("node7", local: "10.0.0.5", addresses: []).state == .failed)
        #expect(Check.advertised("node7", local: "10.0.0.5", addresses: ["127.0.1.1"]).state == .warning)
        #expect(Check.advertised("node7", local: "10.0.0.5", addresses: ["192.0.2.7"]).state == .ok)
        #expect(Check.seen(at: "10.0.0.5", by: "c:1", local: ["127.0.0.1", "10.0.0.5"]).state == .ok)
        let translated = Check.seen(at: "203.0.113.9", by: "c:1", local: ["127.0.0.1", "10.0.0.5"])
        #expect(translated.state == .warning)
        #expect(translated.mend?.contains("--advertise 203.0.113.9") == true)
    }

    // MARK: - Tools

    @Test("A tool that is missing matters only where its devices are")
    func tools() {
        func state(_ state: ToolReport.State, present: Int = 0, seconds: Int = 0) -> Check.State {
            Check.tool(
                ToolReport(name: "tool", state: state), found: 2, present: present, took: .seconds(seconds)
            ).state
        }
        #expect(state(.ok) == .ok)
        #expect(state(.ok, seconds: 6) == .warning)
        #expect(state(.missing) == .skipped)
        #expect(state(.missing, present: 1) == .failed)
        #expect(state(.failed) == .failed)
        #expect(state(.timedOut) == .failed)
        #expect(state(.unreadable) == .failed)
    }

    @Test("Each device that is not well has its own line; those of unknown health are not accused")
    func devices() {
        func device(_ index: UInt32, _ health: DeviceHealth, _ reason: String? = nil) -> DeviceReport {
            var device = DeviceReport(
                type: .gpu, vendor: "nvidia", model: "Example", index: index, visibleID: "GPU-\(index)",
                health: health)
            device.reason = reason
            return device
        }
        let checks = Check.devices([
            device(0, .ok), device(1, .failed, "it fell off the bus"), device(2, .warning, "remapping"),
            device(3, .unknown),
        ])
        #expect(checks.map(\.state) == [.failed, .warning, .ok])
        #expect(checks[0].subject == "nvidia GPU-1" && checks[0].found == "it fell off the bus")
        #expect(checks[2].found == "2 are well")
        #expect(Check.devices([]).isEmpty)
    }

    @Test("An engine that is installed and does not work is a warning, none at all is nothing")
    func engines() {
        #expect(Check.engines([]).map(\.state) == [.skipped])
        let checks = Check.engines([
            .init(name: "docker", finding: .refused("permission denied"), took: .milliseconds(12)),
            .init(name: "podman", finding: .version("5.4.2"), took: .milliseconds(30)),
            .init(name: "nerdctl", finding: .hangs, took: .seconds(5)),
        ])
        #expect(checks.map(\.state) == [.warning, .ok, .warning])
        #expect(checks[1].found == "5.4.2" && checks[1].milliseconds == 30)
    }

    // MARK: - Disk and limits

    private var disk: DiskFinding {
        DiskFinding(
            path: "/state", totalBytes: 100 << 30, availableBytes: 50 << 30, totalFiles: 1_000_000,
            availableFiles: 900_000, isReadOnly: false, isNoExec: false, writeFailure: nil)
    }

    @Test("A disk must be writable and have room for bytes and for files")
    func disks() {
        func state(_ change: (inout DiskFinding) -> Void) -> Check.State {
            var finding = disk
            change(&finding)
            return finding.check.state
        }
        #expect(state { _ in } == .ok)
        #expect(state { $0.isReadOnly = true } == .failed)
        #expect(state { $0.writeFailure = "permission denied" } == .failed)
        #expect(state { $0.availableBytes = 10 << 20 } == .failed)
        #expect(state { $0.availableBytes = 500 << 20 } == .warning)
        #expect(state { $0.availableFiles = 3 } == .failed)
        #expect(
            state {
                $0.totalFiles = 0
                $0.availableFiles = 0
            } == .ok)
        #expect(state { $0.isNoExec = true } == .warning)
    }

    private func limits(_ files: String, _ processes: String = "unlimited unlimited") -> [Check] {
        ProcessLimits(
            parsing: """
                Limit                     Soft Limit           Hard Limit           Units
                Max file size             unlimited            unlimited            bytes
                Max processes             \(processes)            processes
                Max open files            \(files)                 files
                Max realtime timeout      unlimited            unlimited            us
                """
        ).checks
    }

    @Test("Limits are read from the system's table, with what they may be raised to")
    func ulimits() {
        #expect(limits("65536 65536").map(\.state) == [.ok, .ok, .ok])
        #expect(limits("1024 524288")[0].state == .ok)
        let few = limits("512 4096")[0]
        #expect(few.state == .warning && few.found == "512, may be raised to 4096", "\(few)")
        #expect(few.mend?.contains("LimitNOFILE=") == true)
        #expect(limits("64 64")[0].state == .failed)
        #expect(limits("65536 65536", "20 20")[1].state == .failed)
        #expect(ProcessLimits(parsing: "").checks.map(\.state) == [.skipped, .skipped, .skipped])
        #expect(limits("-5 99999999999999999999")[0].state == .skipped)
        #expect(limits("1024")[0].state == .skipped)
    }

    // MARK: - Slots and the agent

    @Test("Slots without limits are a warning that says why")
    func slotLimits() {
        #expect(Check.slotLimits(["memory", "cpu"], reason: nil).state == .ok)
        #expect(Check.slotLimits(["cpu"], reason: nil).state == .warning)
        let none = Check.slotLimits([], reason: "this system has no cgroup v2")
        #expect(none.state == .warning && none.found.contains("no cgroup v2"), "\(none)")
    }

    @Test("An agent that runs is asked: one that says nothing has failed")
    func runningAgent() {
        #expect(Check.runningAgent(.none, directory: "/d").state == .skipped)
        #expect(Check.runningAgent(.silent, directory: "/d").state == .failed)
        let good = Check.runningAgent(.answers("connected to cluster 'a' as node 1"), directory: "/d")
        #expect(good.state == .ok && good.mend == nil)
        #expect(Check.runningAgent(.answers("not connected: refused"), directory: "/d").state == .warning)
    }

    @Test("An examination without an answer is a fault with its time")
    func silence() {
        let check = Check.silent("disk", of: "/d", within: .seconds(10))
        #expect(check.state == .failed && check.milliseconds == 10_000, "\(check)")
    }
}
