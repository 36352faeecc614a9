import ClusterTypes
import Platform
import ProtocolMessages
import Testing

@testable import AgentSlots

@Suite("Parts of the slot runtime")
struct PartsTests {
    @Test func `a local message is read as it was written`() throws {
        let key = SlotKey(SlotID(12), Generation(3))
        let messages: [LocalMessage] = [
            .agent(.pullTasks(key, credits: 5)),
            .coordinator(.stopSlot(key, reason: "why not")),
            .hello(RunningSlot(key: key, state: .running, tasks: [TaskAttempt(index: .max, attempt: 2)])),
            .lease(deadline: -5),
            .end(SlotEndTime(warnAt: -7, until: .max)),
            .setup(SlotSetup(nodeName: "n", deviceVariables: ["A=", "B=1,2"], leaseDeadline: 77)),
            .setup(SlotSetup(nodeName: "", deviceVariables: [], leaseDeadline: nil)),
            .logs(bytes: 1 << 40),
        ]
        let codec = LocalCodec()
        let bytes = try messages.reduce(into: [UInt8]()) { $0 += try codec.encode($1) }
        #expect(try codec.decodeFile(bytes) == messages)
        // Byte by byte as well.
        var buffer = FrameBuffer()
        var read: [LocalMessage] = []
        for byte in bytes {
            buffer.append([byte])
            while let frame = try buffer.next() { read.append(try codec.decode(frame)) }
        }
        #expect(read == messages)
    }

    @Test func `bytes that are no local message are refused`() throws {
        let codec = LocalCodec()
        #expect(throws: ProtocolError.self) { try codec.decodeFile([0, 0, 0, 0]) }
        #expect(throws: ProtocolError.self) { try codec.decodeFile([255, 255, 255, 255, 1]) }
        #expect(throws: ProtocolError.self) { try codec.decode([]) }
        #expect(try codec.decode([99, 1]) == .unknown)
        for kind in 3...6 as ClosedRange<UInt8> {
            #expect(throws: ProtocolError.self) { try codec.decode([kind, 1, 2]) }
            #expect(throws: ProtocolError.self) {
                try codec.decode([kind] + [UInt8](repeating: 255, count: kind == 4 || kind == 6 ? 3 : 40))
            }
        }
    }

    @Test func `more bytes of logs than can be added up are refused`() {
        let codec = LocalCodec()
        for bytes in [-1, 1 << 40 + 1, .max] as [Int64] {
            #expect(throws: ProtocolError.self) { try codec.decodeFile(codec.encode(.logs(bytes: bytes))) }
        }
    }

    @Test func `placeholders divide a word`() {
        #expect(CommandPlan.divided("plain") == ["plain"])
        #expect(CommandPlan.divided("{}") == ["", ""])
        #expect(CommandPlan.divided("a{}b{}") == ["a", "b", ""])
        #expect(CommandPlan.divided("{ } {") == ["{ } {"])
    }

    @Test(arguments: [
        ("echo hi", ["/bin/sh", "/s"]),
        ("#!/bin/bash\necho", ["/bin/bash", "/s"]),
        ("#! /usr/bin/env  python3 -u \nprint()", ["/usr/bin/env", "python3 -u", "/s"]),
        ("#!\necho", ["/bin/sh", "/s"]),
        ("", ["/bin/sh", "/s"]),
    ]) func `a script chooses its interpreter in its first line`(text: String, words: [String]) {
        #expect(CommandPlan.words(of: .script(text), script: "/s") == words)
    }

    @Test(arguments: [
        ("a:1", "a slots=1\n"), ("a:1,b:20", "a slots=1\nb slots=20\n"),
        ("[fd00::1]:3", "[fd00::1] slots=3\n"), ("", nil), ("a", nil), ("a:", nil), (":1", nil), ("a:0", nil),
        ("a:1,", nil), ("a:-1", nil), ("a:x", nil), ("a b:1", nil), ("a\nb:1", nil), ("a:99999999999", nil),
    ])
    func `a hostfile has a line for each node`(hosts: String, text: String?) {
        #expect(Hostfile.text(for: ["MORTISE_HOSTS=" + hosts]) == text)
        #expect(Hostfile.text(for: ["MORTISE_HOSTS=x:9", "MORTISE_HOSTS=" + hosts]) == text)
        #expect(Hostfile.text(for: ["OTHER=" + hosts]) == nil)
    }

    @Test func `a rank table is the one that HCCL reads, and says what it lacks`() {
        var table = RankTable(servers: [
            .init(
                address: "10.0.0.1",
                devices: [
                    .init(physicalID: 4, address: "10.1.0.4"), .init(physicalID: 0, address: "10.1.0.1"),
                ]),
            .init(address: "10.0.0.2", devices: [.init(physicalID: 7, address: nil)]),
        ])
        #expect(
            RankTableFile.text(for: table) == """
                {
                  "version": "1.0",
                  "server_count": "2",
                  "server_list": [
                    {
                      "server_id": "10.0.0.1",
                      "device": [
                        {
                          "device_id": "4",
                          "device_ip": "10.1.0.4",
                          "rank_id": "0"
                        },
                        {
                          "device_id": "0",
                          "device_ip": "10.1.0.1",
                          "rank_id": "1"
                        }
                      ],
                      "host_nic_ip": "reserve"
                    },
                    {
                      "server_id": "10.0.0.2",
                      "device": [
                        {
                          "device_id": "7",
                          "rank_id": "2"
                        }
                      ],
                      "host_nic_ip": "reserve"
                    }
                  ],
                  "status": "completed"
                }

                """)
        #expect(RankTableFile.lack(of: table)?.contains("no device_ip for NPU 7 of 10.0.0.2:") == true)
        table.servers[1].devices[0].address = "10.1.0.7"
        #expect(RankTableFile.lack(of: table) == nil)
    }

    @Test func `processors near devices are those of their memory nodes, where all are known`() {
        var devices = (0..<4).map { index in
            DeviceReport(
                type: .gpu, vendor: "nvidia", model: "H200", index: UInt32(index), visibleID: "GPU-\(index)")
        }
        for device in 0..<3 { devices[device].memoryNode = device == 2 ? 5 : UInt32(1 - device) }
        let nodes = [
            MemoryNodeReport(number: 0, processors: "0-15,32-47", totalBytes: 1),
            MemoryNodeReport(number: 1, processors: "16-31", totalBytes: 1),
        ]
        func near(_ granted: UInt32...) -> String? {
            DeviceVariables.processors(
                near: granted.map { DeviceGrant(device: $0, shares: 1) }, devices: devices, memoryNodes: nodes
            )
        }
        #expect(near(0) == "16-31" && near(1) == "0-15,32-47")
        #expect(near(0, 1) == "0-15,32-47,16-31" && near(1, 1) == "0-15,32-47")
        #expect(near() == nil && near(2) == nil && near(0, 3) == nil && near(4) == nil)
    }

    @Test func `a later variable replaces an earlier one and values may be anything`() {
        var variables = Variables(["A=1", "B=x=y"])
        variables.set(["A=2", "nothing", "=empty", "C="])
        #expect(variables.entries == ["A=2", "B=x=y", "C="])
        #expect(variables["B"] == "x=y")
        #expect(variables["D"] == nil)
    }

    @Test func `device variables name what is granted and hide the rest`() throws {
        let gpus = (0..<2).map { index in
            DeviceReport(
                type: .gpu, vendor: "nvidia", model: "H200", index: UInt32(index), visibleID: "GPU-\(index)")
        }
        let chips = (0..<2).map { index in
            DeviceReport(
                type: .npu, vendor: "huawei", model: "910B", index: UInt32(index), visibleID: "\(index)")
        }
        func variables(_ devices: [DeviceReport], _ granted: [UInt32]) throws -> [String] {
            try DeviceVariables.variables(
                grants: granted.map { DeviceGrant(device: $0, shares: 500) }, devices: devices)
        }
        #expect(try variables([], []) == [])
        #expect(try variables(gpus, []) == ["CUDA_VISIBLE_DEVICES=", "NVIDIA_VISIBLE_DEVICES="])
        #expect(
            try variables(gpus, [1, 0])
                == ["CUDA_VISIBLE_DEVICES=GPU-0,GPU-1", "NVIDIA_VISIBLE_DEVICES=GPU-0,GPU-1"])
        #expect(try variables(chips, [1]) == ["ASCEND_RT_VISIBLE_DEVICES=1", "ASCEND_VISIBLE_DEVICES=1"])
        var part = chips[1]
        part.parent = chips[0].visibleID
        part.visibleID = "101"
        #expect(
            try variables([chips[0], part], [1]) == [
                "ASCEND_RT_VISIBLE_DEVICES=", "ASCEND_VISIBLE_DEVICES=101", "ASCEND_RUNTIME_OPTIONS=VIRTUAL",
            ])
        #expect(throws: DeviceVariables.Failure.self) { try variables(gpus, [2]) }
    }

    @Test(arguments: [
        ("amd", ["ROCR_VISIBLE_DEVICES=v1"], ["ROCR_VISIBLE_DEVICES="]),
        // An empty mask of Level Zero would hide nothing.
        ("intel", ["ZE_AFFINITY_MASK=v1"], ["ZE_AFFINITY_MASK=2"]),
        (
            "habana", ["HABANA_VISIBLE_MODULES=v1", "HABANA_VISIBLE_DEVICES=1"],
            ["HABANA_VISIBLE_MODULES=", "HABANA_VISIBLE_DEVICES="]
        ),
        ("cambricon", ["MLU_VISIBLE_DEVICES=v1"], ["MLU_VISIBLE_DEVICES="]),
        (
            "moorethreads", ["MUSA_VISIBLE_DEVICES=v1", "MTHREADS_VISIBLE_DEVICES=v1"],
            ["MUSA_VISIBLE_DEVICES=", "MTHREADS_VISIBLE_DEVICES="]
        ),
        ("unheard-of", [], []),
    ]) func `each vendor has its own variables`(vendor: String, one: [String], none: [String]) throws {
        let devices = (0..<2).map { index in
            DeviceReport(
                type: .gpu, vendor: vendor, model: "X", index: UInt32(index), visibleID: "v\(index)")
        }
        let grant = DeviceGrant(device: 1, shares: 1_000)
        #expect(try DeviceVariables.variables(grants: [grant], devices: devices) == one)
        #expect(try DeviceVariables.variables(grants: [], devices: devices) == none)
    }

    @Test func `a device that no tool has named sets no variable`() throws {
        let device = DeviceReport(type: .gpu, vendor: "nvidia", model: "X", index: 0, visibleID: "")
        #expect(try DeviceVariables.variables(grants: [], devices: [device]) == [])
    }

    @Test func `the end of stderr is text of at most one kibibyte`() {
        #expect(OutputCapture.text(Array("wrong\n".utf8)) == "wrong")
        #expect(OutputCapture.text([0xFF, 0x41, 0x00, 0x1B]) == "\u{FFFD}A\u{FFFD}\u{FFFD}")
        let text = OutputCapture.text([UInt8](repeating: 0xFF, count: 1_024))
        #expect(text.utf8.count <= 1_024 && text.utf8.count > 1_000)
    }

    @Test func `the oldest logs make room for new ones`() {
        var keeper = TaskLogKeeper()
        for number in 0..<TaskLogKeeper.fileLimit { #expect(keeper.add(path: "\(number)", bytes: 1) == []) }
        #expect(keeper.add(path: "next", bytes: 1) == ["0"])
        #expect(keeper.add(path: "large", bytes: TaskLogKeeper.byteLimit).count == TaskLogKeeper.fileLimit)
        #expect(keeper.totalBytes == TaskLogKeeper.byteLimit)
    }

    @Test func `the own control group is found below its mount`() throws {
        let mounts = """
            31 23 0:27 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro
            32 31 0:28 / /sys/fs/cgroup/unified rw,relatime shared:5 - cgroup2 cgroup2 rw
            """
        let found = try #require(
            ControlGroup.ownFolder(mounts: mounts, groups: "1:cpu:/x\n0::/user.slice/a.service\n"))
        #expect(found.folder == "/sys/fs/cgroup/unified/user.slice/a.service")
        #expect(found.parent == "/sys/fs/cgroup/unified/user.slice")
        let root = try #require(ControlGroup.ownFolder(mounts: mounts, groups: "0::/\n"))
        #expect(root.folder == "/sys/fs/cgroup/unified")
        #expect(root.parent == nil)
        #expect(ControlGroup.ownFolder(mounts: "", groups: "0::/\n") == nil)
    }
}
