import ArgumentParser
import ClusterTypes
import LoadModel
import Platform
import ProtocolCodec
import ProtocolMessages

struct BeatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "beats",
        abstract: "What a heartbeat costs: bytes on the wire, time to build, time to take in.",
        discussion: """
            Nodes draw their telemetry from the seed, and beat on connections of their own, each beat acknowledged before
            the next.

            Example:
              mortise-bench beats --nodes 1000 --devices 8
            """)

    @Option(help: "Nodes that beat in turn, 1 to 100000.") var nodes = 1_000
    @Option(help: "Beats of each node, 2 to 100000.") var beats = 100
    @Option(help: "Devices of each node, 0 to 1024.") var devices = 8
    @Option(help: "Slots that run on each node, 0 to 1024.") var slots = 4
    @Option(help: "Seconds between two beats of a node.") var interval = 5.0
    @Option(help: "Of the telemetry.") var seed: UInt64 = 1
    @Flag(help: "Devices stay in their first phase.") var steady = false
    @Flag(help: "Without a dictionary.") var plain = false
    @Option(help: "Write each beat, not compressed, into a file of this folder: for training a dictionary.")
    var samples: String?

    func validate() throws {
        guard (1...100_000).contains(nodes) else { throw ValidationError("--nodes is 1 to 100000.") }
        guard (2...100_000).contains(beats) else { throw ValidationError("--beats is 2 to 100000.") }
        guard (0...ProtocolLimits.devicesPerNode).contains(devices) else {
            throw ValidationError("--devices is 0 to \(ProtocolLimits.devicesPerNode).")
        }
        guard (0...ProtocolLimits.slotSamplesPerBeat).contains(slots) else {
            throw ValidationError("--slots is 0 to \(ProtocolLimits.slotSamplesPerBeat).")
        }
    }

    private struct Peer {
        var load: NodeLoad
        var sender: BeatSender
        var receiver = BeatReceiver()
    }

    func run() throws {
        let dictionary = plain || samples != nil ? 0 : Heartbeat.dictionaries[0]
        var peers = (0..<nodes).map { node in
            Peer(
                load: NodeLoad(seed: seed &+ UInt64(node), devices: devices, slots: slots, steady: steady),
                sender: BeatSender(dictionary: dictionary))
        }
        if let samples { try Files.makeFolder(samples) }
        var encoder = FrameEncoder()
        var decoder = FrameDecoder()
        var sizes: [Int] = []
        var building = Duration.zero
        var taking = Duration.zero
        let clock = ContinuousClock()
        for round in 0..<beats {
            let telemetry = peers.indices.map { peers[$0].load.next(after: interval) }
            var frames: [[UInt8]] = []
            frames.reserveCapacity(nodes)
            building += try clock.measure {
                for node in peers.indices {
                    frames.append(
                        try encoder.encode(telemetry[node], from: &peers[node].sender, version: .current))
                }
            }
            var sequences: [UInt64] = []
            sequences.reserveCapacity(nodes)
            taking += try clock.measure {
                for node in peers.indices {
                    let frame = frames[node]
                    let message = try decoder.agentMessage(frame.span.bytes, beats: &peers[node].receiver)
                    if case .heartbeat(let beat) = message { sequences.append(beat.sequence) }
                }
            }
            for node in peers.indices { peers[node].sender.acknowledge(sequences[node]) }
            if round > 0 { sizes += frames.map(\.count) }
            if let samples {
                for (node, frame) in frames.enumerated() {
                    try AtomicFile.write(
                        Array(frame.dropFirst()), to: "\(samples)/\(round)-\(node)", isDurable: false)
                }
            }
        }
        sizes.sort()
        let count = nodes * beats
        print("beats            \(count) of \(nodes) nodes with \(devices) devices and \(slots) slots")
        print(
            "bytes of a frame \(sizes.reduce(0, +) / sizes.count) mean, \(sizes[sizes.count / 2]) median, "
                + "\(sizes[sizes.count * 99 / 100]) 99 %")
        print("to build one     \(nanoseconds(building / count)) ns")
        print(
            "to take in one   \(nanoseconds(taking / count)) ns, \(Int(Double(count) / (taking / .seconds(1)))) a second"
        )
    }

    private func nanoseconds(_ duration: Duration) -> Int { Int(duration / .nanoseconds(1)) }
}
