import ClusterTypes
import ProtocolCodec
import ProtocolMessages
import Testing

/// The encoder writes what it is given; the decoder is the border, so a bad value can be sent to test it.
@Suite struct FieldTests {
    private static let key = SlotKey(SlotID(1), Generation(1))
    private static let attempt = TaskAttempt(index: 0, attempt: 1)

    private static func hello(_ change: (inout Hello) -> Void) -> AgentMessage {
        var hello = Hello(
            build: "0.1.0", cluster: "main", nodeName: "n1", instance: 1, bootID: "b",
            hardware: HardwareReport(
                hostname: "n1", architecture: .amd64, operatingSystem: "Debian", kernel: "6.1",
                processor: ProcessorReport(
                    model: "x", sockets: 1, cores: 1, threads: 2, usableMilliCPU: 2_000),
                memory: MemoryReport(totalBytes: 1, availableBytes: 1),
                disk: DiskReport(path: "/tmp", totalBytes: 1, availableBytes: 1),
                address: AddressReport(local: "127.0.0.1", advertised: "127.0.0.1", rule: "loopback")))
        change(&hello)
        return .hello(hello)
    }

    private static func assign(_ change: (inout Assignment) -> Void) -> CoordinatorMessage {
        var assignment = Assignment(
            key: key, job: JobID(1),
            specification: JobSpecification(app: "a", job: "j", kind: .batch, command: .argv(["true"])))
        change(&assignment)
        return .assign(assignment)
    }

    private static let badAgentMessages: [(field: String, message: AgentMessage)] = [
        ("hello.node_name", hello { $0.nodeName = "" }),
        ("hello.node_name", hello { $0.nodeName = String(repeating: "x", count: 254) }),
        ("hello.node_name", hello { $0.nodeName = "a\nb" }),
        ("hello.cluster", hello { $0.cluster = "" }),
        ("hello.labels", hello { $0.labels = [Label("", "v")] }),
        ("hello.labels", hello { $0.labels = [Label("k", "1"), Label("k", "2")] }),
        ("hello.slots.state", hello { $0.slots = [RunningSlot(key: key, state: .lost)] }),
        (
            "hello.slots.tasks",
            hello {
                $0.slots = [
                    RunningSlot(key: key, state: .running, tasks: [TaskAttempt(index: 1, attempt: 0)])
                ]
            }
        ),
        (
            "hello.slots.key",
            hello { $0.slots = [RunningSlot(key: SlotKey(SlotID(.max), Generation(1)), state: .running)] }
        ),
        ("hardware.memory.total_bytes", hello { $0.hardware.memory.totalBytes = -1 }),
        ("hardware.disk.available_bytes", hello { $0.hardware.disk.availableBytes = .max }),
        ("hardware.processor.usable_milli_cpu", hello { $0.hardware.processor.usableMilliCPU = -1 }),
        ("hardware.tools.name", hello { $0.hardware.tools = [ToolReport(name: "", state: .ok)] }),
        ("slot_report.state", .slotReport(SlotReport(key: key, state: .pending, at: .epoch))),
        (
            "slot_report.exit_code",
            .slotReport(SlotReport(key: key, state: .failed, exitCode: 256, at: .epoch))
        ),
        (
            "slot_report.at_microseconds",
            .slotReport(SlotReport(key: key, state: .running, at: Instant(microseconds: .min)))
        ),
        ("task_results.results.exit_code", .taskResults(key, [TaskResult(attempt: attempt, exitCode: -1)])),
        (
            "task_results.results.duration_microseconds",
            .taskResults(key, [TaskResult(attempt: attempt, exitCode: 0, durationMicroseconds: -1)])
        ),
        ("log_chunk.data", .logChunk(LogChunk(request: 1, bytes: [UInt8](repeating: 65, count: 65_537)))),
        (
            "renew_certificate.certificate_request",
            .renewCertificate(certificateRequest: [UInt8](repeating: 65, count: 65_537))
        ),
    ]

    private static let badCoordinatorMessages: [(field: String, message: CoordinatorMessage)] = [
        (
            "welcome.heartbeat_milliseconds",
            .welcome(Welcome(node: NodeID(1), cluster: "c", heartbeatMilliseconds: 0, leaseMilliseconds: 1))
        ),
        (
            "assign_tasks.orders.payload",
            .assignTasks(
                key,
                [
                    TaskOrder(
                        attempt: attempt,
                        payload: String(repeating: "x", count: ProtocolLimits.payloadBytes + 1))
                ])
        ),
        (
            "assign_tasks.orders.attempt",
            .assignTasks(key, [TaskOrder(attempt: TaskAttempt(index: 1, attempt: 0))])
        ),
        (
            "request_log.tail_bytes",
            .requestLog(
                LogRequest(request: 1, key: key, task: nil, stream: .stdout, follow: false, tailBytes: -1))
        ),
        ("certificate.pem", .certificate(pem: String(repeating: "x", count: ProtocolLimits.textBytes + 1))),
        ("assign.devices.shares", assign { $0.devices = [DeviceGrant(device: 0, shares: 0)] }),
        ("assign.devices.device", assign { $0.devices = [DeviceGrant(device: 1_024, shares: 1)] }),
        ("specification.app", assign { $0.specification.app = "" }),
        ("specification.argv", assign { $0.specification.command = .argv([]) }),
        ("specification.argv", assign { $0.specification.command = .argv(["a\0b"]) }),
        ("specification.script", assign { $0.specification.command = .script("") }),
        ("specification.environment", assign { $0.specification.environment = ["=x"] }),
        ("specification.directory", assign { $0.specification.directory = "relative" }),
        ("specification.slots", assign { $0.specification.slots = SlotCount(minimum: 2, maximum: 1) }),
        ("specification.array", assign { $0.specification.array = TaskArray(first: 0, last: 5, step: 0) }),
        ("specification.timeout_seconds", assign { $0.specification.timeoutSeconds = 0 }),
        ("specification.time_request_seconds", assign { $0.specification.timeRequestSeconds = 0 }),
        ("specification.stop_grace_seconds", assign { $0.specification.stopGraceSeconds = 3_601 }),
        ("specification.priority", assign { $0.specification.priority = 1_001 }),
        ("specification.output_limit_bytes", assign { $0.specification.outputLimitBytes = 0 }),
        (
            "specification.resources.devices.count",
            assign { $0.specification.resources.devices = DeviceRequest(type: .gpu, count: 0) }
        ),
        (
            "specification.retries.rules.exit_code",
            assign { $0.specification.retries.rules = [RetryPolicy.Rule(exitCode: 300, count: 1)] }
        ),
    ]

    @Test(arguments: badAgentMessages.indices)
    func aBadValueFromAnAgentIsRefusedByItsName(index: Int) throws {
        let (field, message) = Self.badAgentMessages[index]
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        let frame = try encoder.encode(message)
        let error = protocolError { try decoder.agentMessage(frame) }
        #expect(error?.code == .invalidField)
        #expect(error?.message.hasPrefix(field + ": ") == true, "\(error?.message ?? "accepted")")
    }

    @Test(arguments: badCoordinatorMessages.indices)
    func aBadValueFromACoordinatorIsRefusedByItsName(index: Int) throws {
        let (field, message) = Self.badCoordinatorMessages[index]
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        let frame = try encoder.encode(message)
        let error = protocolError { try decoder.coordinatorMessage(frame) }
        #expect(error?.code == .invalidField)
        #expect(error?.message.hasPrefix(field + ": ") == true, "\(error?.message ?? "accepted")")
    }

    @Test func theMessagesThatTheTablesChangeAreValid() throws {
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        let hello = Self.hello { _ in }
        let assign = Self.assign { _ in }
        #expect(try decoder.agentMessage(encoder.encode(hello)) == hello)
        #expect(try decoder.coordinatorMessage(encoder.encode(assign)) == assign)
    }

    @Test func aMissingPartIsRefusedByItsName() {
        var decoder = FrameDecoder()
        let cases: [(envelope: [UInt8], field: String)] = [
            (Wire.bytes(1, []), "hello.hardware"),
            (Wire.bytes(4, Wire.number(2, 4)), "slot_report.key"),
            (Wire.bytes(4, Wire.bytes(1, Wire.number(1, 1))), "slot_report.state"),
            (Wire.bytes(6, []), "task_results.key"),
            (Wire.bytes(7, []), "hardware.report"),
        ]
        for (envelope, field) in cases {
            let error = protocolError { try decoder.agentMessage(plainFrame(envelope)) }
            #expect(error == ProtocolError(.invalidField, "\(field): is missing"))
        }
    }

    @Test func aChoiceThatThisVersionDoesNotKnowIsRefusedByItsName() {
        var decoder = FrameDecoder()
        let key = Wire.bytes(1, Wire.number(1, 1) + Wire.number(2, 1))
        let envelope = Wire.bytes(4, key + Wire.number(2, 77))
        let error = protocolError { try decoder.agentMessage(plainFrame(envelope)) }
        #expect(error?.code == .invalidField)
        #expect(error?.message.hasPrefix("slot_report.state: has the value 77") == true)
    }
}
