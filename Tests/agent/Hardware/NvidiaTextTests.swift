import Testing
import TextForms

@testable import AgentHardware

/// Everything that `nvidia-smi` prints which is not XML.
@Suite("nvidia-smi's texts")
struct NvidiaTextTests {
    static let table = """
        Sat Jan  3 10:00:00 2026
        +-----------------------------------------------------------------------------------------+
        | NVIDIA-SMI 571.10.02              Driver Version: 571.10.01      CUDA Version: 12.7     |
        +-----------------------------------------+------------------------+----------------------+
        | GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |
        | Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |
        |                                         |                        |               MIG M. |
        |=========================================+========================+======================|
        |   0  NVIDIA Test 141GB              On  |   00000000:1B:00.0 Off |                   On |
        | N/A   41C    P0            301W /  700W |    2001MiB /  90001MiB |     N/A      Default |
        |                                         |                        |              Enabled |
        +-----------------------------------------+------------------------+----------------------+
        |   5  NVIDIA Test Long Na...         Off |   00000000:2C:00.0  On |                  N/A |
        |ERR!  ERR!   ERR!           N/A  /  N/A  |      11MiB /   8001MiB |     17%      Default |
        |                                         |                        |                  N/A |
        +-----------------------------------------+------------------------+----------------------+

        +-----------------------------------------------------------------------------------------+
        | MIG devices:                                                                            |
        +------------------+----------------------------------+-----------+-----------------------+
        | GPU  GI  CI  MIG |                     Memory-Usage |        Vol|      Shared           |
        |      ID  ID  Dev |                       BAR1-Usage | SM     Unc| CE ENC  DEC  OFA  JPG |
        |                  |                                  |        ECC|                       |
        |==================+==================================+===========+=======================|
        |  0    1   0   0  |            1990MiB / 45001MiB    | 70      3 |  4   0    4    0    4 |
        |                  |               1MiB / 65535MiB    |           |                       |
        +------------------+----------------------------------+-----------+-----------------------+
        |  0    2   1   1  |              10MiB / 45001MiB    | 62      0 |  4   0    4    0    4 |
        |                  |               1MiB / 65535MiB    |           |                       |
        +------------------+----------------------------------+-----------+-----------------------+

        +-----------------------------------------------------------------------------------------+
        | Processes:                                                                              |
        |  GPU   GI   CI              PID   Type   Process name                        GPU Memory |
        |        ID   ID                                                               Usage      |
        |=========================================================================================|
        |    0    1    0             4711      C   ...cations/my tool | with bar        1980MiB |
        |    5   N/A  N/A            4712    C+G   /usr/bin/desk                           N/A    |
        +-----------------------------------------------------------------------------------------+
        """

    @Test("the table is read with its MIG devices and processes")
    func wholeTable() throws {
        let summary = try #require(NvidiaSummary(parsing: Self.table))
        #expect(summary.toolVersion == "571.10.02")
        #expect(summary.driverVersion == "571.10.01")
        #expect(summary.cudaVersion == "12.7")
        #expect(summary.devices.map(\.index) == [0, 5])
        #expect(summary.devices.map(\.name) == ["NVIDIA Test 141GB", "NVIDIA Test Long Na..."])
        #expect(summary.devices.map(\.busID) == ["00000000:1B:00.0", "00000000:2C:00.0"])
        #expect(summary.devices.map(\.isPersistent) == [true, false])
        #expect(summary.devices.map(\.temperatureCelsius) == [41, nil])
        #expect(summary.devices.map(\.powerMilliwatts) == [301_000, nil])
        #expect(summary.devices.map(\.powerLimitMilliwatts) == [700_000, nil])
        #expect(summary.devices.map(\.memoryUsedBytes) == [2_001 << 20, 11 << 20])
        #expect(summary.devices.map(\.memoryTotalBytes) == [90_001 << 20, 8_001 << 20])
        #expect(summary.devices.map(\.utilizationPercent) == [nil, 17])
        #expect(summary.devices.map(\.migMode) == ["Enabled", nil])
        let instances = try #require(summary.devices.first?.migInstances)
        #expect(instances.map(\.index) == [0, 1])
        #expect(instances.map(\.gpuInstance) == [1, 2])
        #expect(instances.map(\.computeInstance) == [0, 1])
        #expect(instances.map(\.memoryTotalBytes) == [45_001 << 20, 45_001 << 20])
        #expect(instances.map(\.memoryUsedBytes) == [1_990 << 20, 10 << 20])
        #expect(instances.map(\.multiprocessors) == [70, 62])
        #expect(instances.map(\.uncorrectedErrors) == [3, 0])
        let processes = try #require(summary.processes)
        #expect(processes.map(\.pid) == [4_711, 4_712])
        #expect(processes.map(\.gpu) == [0, 5])
        #expect(processes.map(\.gpuInstance) == [1, nil])
        #expect(processes.map(\.type) == ["C", "C+G"])
        #expect(processes.map(\.name) == ["...cations/my tool | with bar", "/usr/bin/desk"])
        #expect(processes.map(\.memoryBytes) == [1_980 << 20, nil])
        #expect(processes.map(\.busID) == ["00000000:1B:00.0", "00000000:2C:00.0"])
    }

    @Test("the oldest table has neither persistence nor types of processes")
    func oldTable() throws {
        let text = """
            +------------------------------------------------------+
            | NVIDIA-SMI 3.290.1    Driver Version: 290.1          |
            |-------------------------------+----------------------+----------------------+
            | Nb.  Name                     | Bus Id        Disp.  | Volatile ECC SB / DB |
            | Fan   Temp   Power Usage /Cap | Memory Usage         | GPU Util. Compute M. |
            |===============================+======================+======================|
            | 0.   Tesla Test On            | 0000:06:00.0  Off    |         0          0 |
            |  N/A  40 C   P1   60W / 225W  |   2%   50MB / 2600MB |   99%     Default    |
            |-------------------------------+----------------------+----------------------|
            | Compute processes:                                               GPU Memory |
            |  GPU  PID     Process name                                       Usage      |
            |=============================================================================|
            |  0.   not running                                                           |
            |  0    812     ./a.out                                            44MB       |
            +-----------------------------------------------------------------------------+
            """
        let summary = try #require(NvidiaSummary(parsing: text))
        let device = try #require(summary.devices.first)
        #expect(summary.devices.count == 1)
        #expect(device.name == "Tesla Test On")
        #expect(device.busID == "0000:06:00.0")
        #expect(device.temperatureCelsius == 40)
        #expect(device.memoryUsedBytes == 50 << 20)
        #expect(device.memoryTotalBytes == 2_600 << 20)
        #expect(device.utilizationPercent == 99)
        #expect(device.powerMilliwatts == 60_000)
        #expect(summary.processes?.map(\.pid) == [812])
        #expect(summary.processes?.map(\.name) == ["./a.out"])
        #expect(summary.processes?.map(\.memoryBytes) == [44 << 20])
    }

    @Test("of tables that follow each other the last one counts")
    func watched() throws {
        let later = Self.table.replacing("17%", with: "18%").replacing("4712", with: "4713")
        let summary = try #require(NvidiaSummary(parsing: Self.table + "\n" + later))
        #expect(summary.devices.map(\.utilizationPercent) == [nil, 18])
        #expect(summary.processes?.map(\.pid) == [4_711, 4_713])
    }

    @Test("names since driver 610, and the table of ixsmi")
    func otherHeaders() throws {
        let new = Self.table.replacing("Driver Version", with: "KMD Version")
            .replacing("CUDA Version", with: "CUDA UMD Version")
        let summary = try #require(NvidiaSummary(parsing: new))
        #expect(summary.driverVersion == "571.10.01")
        #expect(summary.cudaVersion == "12.7")
        let text = """
            |  IX-ML: 9.0.0       Driver Version: 9.1.0       CUDA Version: N/A           |
            | GPU  Name                     | Bus-Id               | Clock-SM  Clock-Mem  |
            | 3    Iluvatar Test On         | 00000000:8A:00.0     | 500MHz    1600MHz    |
            | 0%   33C   P0    N/A / N/A    | 114MiB / 32001MiB    | 0%        Default    |
            | Processes:                                                       GPU Memory |
            |  GPU        PID      Process name                                Usage(MiB) |
            |    3       4242      python3 train.py                            512        |
            """
        let other = try #require(NvidiaSummary(parsing: text))
        #expect(other.isIluvatar)
        #expect(other.driverVersion == "9.1.0")
        #expect(other.cudaVersion == nil)
        #expect(other.devices.map(\.name) == ["Iluvatar Test On"])
        #expect(other.devices.map(\.index) == [3])
        #expect(other.devices.map(\.powerMilliwatts) == [nil])
        #expect(other.devices.map(\.memoryTotalBytes) == [32_001 << 20])
        #expect(other.processes?.map(\.name) == ["python3 train.py"])
        #expect(other.processes?.map(\.memoryBytes) == [512 << 20])
    }

    @Test("tables of other vendors are not read")
    func foreignTables() {
        for header in [
            "| AIP  Name        Persistence-M| Bus-Id        Disp.A |", "| Card  VF  Name | Bus-Id |",
        ] {
            let text =
                header + """

                    |   0  Some Card           N/A  | 0000:43:00.0     N/A |                   0  |
                    | N/A   30C   N/A    84W / 600W |    768MiB / 98304MiB |     0%           N/A |
                    """
            #expect(NvidiaSummary(parsing: text) == nil)
        }
    }

    @Test("the list has the UUIDs of GPUs and MIG devices")
    func list() throws {
        let text = """
            GPU 0: NVIDIA Test (odd) 80GB (UUID: GPU-0a)
              MIG 1c.3g.40gb  Device  0: (UUID: MIG-0b)
              MIG 1g.10gb+me  Device  2: (UUID: MIG-GPU-0a/7/0)
            GPU 7: Old Test (S/N: 123)
            GPU 9: Orin (nvgpu) (UUID: 54f0)
            GPU 10: NVIDIA Te
            """
        let list = try #require(NvidiaList(parsing: text))
        #expect(list.devices.map(\.index) == [0, 7, 9, 10])
        #expect(list.devices.map(\.uuid) == ["GPU-0a", nil, "54f0", nil])
        #expect(
            list.devices.map(\.name) == ["NVIDIA Test (odd) 80GB", "Old Test", "Orin (nvgpu)", "NVIDIA Te"])
        let instances = try #require(list.devices.first?.migInstances)
        #expect(instances.map(\.index) == [0, 2])
        #expect(instances.map(\.profile) == ["1c.3g.40gb", "1g.10gb+me"])
        #expect(instances.map(\.uuid) == ["MIG-0b", "MIG-GPU-0a/7/0"])
        #expect(list.devices[1].migInstances.isEmpty)
        #expect(NvidiaList(parsing: "No devices were found") == nil)
    }

    @Test("the matrix tells how near devices are")
    func topology() throws {
        let text = """
            \t\u{1B}[4mGPU0\tGPU1\tNIC0\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\u{1B}[0m
            GPU0\t X \tNV12\tPXB\t0-31,64-95\t0-1\t\tN/A
            GPU1\tNV12\t X \tSYS\t32-63\t\t\tN/A
            NIC0\tPXB\tSYS\t X \t\t\t\t

            Legend:

              X    = Self
              NV#  = Connection traversing a bonded set of # NVLinks

            NIC Legend:

              NIC0: mlx5_3
            """
        let topology = try #require(NvidiaTopology(parsing: Scan.plain(text)))
        #expect(topology.columns == ["GPU0", "GPU1", "NIC0"])
        #expect(topology.rows.map(\.name) == ["GPU0", "GPU1", "NIC0"])
        #expect(topology.rows.map(\.processors) == ["0-31,64-95", "32-63", nil])
        #expect(topology.rows.map(\.numaNodes) == ["0-1", nil, nil])
        #expect(topology.rows[0].cells == ["X", "NV12", "PXB", "0-31,64-95", "0-1", "", "N/A"])
        #expect(topology.link("GPU0", "GPU1") == .nvlink(12))
        #expect(topology.link("GPU1", "NIC0") == .system)
        #expect(topology.link("GPU1", "GPU1") == .itself)
        #expect(topology.link("GPU1", "GPU9") == nil)
        #expect(topology.adapters == ["NIC0": "mlx5_3"])
    }

    @Test("the matrix without tabs, and without its head")
    func topologyOfBlanks() throws {
        let text = """
                  GPU0   GPU1   mlx5_0  CPU Affinity
            GPU0   X     SOC    PHB     0-9
            GPU1  SOC     X     NODE    10-19
            mlx5_0 PHB   NODE    X
            """
        let topology = try #require(NvidiaTopology(parsing: text))
        #expect(topology.link("GPU0", "GPU1") == .system)
        #expect(topology.link("GPU1", "mlx5_0") == .node)
        #expect(topology.rows.map(\.processors) == ["0-9", "10-19", nil])
        let headless = text.split(separator: "\n").dropFirst().joined(separator: "\n")
        #expect(NvidiaTopology(parsing: headless)?.link("GPU0", "mlx5_0") == .hostBridge)
        #expect(NvidiaTopology(parsing: "       GPU0   GPU1\nGPU0   0      40\nGPU1   40     0\n") == nil)
    }

    @Test("links are ordered by distance")
    func distances() {
        let links: [NvidiaLink] = [
            .itself, .nvlink(18), .nvlink(1), .bridge, .bridges, .hostBridge, .node, .system,
        ]
        let distances = links.map(\.distance)
        #expect(distances == distances.sorted())
        #expect(Set(distances).count == distances.count)
        #expect(NvidiaLink("NV4294967296") == nil)
        #expect(NvidiaLink("NV4000000000").map(\.distance) == 1)
    }

    @Test("pmon's processes are listed once, with columns of any kind")
    func processMonitor() throws {
        let text = """
            #Date       Time        gpu         pid   type     fb     sm    command
            #YYYYMMDD   HH:MM:SS    Idx           #    C/G     MB      %    name
             20260103   10:00:00      0        4711      C    100      1    my tool
             20260103   10:00:00      1           -      -      -      -    -
             20260103   10:00:01      0        4711      C    120      2    my tool
            """
        let monitor = try #require(NvidiaMonitor(parsing: text))
        let processes = try #require(monitor.processes)
        #expect(processes.map(\.pid) == [4_711])
        #expect(processes.map(\.name) == ["my tool"])
        #expect(processes.map(\.memoryBytes) == [120 << 20])
        #expect(monitor.devices.isEmpty)
    }

    @Test("dmon's GPUs are listed once, with their newest values")
    func deviceMonitor() throws {
        let text = """
            # gpu   pwr gtemp mtemp    sm   mem  mclk  pclk    fb
            # Idx     W     C     C     %     %   MHz   MHz    MB
                0    66    31     -     1     0  2600   345   100
                1     -    32     -     -     0  2600   345     -
                0    67    33     -    99     0  2600  1980   200
            """
        let monitor = try #require(NvidiaMonitor(parsing: text))
        #expect(monitor.processes == nil)
        #expect(monitor.devices.map(\.index) == [0, 1])
        #expect(monitor.devices.map(\.utilizationPercent) == [99, nil])
        #expect(monitor.devices.map(\.temperatureCelsius) == [33, 32])
        #expect(monitor.devices.map(\.powerMilliwatts) == [67_000, nil])
        #expect(monitor.devices.map(\.memoryUsedBytes) == [200 << 20, nil])
        #expect(NvidiaMonitor(parsing: "# gpu memory is fine") == nil)
    }

    @Test("the version has three parts")
    func version() throws {
        let text =
            "NVIDIA-SMI version  : 571.1\nNVML version : 571\nDRIVER version : 571.2\nCUDA Version : N/A\n"
        let version = try #require(NvidiaVersion(parsing: text))
        #expect(version.tool == "571.1")
        #expect(version.driver == "571.2")
        #expect(version.cuda == nil)
        #expect(NvidiaVersion(parsing: "CUDA Version : 12.0") == nil)
    }

    @Test(
        "every complaint has its code",
        arguments: [
            (
                "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 535.1",
                "driver_library_mismatch"
            ),
            ("Failed to initialize NVML: Insufficient Permissions", "insufficient_permissions"),
            (
                "Failed to initialize NVML: GPU access blocked by the operating system",
                "insufficient_permissions"
            ),
            ("Failed to initialize NVML: Driver Not Loaded", "no_driver"),
            ("NVIDIA-SMI has failed because it couldn’t communicate with\nthe NVIDIA driver.", "no_driver"),
            ("NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.", "missing_library"),
            ("Unable to determine the device handle for GPU0000:02:00.0: Unknown Error", "gpu_lost"),
            (
                "GPU 00000000:02:00.0 is currently being used by one or more other processes\nnvidia",
                "device_in_use"
            ),
            ("Field \"memory.size\" is not a valid field to query.", "unsupported_option"),
            ("sh: 1: nvidia-smi: not found", "tool_missing"),
            ("bash: nvidia-smi: command not found", "tool_missing"),
            ("docker: exec: \"nvidia-smi\": executable file not found in $PATH", "tool_missing"),
        ])
    func complaints(text: String, code: String) throws {
        let failure = try #require(NvidiaFailure(parsing: text))
        #expect(failure.code.rawValue == code)
        #expect(!failure.advice.isEmpty)
        if code == "gpu_lost" { #expect(failure.busID == "0000:02:00.0") }
    }

    @Test("values inside of an answer are no complaints")
    func valuesAreNoComplaints() {
        for text in [
            "<power_smoothing>Insufficient Permissions</power_smoothing>",
            "    Power Smoothing                  : Insufficient Permissions",
            "| Unknown Error |", "0, GPU-1, [Insufficient Permissions], [Unknown Error]",
        ] {
            #expect(NvidiaFailure(parsing: text) == nil, "\(text)")
        }
        #expect(NvidiaFailure(parsing: "1, [GPU is lost], [GPU is lost]")?.code == .gpuLost)
        #expect(!NvidiaFailure.isCertain("npu-smi: command not found"))
    }
}
