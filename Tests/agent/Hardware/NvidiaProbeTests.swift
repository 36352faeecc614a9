import AgentHardware
import ClusterTypes
import Platform
import ProtocolMessages
import Testing

/// What only `nvidia-smi`'s other commands say.
@Suite("Probe of NVIDIA GPUs")
struct NvidiaProbeTests {
    private func tools(_ directory: TemporaryDirectory, _ script: String) throws -> ToolContext {
        try directory.write("nvidia-smi", "#!/bin/sh\n" + script, isProgram: true)
        return ToolContext(
            runner: ToolRunner(), paths: ["nvidia-smi": directory.path + "/nvidia-smi"],
            deadline: .seconds(60))
    }

    @Test("MIG devices are named by the list, and the links are asked for once")
    func otherCommands() throws {
        let directory = try TemporaryDirectory()
        let instance = "<mig_devices><mig_device><index>0</index></mig_device></mig_devices>"
        try directory.write("answer", NvidiaTests.document(instance))
        try directory.write("links", "\tGPU0\tCPU Affinity\nGPU0\t X \t0-9\n")
        let script = """
            echo "$*" >> \(directory.path)/calls
            case "$*" in
            -L) echo 'GPU 0: NVIDIA Test 80GB (UUID: GPU-1)'; echo '  MIG 1g.10gb Device 0: (UUID: MIG-1)' ;;
            "topo -m") cat \(directory.path)/links ;;
            *) cat \(directory.path)/answer ;;
            esac
            """
        let tools = try tools(directory, script)
        let probe = NvidiaProbe()
        #expect(probe.probe(tools).devices.map(\.visibleID) == ["", "MIG-1"])
        #expect(probe.inventory.devices.first?.migInstances.map(\.uuid) == ["MIG-1"])
        #expect(probe.inventory.topology?.rows.map(\.processors) == ["0-9"])
        #expect(probe.inventory.driverVersion == "570.1")
        try directory.write("answer", NvidiaTests.document(""))
        _ = probe.probe(tools)
        #expect(probe.inventory.devices.first?.migInstances == [])
        #expect(probe.inventory.topology?.rows.map(\.processors) == ["0-9"])
        try directory.write("answer", NvidiaTests.document("", id: "00000000:C2:00.0"))
        try directory.write("links", "unknown command")
        _ = probe.probe(tools)
        #expect(probe.inventory.topology == nil)
        #expect(directory.read("calls") == "-q -x\n-L\ntopo -m\n-q -x\n-q -x\ntopo -m\n")
    }

    @Test("GPUs are in bus order, whatever the tool's is")
    func order() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "answer",
            """
            index, uuid, name, pci.bus_id
            0, GPU-c, Test, 00000000:C1:00.0
            1, GPU-a, Test, 00000000:0A:00.0
            2, GPU-b, Test, 0000:81:00.0
            """)
        let probe = NvidiaProbe()
        let result = probe.probe(
            try tools(directory, "test $1 = -q && exit 2; cat \(directory.path)/answer"))
        #expect(result.devices.map(\.uuid) == ["GPU-a", "GPU-b", "GPU-c"])
        #expect(result.devices.map(\.index) == [1, 2, 0])
    }

    @Test("a value that the user may not see is no complaint of the tool")
    func hiddenValue() throws {
        let directory = try TemporaryDirectory()
        let hidden = "<power_smoothing>Insufficient Permissions</power_smoothing>"
        try directory.write("answer", NvidiaTests.document(hidden))
        let result = NvidiaProbe().probe(try tools(directory, "cat \(directory.path)/answer"))
        #expect(result.devices.map(\.health) == [.ok])
        #expect(result.tool.message == nil)
    }

    @Test("a driver that is gone is told apart from a tool that fails")
    func driver() throws {
        let directory = try TemporaryDirectory()
        let gone = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
        #expect(NvidiaProbe().probe(try tools(directory, "echo \"\(gone)\"; exit 9")).isDriverLost)
        #expect(!NvidiaProbe().probe(try tools(directory, "echo 'Unknown Error'; exit 9")).isDriverLost)
    }

    @Test("the plain table does not know MIG instances and condemns none")
    func plainTable() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "answer", "index, uuid, name, pci.bus_id, mig.mode.current\n0, GPU-1, Test, 0:81:00.0, Enabled\n")
        let result = NvidiaProbe().probe(
            try tools(directory, "test $1 = -q && exit 2; cat \(directory.path)/answer"))
        #expect(!result.isComplete)
        #expect(result.devices.map(\.reason) == ["in MIG mode: given to no work itself"])
        #expect(result.devices.map(\.capacity.isUsable) == [false])
    }
}
