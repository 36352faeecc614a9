import ClusterTypes
import ProtocolCodec
import ProtocolMessages
import Testing

@Suite struct VersionTests {
    @Test func neighbouringMinorVersionsAgreeOnTheLowerOne() {
        let current = ProtocolVersion(major: 1, minor: 5)
        let older = ProtocolVersion(major: 1, minor: 4)
        let newer = ProtocolVersion(major: 1, minor: 6)
        #expect(current.agreed(with: older) == older)
        #expect(older.agreed(with: current) == older)
        #expect(current.agreed(with: newer) == current)
        #expect(newer.agreed(with: current) == current)
        #expect(current.agreed(with: current) == current)
    }

    @Test func aForeignMajorVersionHasNothingInCommon() {
        let current = ProtocolVersion.current
        #expect(current.agreed(with: ProtocolVersion(major: current.major + 1, minor: 0)) == nil)
        #expect(ProtocolVersion(major: 0, minor: 9).agreed(with: current) == nil)
    }

    @Test func theSubprotocolNamesTheMajorVersion() {
        #expect(ProtocolVersion.subprotocol == "mortise.agent.v\(ProtocolVersion.current.major)")
    }

    @Test func fieldsOfANewerMinorVersionAreIgnored() throws {
        let newer =
            Wire.number(90, 7) + Wire.fixed32(91) + Wire.fixed64(92) + Wire.bytes(93, [1, 2, 3])
            + Wire.bytes(500_000, Wire.number(1, 1))
        let key = Wire.bytes(1, Wire.number(1, 12) + newer + Wire.number(2, 3))
        let pull = Wire.bytes(5, newer + key + Wire.number(2, 64) + newer)
        var decoder = FrameDecoder()
        let message = try decoder.agentMessage(plainFrame(newer + pull + newer))
        #expect(message == .pullTasks(SlotKey(SlotID(12), Generation(3)), credits: 64))

        let acknowledged = Wire.bytes(3, Wire.number(1, 9) + newer)
        #expect(
            try decoder.coordinatorMessage(plainFrame(acknowledged + newer))
                == .heartbeatAcknowledged(sequence: 9))
    }

    @Test func aMessageOfANewerMinorVersionIsAnUnknownMessage() {
        var decoder = FrameDecoder()
        let envelope = Wire.bytes(99, Wire.number(1, 1))
        #expect(protocolError { try decoder.agentMessage(plainFrame(envelope)) }?.code == .unknownMessage)
        #expect(
            protocolError { try decoder.coordinatorMessage(plainFrame(envelope)) }?.code == .unknownMessage)
        #expect(protocolError { try decoder.agentMessage([0]) }?.code == .unknownMessage)
    }

    /// By hand, as an agent in another language would: the numbers of the envelopes' messages are for ever.
    @Test func theNumbersOfTheMessagesStayAsTheyAre() throws {
        var encoder = FrameEncoder()
        func tags(_ frames: [[UInt8]]) throws -> [UInt8] {
            try frames.map { try envelope(ofFrame: $0)[0] >> 3 }
        }
        var generator = MessageGenerator(seed: 1)
        let agent = try (0..<MessageGenerator.agentKinds).map {
            try encoder.encode(generator.agentMessage(kind: $0))
        }
        // 2 is the heartbeat for a coordinator before 1.2.
        #expect(try tags(agent) == [1, 13] + Array(3...12))
        let coordinator = try (0..<MessageGenerator.coordinatorKinds).map {
            try encoder.encode(generator.coordinatorMessage(kind: $0))
        }
        #expect(try tags(coordinator) == Array(1...13))
    }

    @Test func theNumbersOfTheFieldsStayAsTheyAre() throws {
        var decoder = FrameDecoder()
        let key = Wire.number(1, 12) + Wire.number(2, 3)
        let result =
            Wire.number(1, 5) + Wire.number(2, 2) + Wire.number(3, 137) + Wire.bytes(4, Array("killed".utf8))
            + Wire.number(5, 1_000) + Wire.number(6, 2_000)
        let results = Wire.bytes(6, Wire.bytes(1, key) + Wire.bytes(2, result))
        #expect(
            try decoder.agentMessage(plainFrame(results))
                == .taskResults(
                    SlotKey(SlotID(12), Generation(3)),
                    [
                        TaskResult(
                            attempt: TaskAttempt(index: 5, attempt: 2), exitCode: 137, reason: "killed",
                            startedAt: Instant(microseconds: 1_000), durationMicroseconds: 2_000)
                    ]))

        let orders = Wire.bytes(
            7,
            Wire.bytes(1, key) + Wire.bytes(2, Wire.number(1, 5) + Wire.number(2, 1) + Wire.bytes(3, [0x61])))
        #expect(
            try decoder.coordinatorMessage(plainFrame(orders))
                == .assignTasks(
                    SlotKey(SlotID(12), Generation(3)),
                    [TaskOrder(attempt: TaskAttempt(index: 5, attempt: 1), payload: "a")]))
    }
}
