import ClusterTypes
import ProtocolCodec
import ProtocolMessages
import Testing

@Suite struct RoundTripTests {
    @Test(arguments: 0..<MessageGenerator.agentKinds)
    func everyAgentMessageComesBackAsItWasSent(kind: Int) throws {
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        for seed in 1...60 as ClosedRange<UInt64> {
            var generator = MessageGenerator(seed: seed)
            let message = generator.agentMessage(kind: kind)
            let frame = try encoder.encode(message)
            #expect(try decoder.agentMessage(frame) == message, "seed \(seed), kind \(kind)")
        }
    }

    @Test(arguments: 0..<MessageGenerator.coordinatorKinds)
    func everyCoordinatorMessageComesBackAsItWasSent(kind: Int) throws {
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        for seed in 1...60 as ClosedRange<UInt64> {
            var generator = MessageGenerator(seed: seed)
            let message = generator.coordinatorMessage(kind: kind)
            let frame = try encoder.encode(message)
            #expect(try decoder.coordinatorMessage(frame) == message, "seed \(seed), kind \(kind)")
        }
    }

    @Test func absentAndZeroStayApart() throws {
        let samples = [
            DeviceSample(), DeviceSample(utilizationPercent: 0, memoryUsedBytes: 0, temperatureCelsius: 0),
        ]
        let message = AgentMessage.heartbeat(Heartbeat(sequence: 1, devices: samples))
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        #expect(try decoder.agentMessage(encoder.encode(message)) == message)

        let orders = [
            TaskOrder(attempt: TaskAttempt(index: 0, attempt: 1), payload: nil),
            TaskOrder(attempt: TaskAttempt(index: 0, attempt: 1), payload: ""),
        ]
        let batch = CoordinatorMessage.assignTasks(SlotKey(SlotID(1), Generation(1)), orders)
        #expect(try decoder.coordinatorMessage(encoder.encode(batch)) == batch)
    }

    @Test func smallMessagesGoPlainAndLargeOnesCompressed() throws {
        var encoder = FrameEncoder()
        let small = try encoder.encode(.pull(credits: 3))
        #expect(small == [0, 0x1A, 0x02, 0x08, 0x03])

        let samples = [DeviceSample](
            repeating: DeviceSample(utilizationPercent: 7, memoryUsedBytes: 1 << 30), count: 64)
        let beat = try encoder.encode(.heartbeat(Heartbeat(sequence: 1, devices: samples)))
        #expect(beat.first == 1)
        #expect(beat.count < ProtocolLimits.compressionThresholdBytes)
    }

    @Test func whatDoesNotShrinkGoesPlain() throws {
        var random = SeededRandom(seed: 5)
        let noise = (0..<60_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        let message = AgentMessage.logChunk(LogChunk(request: 1, bytes: noise))
        let frame = try encoder.encode(message)
        #expect(frame.first == 0)
        #expect(try decoder.agentMessage(frame) == message)
    }

    @Test func reasonsForPeopleAreCutBetweenCharacters() throws {
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        let long = "x" + String(repeating: "漢", count: ProtocolLimits.reasonBytes)
        let received = try decoder.agentMessage(encoder.encode(.leaving(reason: long)))
        guard case .leaving(let reason) = received else {
            Issue.record("\(received)")
            return
        }
        #expect(reason.utf8.count <= ProtocolLimits.reasonBytes)
        #expect(reason.utf8.count > ProtocolLimits.reasonBytes - 4)
        #expect(long.hasPrefix(reason))
    }

    @Test func whatOnlyTheCoordinatorLooksAtIsNotSent() throws {
        let plain: [Constraint] = [
            .architecture(.arm64), .pool("p"), .label(key: "a", value: "b"), .node("n"),
        ]
        var sent = JobSpecification(app: "a", job: "j", kind: .batch, command: .argv(["true"]))
        sent.constraints = plain
        let received = sent
        sent.constraints += [
            .labelAmong(key: "a", values: ["b", "c"]), .hasLabel("a"), .lacksLabel("b"),
            .nodes(pattern: "n.+", slots: 1), .with(job: "k"), .apart(job: "j"),
        ]
        sent.resources.counted = [CountedResource("license", 1)]
        sent.placement.alternatives = [sent.resources]
        sent.placement.preferences = [.hasLabel("a")]
        sent.placement.slotsPerNode = 1
        sent.placement.spread = "a"
        sent.placement.gang = Gang()
        sent.placement.virtualCluster = "v"
        sent.placement.isPreemptible = true
        sent.placement.startsPerMinute = 1
        func message(_ specification: JobSpecification) -> CoordinatorMessage {
            .assign(
                Assignment(
                    key: SlotKey(SlotID(1), Generation(1)), job: JobID(1), specification: specification))
        }
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        #expect(try decoder.coordinatorMessage(encoder.encode(message(sent))) == message(received))
    }

    @Test func measurementsAboveTheirRangeAreSentAsItsEnd() throws {
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        let sent = Heartbeat(
            sequence: 1, processorPermille: 1_004, memoryUsedBytes: -5,
            devices: [DeviceSample(utilizationPercent: 101, memoryUsedBytes: -1)])
        let received = Heartbeat(
            sequence: 1, processorPermille: 1_000, memoryUsedBytes: 0,
            devices: [DeviceSample(utilizationPercent: 100, memoryUsedBytes: 0)])
        #expect(try decoder.agentMessage(encoder.encode(.heartbeat(sent))) == .heartbeat(received))
    }

    @Test func aBatchThatIsTooLargeForOneMessageGoesOutInSeveral() throws {
        // Text of 64 different letters: zstd cannot make it smaller than three quarters.
        var random = SeededRandom(seed: 9)
        let orders = (0..<7).map { index in
            let letters = [UInt8](unsafeUninitializedCapacity: ProtocolLimits.payloadBytes) { buffer, count in
                let raw = UnsafeMutableRawBufferPointer(buffer)
                for offset in stride(from: 0, to: raw.count, by: 8) {
                    let eight = random.next() & 0x3F3F_3F3F_3F3F_3F3F | 0x4040_4040_4040_4040
                    raw.storeBytes(of: eight, toByteOffset: offset, as: UInt64.self)
                }
                count = raw.count
            }
            return TaskOrder(
                attempt: TaskAttempt(index: UInt32(index), attempt: 1),
                payload: String(decoding: letters, as: UTF8.self))
        }
        let key = SlotKey(SlotID(3), Generation(2))
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        #expect(protocolError { try encoder.encode(.assignTasks(key, orders)) }?.code == .tooLarge)

        let frames = try encoder.frames(.assignTasks(key, orders))
        #expect(frames.count > 1)
        var received: [TaskOrder] = []
        for frame in frames {
            #expect(frame.count <= ProtocolLimits.frameBytes)
            guard case .assignTasks(key, let part) = try decoder.coordinatorMessage(frame) else {
                Issue.record("a part of the batch is no batch")
                return
            }
            received += part
        }
        #expect(received == orders)
    }

    @Test func aBatchWithTooManyEntriesGoesOutInSeveral() throws {
        let key = SlotKey(SlotID(3), Generation(2))
        let attempts = (0..<10_000 as Range<UInt32>).map { TaskAttempt(index: $0, attempt: 1) }
        let results = attempts.map { TaskResult(attempt: $0, exitCode: 0) }
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        #expect(protocolError { try encoder.encode(.taskResults(key, results)) }?.code == .tooLarge)
        var received: [TaskResult] = []
        for frame in try encoder.frames(.taskResults(key, results)) {
            guard case .taskResults(key, let part) = try decoder.agentMessage(frame) else { continue }
            received += part
        }
        #expect(received == results)
        var acknowledged: [TaskAttempt] = []
        for frame in try encoder.frames(.taskResultsAcknowledged(key, attempts)) {
            guard case .taskResultsAcknowledged(key, let part) = try decoder.coordinatorMessage(frame) else {
                continue
            }
            acknowledged += part
        }
        #expect(acknowledged == attempts)
    }

    @Test func aCommandLineOfManyWordsIsCarried() throws {
        let words = [String](repeating: "x", count: 100_000)
        let entry = "A=" + String(repeating: "y", count: 131_000)
        var specification = JobSpecification(app: "a", job: "j", kind: .batch, command: .argv(words))
        specification.environment = [entry, entry]
        let message = CoordinatorMessage.assign(
            Assignment(key: SlotKey(SlotID(1), Generation(1)), job: JobID(1), specification: specification))
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        #expect(try decoder.coordinatorMessage(encoder.encode(message)) == message)
    }

    @Test func whatCannotBeDividedIsAnError() {
        var encoder = FrameEncoder()
        let long = String(repeating: "x", count: ProtocolLimits.messageBytes)
        #expect(protocolError { try encoder.frames(.certificate(pem: long)) }?.code == .tooLarge)
    }
}
