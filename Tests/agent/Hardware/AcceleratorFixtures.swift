/// Texts in the structure of the tools, made up.
enum AcceleratorFixtures {
    static let amdStatic = """
        WARNING: some line of a log
        CPU: 0
            SMU:
                FW_VERSION: 1.2.3

        GPU: 0
            ASIC:
                MARKET_NAME: Test Instinct
                ASIC_SERIAL: 0x1F2E
            BUS:
                BDF: 0000:05:00.0
                MAX_PCIE_WIDTH: 16
            LIMIT:
                SOCKET_POWER: 500 W
            DRIVER:
                NAME: amdgpu
                VERSION: 6.1
            BOARD:
                PRODUCT_NAME: Other [Test]
            VRAM:
                TYPE: HBM
                SIZE: 1000 MB

        GPU: 3
            ASIC:
                MARKET_NAME: N/A
                ASIC_SERIAL: 0x2F2E
            BUS:
                BDF: 0001:05:00.0
            BOARD:
                PRODUCT_NAME: Board name
            VRAM:
                SIZE: N/A
        """

    static let amdMetric = """
        {
            "gpu_data": [
                {
                    "gpu": 0,
                    "usage": { "gfx_activity": { "value": 42.5, "unit": "%" } },
                    "power": { "socket_power": { "value": 410.5, "unit": "W" }, "throttle_status": "THROTTLED" },
                    "temperature": { "edge": "N/A", "hotspot": { "value": 68, "unit": "C" } },
                    "mem_usage": { "total_vram": { "value": 1000, "unit": "MB" }, "used_vram": { "value": 7, "unit": "MB" } },
                    "ecc": { "total_uncorrectable_count": 2, "total_correctable_count": 5 }
                },
                {
                    "gpu": 3,
                    "usage": "N/A",
                    "power": { "socket_power": "N/A" }
                }
            ]
        }

        """

    static let amdTable = """
        +------------------------------------------------------------------------------+
        | AMD-SMI 27.1.0+abc           amdgpu version: 6.20     ROCm version: 8.0.0    |
        | VBIOS version: 1                                                             |
        |-------------------------------------+----------------------------------------|
        | BDF                        GPU-Name | Mem-Uti   Temp   UEC       Power-Usage |
        | GPU  HIP-ID  OAM-ID  Partition-Mode | GFX-Uti    Fan               Mem-Usage |
        |=====================================+========================================|
        | 0000:0f:00.0       Test Instinct VF | 3 %      37 °C   0           141/750 W |
        |   0       0       2        SPX/NPS1 | 9 %        N/A           285/196288 MB |
        |-------------------------------------+----------------------------------------|
        | 0000:1f:00.0                 0x1586 | N/A        N/A   0             N/A/0 W |
        |   1       1     N/A             N/A | N/A        N/A             13/65536 MB |
        +-------------------------------------+----------------------------------------+
        | Processes:                                                                   |
        |  No running processes found                                                  |
        """

    static let amdMonitor = """
        GPU  POWER  GPU_TEMP  MEM_TEMP  GFX_UTIL  GFX_CLOCK  VRAM_USED  VRAM_TOTAL
          0  141 W     37 °C     28 °C      12 %    132 MHz     283 MB   196300 MB
          1    N/A       N/A     28 °C       N/A    132 MHz     283 MB   196300 MB
        """

    static let rocmJSON = """
        WARNING: a line before
        {"card0": {"Device Name": "0x738c", "Card series": "Test card", "Unique ID": "0xab",
            "Temperature (Sensor edge) (C)": "31.5", "Max Graphics Package Power (W)": "290.0",
            "Average Graphics Package Power (W)": "39.25", "GPU use (%)": "7", "GPU memory use (%)": "99",
            "PCI Bus": "0000:1E:00.0", "VRAM Total Memory (B)": "34342961152", "VRAM Total Used Memory (B)": "6782976",
            "VIS_VRAM Total Memory (B)": "5"},
         "card2": {"Card series": "0x1002", "Unique ID": "N/A", "GPU use (%)": "N/A",
            "Average Graphics Package Power (W)": "N/A (Secondary die)"},
         "system": {"Driver version": "6.2"}}

        """

    static let rocmTable = """

        ========================== ROCm System Management Interface ==========================
        ==================================== Concise Info ====================================
        Device  Node  IDs              Temp    Power   Partitions          SCLK     MCLK     Fan  Perf  PwrCap  VRAM%  GPU%
                      (DID,     GUID)  (Edge)  (Avg)   (Mem, Compute, ID)
        ======================================================================================
        0       1     0x7550,   58314  57.0°C  148.0W  N/A, N/A, 0         1143Mhz  772Mhz   0%   auto  230.0W  59%    8%
        1       2     0x13c0,   38164  N/A     N/A     N/A, N/A, 0         N/A      2400Mhz  0%   auto  75.0W   0%     N/A
        ======================================================================================
        """

    static let rocmOldTable = """
        GPU  Temp (DieEdge)  AvgPwr  SCLK    MCLK     Fan  Perf  PwrCap  VRAM%  GPU%
        0    33.0c           37.0W   300Mhz  1200Mhz  0%   auto  290.0W    0%   5%
        1    32.0c           39.0W   300Mhz  1200Mhz  0%   auto  290.0W    0%   0%
        """

    static let gaudiTable = """
        +-----------------------------------------------------------------------------+
        | HL-SMI Version:                              hl-1.20.0-fw-58.1.1.1          |
        | Driver Version:                                     1.19.1-6f47ddd          |
        | Nic Driver Version:                                 1.19.1-f071c23          |
        |-------------------------------+----------------------+----------------------+
        | AIP  Name        Persistence-M| Bus-Id        Disp.A | Volatile Uncor-Events|
        | Fan  Temp  Perf  Pwr:Usage/Cap|         Memory-Usage | AIP-Util  Compute M. |
        |===============================+======================+======================|
        |   0  HL-225              N/A  | 0000:9a:00.0     N/A |                   0  |
        | N/A   22C   N/A  96W /  600W  |   768MiB /  98304MiB |     3%            0% |
        |-------------------------------+----------------------+----------------------+
        |   1  HL-325L             N/A  | 0000:9b:00.0     N/A |                   0  |
        | N/A   N/A   N/A   N/A / 600W  |   512Mib / 131072MiB |    N/A            0% |
        |-------------------------------+----------------------+----------------------+
        | Compute Processes:                                               AIP Memory |
        |  AIP       PID   Type   Process name                             Usage      |
        |=============================================================================|
        |   0        N/A   N/A    N/A                                      N/A        |
        |   1       618796     C   python two words                        26330MiB
        +=============================================================================+
        """

    static let gaudiCSV = """
        index, module_id, bus_id, name, uuid, memory.total [MiB], memory.used [MiB], utilization.aip [%], temperature.aip [C], power.draw [W], driver_version
        0, 6, 0000:33:00.0, HL-225, 01P0-AA-1, 98304 MiB, 768 MiB, 4 %, 25 C, 93 W, 1.20.0-abc
        1, 2, 0000:9a:00.0, HL-225, N/A, 98304 MiB, N/A, N/A, 25 C, N/A, 1.20.0-abc
        """

    static let gaudiLog = """
        ================ HL-SMI LOG ================
        Driver Version    : 1.20.0-abc
        Attached AIPs     : 2
        [0] AIP (accel0) 0000:19:00.0
            Product Name      : HL-225
            Serial Number     : AX1
            Module status     : Operational
            Module ID         : 3
            UUID              : 01P0-AA-1
            Memory Usage
                Total             : 98304 MB
                Used              : 768 MB
        [1] AIP (accel1) 0000:1a:00.0
            Product Name      : HL-225
            Module status     : Malfunction
        """

    static let cambriconTable = """
        Wed Jan  1 10:00:00 2025
        +------------------------------------------------------------------------------+
        | CNMON v6.2.29                                                 Driver v6.2.10 |
        +-------------------------------+----------------------+-----------------------+
        | Card  VF  Name       Firmware |               Bus-Id | Util        Ecc-Error |
        | Fan   Temp      Pwr:Usage/Cap |         Memory-Usage | Mode     Compute-Mode |
        |===============================+======================+=======================|
        | 0     /   MLU590-M9    v1.5.0 |         0000:0F:00.0 | 12%                 1 |
        |  0%   35C        106 W/ 550 W | 33654 MiB/ 98304 MiB | FULL          Default |
        +-------------------------------+----------------------+-----------------------+
        | 1     /   MLU590-M9    v1.5.0 |         0000:1F:00.0 | N/A               N/A |
        | N/A   N/A           N/A/ 550W |     0 MiB/ xxxxx MiB | FULL          Default |
        +-------------------------------+----------------------+-----------------------+

        +------------------------------------------------------------------------------+
        | Processes:                                                                   |
        |  Card  MI  PID     Command Line                             MLU Memory Usage |
        |==============================================================================|
        |  0     /   4711    python -m train                                  1024 MiB |
        +------------------------------------------------------------------------------+
        """

    static let cambriconOldTable = """
        +------------------------------------------------------------------------------+
        | CNMON v4.20.11                                                               |
        +-------------------------------+----------------------+-----------------------+
        | Card  VF  Name       Firmware | Inited        Driver | Util        Ecc-Error |
        | Fan   Temp      Pwr:Usage/Cap |         Memory-Usage |         vMemory-Usage |
        |===============================+======================+=======================|
        | 0     /   MLU370-X4    v1.1.6 | On          v4.20.11 | 0%          N/A       |
        |  0%   32C         30 W/ 150 W |     0 MiB/ 23308 MiB | 10240 MiB/1048576 MiB |
        +-------------------------------+----------------------+-----------------------+
        """

    static let cambriconInfo = """
        Card 0
            Product Name                   : MLU370-X8
            UUID                           : 2222-11
            Physical Memory Usage
                Total                      : 23374 MiB
                Used                       : 12 MiB
            Utilization
                MLU Average                : 3 %
            Temperature
                Board                      : 28 C
                Chip                       : 31 C
            Power
                Usage                      : 56 W
                Cap                        : 250 W
        """

    static let cambriconJSON = """
        {"CnmonInfo": [{"CardNum": 1, "ProductName": "MLU370-X8", "UUID": "2222-12",
            "PhysicalMemUsage": {"Total": 23374, "Used": 12}, "Utilization": {"MLUAverage": 3},
            "Temperature": {"Chip": 31}}]}

        """

    static let mooreTable = """
        Mon Nov 11 16:07:07 2024
        ---------------------------------------------------------------
            mthreads-gmi:1.12.2          Driver Version:1.2.0
        ---------------------------------------------------------------
        ID   Name           |PCIe                |%GPU  Mem
             Device Type    |Pcie Lane Width     |Temp  MPC Capable
                                                 |      ECC Mode
        +-------------------------------------------------------------+
        0    MTT S4000      |00000000:08:00.0    |88%   44302MiB(49152MiB)
             Physical       |16x(16x)            |65C   YES
                                                 |      N/A
        1    MTT S4000      |00000000:09:00.0    |N/A   2MiB(49152MiB)
             Physical       |16x(16x)            |N/A   YES
                                                 |      N/A
        ---------------------------------------------------------------

        ---------------------------------------------------------------
        Processes:
        ID   PID       Process name                         GPU Memory
                                                                 Usage
        +-------------------------------------------------------------+
           No running processes found
        ---------------------------------------------------------------
        """

    static let mooreJSON = """
        {
            "Driver Version": "3.3.5-server",
            "Attached GPUs": "1",
            "GPU": [
                {
                    "Index": "0",
                    "Product Name": "MTT S5000",
                    "GPU UUID": "3992-01",
                    "PCI": { "Bus": "0x2A", "Bus ID": "00000000:2a:00.0" },
                    "FB Memory Usage": { "Total": "81920MiB", "Used": "5MiB" },
                    "Utilization": { "Gpu": "6%", "Memory": "0%" },
                    "Temperature": { "GPU Current Temp": "27C" },
                    "Power Readings": { "Power Draw ": "96.66W", "Current Power Limit": "950.00W" }
                }
            ]
        }

        """

    static let mooreLog = """
        ==============MTHREADS-GMI LOG==============
        Timestamp                          : Mon Nov 11 16:07:07 2024
        Driver Version                     : 2.7.0
        Attached GPUs                      : 1
        GPU0 00000000:04:00.0
            Product Name                   : MTT S80
            GPU UUID                       : aa-01
            MTBios Version                 : 4.3
            FB Memory Usage
                Total                      : 16384MiB
                Used                       : 2MiB
            Utilization
                Gpu                        : 0%
            Temperature
                GPU Current Temp           : 49C
        """

    static let intelTable = """
        +-----------+----------------------------------------------------+
        | Device ID | Device Information                                 |
        +-----------+----------------------------------------------------+
        | 0         | Device Name: Intel(R) Test GPU                     |
        |           | Vendor Name: Intel(R) Corporation                  |
        |           | UUID: 00000000-0001                                |
        |           | PCI BDF Address: 0000:4d:00.0                      |
        |           | Memory Physical Size: 1024.00 MiB                  |
        +-----------+----------------------------------------------------+
        | 1         | Device Name: Intel(R) Test GPU                     |
        |           | UUID: 00000000-0002                                |
        |           | PCI BDF Address: 0000:4e:00.0                      |
        +-----------+----------------------------------------------------+
        """

    static let intelJSON = """
        {"device_list": [{"device_id": 1, "device_name": "Intel(R) Test GPU", "pci_bdf_address": "0000:4d:00.0",
            "uuid": "00000000-0001", "vendor_name": "Intel(R) Corporation"}]}

        """

    static let intelProperties = """
        Device ID,Device Name,UUID,Driver Version,PCI BDF Address,Memory Physical Size
        0,"Intel(R) Test, GPU","00-1","1.3.2","0000:4d:00.0","16288.00 MiB"
        1,"Intel(R) Test GPU","00-2","1.3.2","0000:4e:00.0","N/A"
        """

    static let intelSamples = """
        Timestamp, DeviceId, GPU Utilization (%), GPU Power (W), GPU Core Temperature (Celsius Degree), GPU Memory Used (MiB)
        06:14:46.000,    0, 3.25, 14.61, 41.00, 24.5
        06:14:47.000,    1, N/A, N/A, N/A, N/A
        06:14:48.000,    0, 4.00, 15.00, , 25.00
        """

    static let intelStatistics = """
        +-----------------------------+------------------------------------------+
        | Device ID                   | 0                                        |
        +-----------------------------+------------------------------------------+
        | GPU Utilization (%)         | 17                                       |
        | Compute Engine Util (%)     | 0; Engine 0: 0                           |
        | Mem Errors Uncorrectable    | 0                                        |
        | GPU Power (W)               | 15                                       |
        | GPU Core Temperature (C)    |                                          |
        | GPU Memory Used (MiB)       | 24                                       |
        +-----------------------------+------------------------------------------+
        """

    static let intelHealth = """
        +------------------------------+-----------------------------------------+
        | Device ID                    | 0                                       |
        +------------------------------+-----------------------------------------+
        | 1. GPU Core Temperature      | Status: Ok                              |
        |                              | Description: All sensors are healthy.   |
        | 2. GPU Memory                | Status: Critical                        |
        |                              | Description: A channel is broken.       |
        | 3. GPU Power                 | Status: Ok                              |
        +------------------------------+-----------------------------------------+
        """

    static let intelProcesses = """
        PID       Command             DeviceID       SHR            MEM
        12961     xpu tool            0              0              1966
        12962     python3             1              10             2048
        """

    /// With the form that each is to be recognised as, and how many devices it has.
    static let all: [(text: String, form: String, devices: Int)] = [
        (amdStatic, "amd-smi", 2), (amdMetric, "amd-smi", 2), (amdTable, "amd-smi", 2),
        (amdMonitor, "amd-smi", 2),
        (rocmJSON, "rocm-smi", 2), (rocmTable, "rocm-smi", 2), (rocmOldTable, "rocm-smi", 2),
        (gaudiTable, "hl-smi", 2), (gaudiCSV, "hl-smi", 2), (gaudiLog, "hl-smi", 2),
        (cambriconTable, "cnmon", 2), (cambriconOldTable, "cnmon", 1), (cambriconInfo, "cnmon", 1),
        (cambriconJSON, "cnmon", 1), (mooreTable, "mthreads-gmi", 2), (mooreJSON, "mthreads-gmi", 1),
        (mooreLog, "mthreads-gmi", 1), (intelTable, "xpu-smi", 2), (intelJSON, "xpu-smi", 1),
        (intelProperties, "xpu-smi", 2), (intelSamples, "xpu-smi", 2), (intelStatistics, "xpu-smi", 1),
        (intelHealth, "xpu-smi", 1), (intelProcesses, "xpu-smi", 0),
    ]
}
