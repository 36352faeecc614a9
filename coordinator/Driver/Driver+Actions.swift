import ClusterTypes
import CoordinatorCore
import Logging
import ProtocolCodec
import ProtocolMessages

/// What the driver needs to speak: compression contexts are used over and over.
struct Courier {
    var encoder = FrameEncoder()
}

extension Driver {
    func perform(_ actions: [Action], _ courier: inout Courier, _ commands: inout PendingCommands) {
        var frames: [(ConnectionID, [UInt8])] = []
        frames.reserveCapacity(actions.count)
        for action in actions {
            switch action {
            case .send(let connection, let message): encode(message, to: connection, &courier, &frames)
            case .sendTasks(let connection, let key, let job, let attempts, let hasPayloads):
                do {
                    let payloads = hasPayloads ? try payloads(job, at: attempts.map(\.index)) : nil
                    let orders = attempts.enumerated().map { TaskOrder(attempt: $1, payload: payloads?[$0]) }
                    for batch in Self.batches(of: orders) {
                        encode(.assignTasks(key, batch), to: connection, &courier, &frames)
                    }
                } catch {
                    // The agent connects again and does not have them: they are handed out anew.
                    logger.error(
                        "cannot read task payloads", metadata: ["job": "\(job)", "error": "\(error)"])
                    transport.close(connection, reason: "the coordinator cannot read task payloads")
                }
            case .renewCertificate(let connection, let node, let request):
                do {
                    encode(.certificate(pem: try signer(request, node)), to: connection, &courier, &frames)
                } catch {
                    logger.warning("refusing a renewal", metadata: ["node": "\(node)", "error": "\(error)"])
                }
            case .refuse(let connection, let refusal):
                encode(.refusal(refusal), to: connection, &courier, &frames)
                transport.send(frames)
                frames.removeAll(keepingCapacity: true)
                transport.close(connection, reason: refusal.message)
            case .reply(let request, let reply): commands.answer(request, reply)
            case .launch(let order): launchers?.launch(order)
            case .listAllocations(let pool): launchers?.list(pool, asked: Self.now())
            case .releaseAllocations(let pool, let allocations): launchers?.release(allocations, of: pool)
            }
        }
        if !frames.isEmpty { transport.send(frames) }
    }

    private func encode(
        _ message: CoordinatorMessage, to connection: ConnectionID, _ courier: inout Courier,
        _ frames: inout [(ConnectionID, [UInt8])]
    ) {
        do {
            frames.append((connection, try courier.encoder.encode(message)))
        } catch {
            logger.error("cannot encode a message", metadata: ["error": "\(error)"])
            transport.close(connection, reason: "the coordinator cannot encode a message")
        }
    }

    /// Orders whose payloads fit into one frame together.
    private static func batches(of orders: [TaskOrder]) -> [[TaskOrder]] {
        var batches: [[TaskOrder]] = []
        var batch: [TaskOrder] = []
        var bytes = 0
        for order in orders {
            let size = (order.payload?.utf8.count ?? 0) + 32
            if !batch.isEmpty, bytes + size > ProtocolLimits.frameBytes / 2 {
                batches.append(batch)
                batch = []
                bytes = 0
            }
            batch.append(order)
            bytes += size
        }
        if !batch.isEmpty { batches.append(batch) }
        return batches
    }
}
