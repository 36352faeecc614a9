/// Outputs in the structure of `npu-smi`, with made-up values.
enum AscendFixtures {
    /// Cards with two dies, each with a row of its card; a table of processes.
    static let twoDies = """
        +------------------------------------------------------------------------------------------------+
        | npu-smi 24.1.rc9                 Version: 24.1.rc8                                             |
        +---------------------------+---------------+----------------------------------------------------+
        | NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
        | Chip  Phy-ID              | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
        +===========================+===============+====================================================+
        | 2     Ascend910           | OK            | 171.5       33                4    / 16            |
        | 0     4                   | 0000:8A:00.0  | 7           0    / 0          41234/ 65536         |
        +------------------------------------------------------------------------------------------------+
        | 2     Ascend910           | Warning       | -           36                0    / 0             |
        | 1     5                   | 0000:8C:00.0  | 93          0    / 0          2871 / 65536         |
        +===========================+===============+====================================================+
        +---------------------------+---------------+----------------------------------------------------+
        | NPU     Chip              | Process id    | Process name             | Process memory(MB)      |
        +===========================+===============+====================================================+
        | 2       0                 | 48151         | train worker             | 38123                   |
        | 2       1                 | 48152         |                          | 90                      |
        +===========================+===============+====================================================+

        """

    /// Two chips of a card without HBM, no power, and a card that starts at 6.
    static let duo = """
        +--------------------------------------------------------------------------------------------------------+
        | npu-smi 25.1.0                                   Version: 25.1.0                                       |
        +-------------------------------+-----------------+------------------------------------------------------+
        | NPU     Name                  | Health          | Power(W)     Temp(C)           Hugepages-Usage(page) |
        | Chip    Device                | Bus-Id          | AICore(%)    Memory-Usage(MB)                        |
        +===============================+=================+======================================================+
        | 6       310P3                 | OK              | NA           41                0     / 0             |
        | 0       0                     | 0000:0B:00.0    | 0            1511 / 44280                            |
        +-------------------------------+-----------------+------------------------------------------------------+
        | 6       310P3                 | Alarm           | NA           43                0     / 0             |
        | 1       1                     | 0000:0B:00.0    | 12           NA / 43693                              |
        +===============================+=================+======================================================+
        +-------------------------------+-----------------+------------------------------------------------------+
        | NPU     Chip                  | Process id      | Process name             | Process memory(MB)        |
        +===============================+=================+======================================================+
        | No running processes found in NPU 6                                                                    |
        +===============================+=================+======================================================+

        """

    /// No column for the chip, and cards in a column of their own.
    static let newest = """
        +-------------------------------------------------------------------------------------------------+
        | npu-smi 26.1.rc1                                 Version: 26.1.rc1                              |
        +--------+------------------+---------------+-----------------------------------------------------+
        | NPU ID | Name             | Health        | Power(W)    Temp(C)           Hugepages-Usage(page) |
        |        |                  | Bus-Id        | NPU Util(%) Memory-Usage(MB)  HBM-Usage(MB)         |
        +========+==================+===============+=====================================================+
        | 0      | Ascend950XX      | OK            | 201.3       44                0     / 0             |
        |        |                  | NA            | 58          0    / 0          9120  / 114688        |
        +========+==================+===============+=====================================================+
        | 3      | Ascend950XX      | Critical      | 199.0       91                0     / 0             |
        |        |                  | NA            | 0           0    / 0          0     / 114688        |
        +========+==================+===============+=====================================================+
        +---------------------------+---------------+-----------------------------------------------------+
        | NPU ID                    | Process id    | Process name             | Process memory(MB)       |
        +===========================+===============+=====================================================+
        | 0                         | 733           | infer                    | 8100                     |
        +===========================+===============+=====================================================+
        | No running processes found in NPU 3                                                             |
        +===========================+===============+=====================================================+

        """

    static let mapping = """
        \tNPU ID                         Chip ID                        Chip Logic ID                  \
        Chip Phy-ID                    Chip Name
        \t2                              0                              1                              \
        4                              Ascend 910
        \t2                              1                              0                              \
        5                              Ascend 910
        \t2                              2                              -                              \
        -                              Mcu

        """

    static let list = """
        \tTotal Count                    : 2

        \tNPU ID                         : 1
        \tProduct Name                   : Card Q
        \tSerial Number                  : 77AB01
        \tChip Count                     : 2

        \tNPU ID                         : 4
        \tProduct Name                   : NA
        \tSerial Number                  : NA
        \tChip Count                     : 1

        """

    static let common = """
        \tNPU ID                         : 3
        \tChip Count                     : 2

        \tChip ID                        : 0
        \tMemory Usage Rate(%)           : 9
        \tHBM Usage Rate(%)              : 81
        \tAicore Usage Rate(%)           : 66
        \tAicore Freq(MHZ)               : 1650
        \tAicore curFreq(MHZ)            : 900
        \tAicore Count                   : 24
        \tTemperature(C)                 : 52
        \tNPU Real-time Power(W)         : 188.4

        \tChip ID                        : 1
        \tMemory Usage Rate(%)           : 10
        \tHBM Usage Rate(%)              : NA
        \tAicore Usage Rate(%)           : 67
        \tTemperature(C)                 : -3
        \tNPU Real-time Power(W)         : 190.0

        \tChip Name                      : mcu
        \tTemperature(C)                 : 38
        \tNPU Real-time Power(W)         : 51.7

        """

    /// The number of a chip is the last line of its block.
    static let usages = """
        \tNPU ID                         : 5
        \tChip Count                     : 2

        \tDDR Capacity(MB)               : 14820
        \tDDR Usage Rate(%)              : 11
        \tDDR Hugepages Total(page)      : 32
        \tDDR Hugepages Usage Rate(%)    : 50
        \tHBM Capacity(MB)               : 32000
        \tHBM Usage Rate(%)              : 70
        \tAicore Usage Rate(%)           : 22
        \tDDR Bandwidth Usage Rate(%)    : 1
        \tHBM Bandwidth Usage Rate(%)    : 17
        \tChip ID                        : 0

        \tDDR Capacity(MB)               : 14821
        \tDDR Usage Rate(%)              : 12
        \tHBM Capacity(MB)               : 32001
        \tHBM Usage Rate(%)              : 71
        \tAicore Usage Rate(%)           : 23
        \tChip ID                        : 1

        """

    static let memory = """
        \tNPU ID                         : 2
        \tChip Count                     : 1

        \tDDR Capacity(MB)               : 0
        \tDDR Clock Speed(MHz)           : 0
        \tHBM Capacity(MB)               : 65536
        \tHBM Clock Speed(MHz)           : 1600
        \tHBM Temperature(C)             : 57
        \tHBM Manufacturer ID            : 0x57
        \tChip ID                        : 0

        """

    static let health = """
        \tNPU ID                         : 7
        \tHealth Status                  : Alarm
        \tError Code                     : 80E18401 80C98009
        \tError Information              : node type=HBM, event type=Multi Bit Error

        \t                               : node type=SOC, event: Heartbeat

        """

    static let errorCounts = """
        \tNPU ID                                   : 1
        \tChip Count                               : 1

        \tDDR Single Bit Error Count               : NA
        \tHBM Single Bit Error Count               : 12
        \tHBM Double Bit Error Count               : 3
        \tHBM Single Bit Aggregate Total Err Cnt   : 112
        \tHBM Double Bit Aggregate Total Err Cnt   : 4
        \tHBM Single Bit Isolated Pages Count      : 0
        \tHBM Double Bit Isolated Pages Count      : 2
        \tHBM Double Bit Next-Isolated Pages Count : 9
        \tChip ID                                  : 0

        """

    static let board = """
        \tNPU ID                         : 4
        \tProduct Name                   : Card Q
        \tModel                          : NA
        \tManufacturer                   : Maker
        \tSerial Number                  : 77AB02
        \tSoftware Version               : 24.1.0
        \tFirmware Version               : 7.5.0.1.129
        \tCompatibility                  : OK
        \tBoard ID                       : 0x64
        \tPCB ID                         : A
        \tBOM ID                         : 1
        \tPCIe Bus Info                  : 0000:C2:00.0
        \tSlot ID                        : 9
        \tClass ID                       : NA
        \tPCI Vendor ID                  : 0x19E5
        \tPCI Device ID                  : 0xD802
        \tChip Count                     : 1

        """

    /// Two groups of four.
    static let topology =
        "\t   " + (0..<8).map { "NPU\($0)       " }.joined() + "CPU Affinity\n"
        + (0..<8).map { row in
            "NPU\(row)       "
                + (0..<8).map {
                    $0 == row ? "X          " : $0 / 4 == row / 4 ? "HCCS       " : "SYS        "
                }
                .joined() + "\(row / 4 * 24)-\(row / 4 * 24 + 23)\n"
        }.joined() + "\nLegend:\n\n  X    = Self\n  HCCS = Connection traversing HCCS.\n"

    static let dies = """
                   Phy-ID6    Phy-ID7    ens1
        Phy-ID6    X          SIO        NA
        Phy-ID7    SIO        X          NA

        Legend:
          SIO  = Path traversing the SIO bus

        """

    static let virtual = """
        +-------------------------------------------------------------------------------+
        | NPU resource static info as follow:                                           |
        | Format:Free/Total                   NA: Currently, query is not supported.    |
        | AICORE    Memory    AICPU    VPC    VENC    VDEC    JPEGD    JPEGE    PNGD    |
        |            GB                                                                 |
        |===============================================================================|
        | 5/20      16/64     2/6      4/9    0/0     1/2     6/24     2/4      NA/NA   |
        +-------------------------------------------------------------------------------+
        | Total number of vnpu: 2                                                       |
        +-------------------------------------------------------------------------------+
        |  Vnpu ID  |  Vgroup ID     |  Container ID  |  Status  |  Template Name       |
        +-------------------------------------------------------------------------------+
        |  164      |  1             |  ffffffffffff  |  0       |  vir05_1c_16g        |
        +-------------------------------------------------------------------------------+
        |  165      |  NA            |  00e1a77c0d21  |  1       |  vir10_3c_32g        |
        +-------------------------------------------------------------------------------+

        """

    static let templates = """
        +------------------------------------------------------------------------------------------+
        |NPU instance template info is:                                                            |
        |Name                AICORE    Memory    AICPU     VPC            VENC           JPEGD     |
        |                               GB                 PNGD           VDEC           JPEGE     |
        |==========================================================================================|
        |vir10_3c_32g        10        32        3         4              0              12        |
        |                                                  0              1              2         |
        +------------------------------------------------------------------------------------------+
        |vir05_1c_16g        5         16        1         2              0              6         |
        |                                                  0              0              1         |
        +------------------------------------------------------------------------------------------+

        """

    static let processes = """
        \tNPU ID                         : 1
        \tChip Count                     : 2

        \tProcess id:8122  Process name:llm: serve          Process memory(MB):20480
        \tProcess id:8123  Process name:                    Process memory(MB):17
        \tChip ID                        : 0

        \tNo process in device.
        \tChip ID                        : 1

        """

    static let watch = """
        NpuID(Idx)  ChipId(Idx) Pwr(W)      Temp(C)     AI Core(%)  AI Cpu(%)   Ctrl Cpu(%) Memory(%)   Memory BW(%)
        1           0           93.1        40          0           0           3           5           0
        1           1           -           41          12          0           3           NA          0
        1           0           110.6       42          88          0           4           36          21

        """

    static let version = "npu-smi version: 24.1.rc9\n"

    static let all: [(form: String, text: String)] = [
        ("npu-smi-info", twoDies), ("npu-smi-info", duo), ("npu-smi-info", newest),
        ("npu-smi-mapping", mapping), ("npu-smi-list", list), ("npu-smi-common", common),
        ("npu-smi-usages", usages), ("npu-smi-memory", memory), ("npu-smi-health", health),
        ("npu-smi-ecc", errorCounts), ("npu-smi-board", board), ("npu-smi-topo", topology),
        ("npu-smi-topo", dies), ("npu-smi-vnpu", virtual), ("npu-smi-proc-mem", processes),
        ("npu-smi-watch", watch), ("npu-smi-version", version),
    ]
}
