import ClusterTypes
import LoadModel
import ProtocolGenerated
import ProtocolMessages
import Testing

@testable import ProtocolCodec

struct BeatTests {
    /// One connection: what the agent sends, what the coordinator makes of it.
    private struct Connection {
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        var sender: BeatSender
        var receiver = BeatReceiver()

        mutating func pass(_ beat: Heartbeat) throws -> (frame: [UInt8], received: Heartbeat?) {
            let frame = try encoder.encode(beat, from: &sender, version: .current)
            let message = try decoder.agentMessage(frame.span.bytes, beats: &receiver)
            guard case .heartbeat(let received) = message else { return (frame, nil) }
            return (frame, received)
        }
    }

    /// A beat to the units of the wire.
    private func rounded(_ beat: Heartbeat) throws -> Heartbeat { beat.rounded }

    @Test func noMeasurementCostsANodeItsConnection() throws {
        let most = Heartbeat(
            sequence: .max, uptimeSeconds: .max, loadMilli: .max, processorPermille: .max,
            memoryUsedBytes: .max, diskAvailableBytes: .min,
            rates: TransferRates(diskReadBytes: .max, diskWriteBytes: .min),
            devices: [
                DeviceSample(
                    utilizationPercent: .max, memoryUsedBytes: .max, temperatureCelsius: .max,
                    powerMilliwatts: .max, clockMegahertz: .max, correctedErrors: .max,
                    uncorrectedErrors: .max),
                DeviceSample(memoryUsedBytes: .min, temperatureCelsius: .min),
            ],
            slots: [
                SlotSample(
                    key: SlotKey(SlotID(1), Generation(1)), state: .running, milliCPU: .max,
                    memoryBytes: .max, devicePermille: .max)
            ], runningSlots: .max)
        let received = try BeatValues(most).heartbeat(sequence: 1)
        #expect(received.devices[0].utilizationPercent == 100)
        #expect(received.devices[1].temperatureCelsius == -273)
        #expect(received.diskAvailableBytes == 0)
        #expect(received.rounded == received)
    }

    @Test(arguments: [0, 1] as [UInt32], [(0, 0), (1, 1), (8, 4), (64, 200)])
    func differencesComeOutAsWhatWasMeasured(dictionary: UInt32, shape: (devices: Int, slots: Int)) throws {
        for seed in 1...8 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var load = NodeLoad(seed: seed, devices: shape.devices, slots: shape.slots)
            var connection = Connection(sender: BeatSender(dictionary: dictionary))
            var unacknowledged: [UInt64] = []
            for _ in 0..<120 {
                var beat = load.next(after: 5)
                // Slots come and go, and now and then a device.
                if Int.random(in: 0..<20, using: &random) == 0 { beat.slots = Array(beat.slots.dropFirst()) }
                if Int.random(in: 0..<30, using: &random) == 0 {
                    beat.devices = Array(beat.devices.dropLast())
                }
                #expect(try connection.pass(beat).received == rounded(beat), "seed \(seed)")
                unacknowledged.append(beat.sequence)
                // Acknowledgements come late and many at once, some never.
                while let first = unacknowledged.first, Int.random(in: 0..<30, using: &random) > 1 {
                    unacknowledged.removeFirst()
                    if Int.random(in: 0..<5, using: &random) > 0 { connection.sender.acknowledge(first) }
                }
            }
        }
    }

    @Test func anAgentThatHearsNothingForLongIsUnderstood() throws {
        var load = NodeLoad(seed: 3, devices: 8)
        var connection = Connection(sender: BeatSender(dictionary: 1))
        let first = load.next(after: 5)
        _ = try connection.pass(first)
        connection.sender.acknowledge(first.sequence)
        var sequences: [UInt64] = []
        for _ in 0..<200 {
            let beat = load.next(after: 5)
            #expect(try connection.pass(beat).received == rounded(beat))
            sequences.append(beat.sequence)
        }
        // All at once: the old ones are no news.
        for sequence in sequences {
            connection.sender.acknowledge(sequence)
            let beat = load.next(after: 5)
            #expect(try connection.pass(beat).received == rounded(beat))
        }
    }

    @Test func aSteadyNodeWithEightDevicesTakesSixtyBytes() throws {
        var bytes = 0
        var beats = 0
        for seed in 500..<540 as Range<UInt64> {
            var load = NodeLoad(seed: seed, devices: 8, slots: 1, steady: true)
            var connection = Connection(sender: BeatSender(dictionary: 1))
            for round in 0..<40 {
                let beat = load.next(after: 5)
                let frame = try connection.pass(beat).frame
                connection.sender.acknowledge(beat.sequence)
                guard round > 0 else { continue }
                // With the head of a WebSocket frame from a client.
                bytes += frame.count + 6
                beats += 1
            }
        }
        #expect(bytes / beats <= 60)
    }

    @Test func aCoordinatorThatKnowsNoDifferencesGetsWholeHeartbeats() throws {
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        var sender = BeatSender()
        for sequence in 1...3 as ClosedRange<UInt64> {
            let sent = Heartbeat(
                sequence: sequence, loadMilli: 1_234, devices: [DeviceSample(powerMilliwatts: 61_250)])
            let frame = try encoder.encode(sent, from: &sender, version: .withEmptiness)
            sender.acknowledge(sequence)
            #expect(try decoder.agentMessage(frame) == .heartbeat(sent))
            // Field 2 of the envelope.
            #expect(frame[1] == 2 << 3 | 2)
        }
    }

    @Test func everyDictionaryThatIsOfferedIsThere() {
        for number in Heartbeat.dictionaries { #expect(BeatDictionary.numbered(number) != nil) }
        #expect(BeatDictionary.numbered(0) == nil)
        #expect(BeatDictionary.numbered(77) == nil)
    }

    // MARK: What comes from outside

    private func refusal(of beat: WireBeat, after former: [WireBeat] = []) -> String? {
        var receiver = BeatReceiver()
        return protocolError { for beat in former + [beat] { _ = try receiver.heartbeat(beat) } }?.description
    }

    private func whole(_ sequence: UInt64, devices: Int = 0) -> WireBeat {
        WireBeat(
            whole: BeatValues(
                Heartbeat(sequence: sequence, devices: .init(repeating: DeviceSample(), count: devices))),
            sequence: sequence)
    }

    @Test func beatsThatMakeNoSenseAreRefusedByName() {
        var unknown = whole(5)
        unknown.back = 2
        #expect(
            refusal(of: unknown, after: [whole(4)])?.contains("beat.back: refers to a beat that is not known")
                == true)
        unknown.back = .max
        #expect(refusal(of: unknown)?.contains("beat.back") == true)

        var short = whole(5)
        short.values.removeLast()
        #expect(refusal(of: short)?.contains("beat.values: has 9 entries, not 10") == true)
        short.back = 1
        #expect(refusal(of: short, after: [whole(4)])?.contains("beat.values: has 9 entries, not 10") == true)

        var negative = whole(5)
        negative.values[0] = -1
        #expect(refusal(of: negative)?.contains("beat.uptime: is -1") == true)
        var difference = whole(6)
        difference.back = 1
        difference.values[2] = 1_001
        #expect(refusal(of: difference, after: [whole(5)])?.contains("beat.processor: is 1001") == true)
        difference.values[2] = .min
        #expect(refusal(of: difference, after: [whole(5)])?.contains("beat.processor") == true)

        var many = whole(5)
        many.devices = 4_000_000_000
        #expect(refusal(of: many)?.contains("beat.devices") == true)
        var keys = whole(5)
        keys.slots = .init(repeating: WireSlotKey(), count: ProtocolLimits.slotSamplesPerBeat + 1)
        #expect(refusal(of: keys)?.contains("beat.slots") == true)
    }

    @Test func everyValueIsHeldToItsRange() throws {
        let beat = Heartbeat(
            sequence: 1, devices: [DeviceSample()],
            slots: [SlotSample(key: SlotKey(SlotID(1), Generation(1)), state: .running)])
        let good = WireBeat(whole: BeatValues(beat), sequence: 1)
        #expect(refusal(of: good) == nil)
        for position in good.values.indices {
            for value in [-1, .min, .max] as [Int64] {
                var bad = good
                bad.values[position] = value
                #expect(refusal(of: bad)?.contains("beat.") == true, "value \(position) is \(value)")
            }
        }
    }

    @Test func framesWithADictionaryAreHeldToTheirBounds() throws {
        var decoder = FrameDecoder()
        var encoder = FrameEncoder()
        var sender = BeatSender(dictionary: 1)
        let beat = Heartbeat(sequence: 1, devices: .init(repeating: DeviceSample(), count: 8))
        let good = try encoder.encode(beat, from: &sender, version: .current)
        #expect(good.first == 2)
        for count in good.indices {
            #expect(throws: ProtocolError.self) { try decoder.agentMessage(Array(good[..<count])) }
        }
        var other = good
        other[1] = 9
        #expect(throws: ProtocolError.self) { try decoder.agentMessage(other) }
        // A content of 1 MiB, as its head says: refused before any memory is taken.
        let bomb: [UInt8] = [2, 1, 0xA0, 0x00, 0x00, 0x10, 0x00, 0x03, 0x00, 0x00]
        #expect { try decoder.agentMessage(bomb) } throws: { ($0 as? ProtocolError)?.code == .tooLarge }
        for seed in 1...400 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var spoiled = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                spoiled[Int.random(in: 2..<spoiled.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            _ = try? decoder.agentMessage(spoiled)
        }
        #expect(try decoder.agentMessage(good) == .heartbeat(beat))
    }

    @Test func ratesAreKeptToOneSixtyFourth() {
        var random = SeededRandom(seed: 11)
        var former: (amount: Int64, code: Int64) = (0, 0)
        let amounts = (0..<4_000).map { _ in Int64(random.next() >> UInt64.random(in: 4...63, using: &random))
        }
        for amount in amounts.sorted() {
            let code = RateCode.code(amount)
            let decoded = RateCode.amount(code)
            #expect(abs(decoded - amount) <= amount / 64, "\(amount)")
            #expect(RateCode.code(decoded) == code)
            #expect(code >= former.code)
            former = (amount, code)
        }
        #expect(RateCode.amount(RateCode.largest) >= ProtocolLimits.amountBytes)
    }
}
