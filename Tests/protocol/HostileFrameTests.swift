import ClusterTypes
import ProtocolCodec
import ProtocolMessages
import Testing
import Zstd

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct HostileFrameTests {
    @Test func aFrameThatIsCutOffAnywhereIsRefused() throws {
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        var generator = MessageGenerator(seed: 11)
        for kind in [0, 1, 3, 6] {
            let whole = try encoder.encode(generator.agentMessage(kind: kind))
            for frame in [whole, plainFrame(try envelope(ofFrame: whole))] {
                for count in 0..<frame.count {
                    let error = protocolError { try decoder.agentMessage(Array(frame.prefix(count))) }
                    #expect(error != nil, "kind \(kind), \(count) of \(frame.count) bytes")
                }
            }
        }
        let assignment = try encoder.encode(generator.coordinatorMessage(kind: 3))
        for count in 0..<assignment.count {
            let error = protocolError { try decoder.coordinatorMessage(Array(assignment.prefix(count))) }
            #expect(error != nil, "\(count) of \(assignment.count) bytes")
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func garbageIsRefused(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var decoder = FrameDecoder()
        for _ in 0..<50 {
            var garbage = (0..<Int.random(in: 0...400, using: &random)).map { _ in
                UInt8(truncatingIfNeeded: random.next())
            }
            if !garbage.isEmpty { garbage[0] &= 3 }
            // Field 15 and above is no message of either envelope: no short draw is valid by chance.
            if garbage.count > 1 { garbage[1] |= 0x78 }
            #expect(protocolError { try decoder.agentMessage(garbage) } != nil, "seed \(seed)")
            #expect(protocolError { try decoder.coordinatorMessage(garbage) } != nil, "seed \(seed)")
        }
    }

    /// Whatever is accepted is a value that this protocol can carry.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func aMessageWithFlippedBitsIsRefusedOrIsAnotherValidMessage(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var generator = MessageGenerator(seed: seed)
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        for kind in 0..<MessageGenerator.agentKinds {
            var frame = plainFrame(try envelope(ofFrame: encoder.encode(generator.agentMessage(kind: kind))))
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let position = Int.random(in: frame.indices, using: &random)
                frame[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
            guard let message = try? decoder.agentMessage(frame) else { continue }
            #expect(
                try decoder.agentMessage(encoder.encode(message)) == message, "seed \(seed), kind \(kind)")
        }
        for kind in 0..<MessageGenerator.coordinatorKinds {
            var frame = plainFrame(
                try envelope(ofFrame: encoder.encode(generator.coordinatorMessage(kind: kind))))
            let position = Int.random(in: frame.indices, using: &random)
            frame[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
            guard let message = try? decoder.coordinatorMessage(frame) else { continue }
            #expect(
                try decoder.coordinatorMessage(encoder.encode(message)) == message,
                "seed \(seed), kind \(kind)")
        }
    }

    @Test func anEmptyFrameAndAnUnknownKindAreMalformed() {
        var decoder = FrameDecoder()
        #expect(protocolError { try decoder.agentMessage([]) }?.code == .malformed)
        #expect(protocolError { try decoder.agentMessage([2, 0x1A, 0x02, 0x08, 0x03]) }?.code == .malformed)
        #expect(protocolError { try decoder.agentMessage([1, 0x1A, 0x02, 0x08, 0x03]) }?.code == .malformed)
        // Group start: proto3 has none.
        #expect(protocolError { try decoder.agentMessage([0, 0x0B, 0x0C]) }?.code == .malformed)
        // A number of eleven bytes.
        let endless = [UInt8](repeating: 0xFF, count: 11)
        #expect(protocolError { try decoder.agentMessage([0] + endless) }?.code == .malformed)
    }

    @Test func aFrameAboveTheLimitIsTooLarge() {
        var decoder = FrameDecoder()
        let frame = [UInt8](repeating: 0, count: ProtocolLimits.frameBytes + 1)
        #expect(protocolError { try decoder.agentMessage(frame) }?.code == .tooLarge)
    }

    @Test func textThatIsNotUnicodeIsMalformed() {
        var decoder = FrameDecoder()
        let leaving = Wire.bytes(10, Wire.bytes(1, [0xC3, 0x28]))
        #expect(protocolError { try decoder.agentMessage(plainFrame(leaving)) }?.code == .malformed)
    }

    @Test(arguments: [nil, 4 << 30, 16 << 20] as [UInt64?])
    func aBombIsRefusedWithoutTakingItsMemory(declaredBytes: UInt64?) {
        // 128 KiB on the wire for 4 GiB of content.
        let bomb = [1] + zstdBomb(blocks: 32_768, declaredBytes: declaredBytes)
        #expect(bomb.count < 132 << 10)
        var decoder = FrameDecoder()
        let before = peakResidentBytes()
        let error = protocolError { try decoder.agentMessage(bomb) }
        #expect(error != nil)
        if declaredBytes != 16 << 20 { #expect(error?.code == .tooLarge) }
        // Room for what other tests take at the same time.
        #expect(peakResidentBytes() - before < 512 << 20)
    }

    @Test func aFrameThatAsksForAHugeWindowIsRefused() {
        var decoder = FrameDecoder()
        let frame = [1] + zstdBomb(blocks: 1, declaredBytes: nil, windowExponent: 31)
        #expect(protocolError { try decoder.agentMessage(frame) } != nil)
    }

    /// Two bytes each on the wire, hundreds each in memory.
    @Test func aListWithMoreEntriesThanItsLimitIsRefusedByItsName() throws {
        var decoder = FrameDecoder()
        func refusal(_ envelope: [UInt8]) throws -> String? {
            let error = protocolError { try decoder.agentMessage(compressedFrame(envelope)) }
            return error?.code == .invalidField ? error?.message : nil
        }
        let devices = Wire.repeated(Wire.bytes(8, []), count: 2_000_000)
        let hello = try refusal(Wire.bytes(1, Wire.bytes(9, devices)))
        #expect(hello?.contains("hardware.devices") == true, "\(hello ?? "accepted")")

        let results = Wire.repeated(Wire.bytes(2, []), count: ProtocolLimits.tasksPerBatch + 1)
        let batch = try refusal(Wire.bytes(6, results))
        #expect(batch?.contains("task_results.results") == true, "\(batch ?? "accepted")")

        // No list is above its own limit, all together are.
        let slot = Wire.bytes(8, Wire.repeated(Wire.bytes(3, []), count: ProtocolLimits.tasksPerBatch))
        let slots = try refusal(Wire.bytes(1, Wire.repeated(slot, count: 300)))
        #expect(slots?.contains("hello.slots.tasks") == true, "\(slots ?? "accepted")")

        // The same message twice in one envelope does not double a limit.
        let twice = try refusal(Wire.repeated(Wire.bytes(1, []), count: 2))
        #expect(twice?.contains("hello") == true, "\(twice ?? "accepted")")
    }

    private func peakResidentBytes() -> Int {
        var usage = rusage()
        // 0 is RUSAGE_SELF, which the C libraries import under different types.
        getrusage(0, &usage)
        #if canImport(Darwin)
            return usage.ru_maxrss
        #else
            return usage.ru_maxrss << 10
        #endif
    }
}
