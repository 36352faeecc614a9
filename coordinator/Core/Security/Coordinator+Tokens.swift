import ClusterTypes
import ProtocolMessages

extension Coordinator {
    mutating func createToken(
        name: String, purpose: TokenRecord.Purpose, secretHash: String, expiresAt: Instant?, uses: UInt32?,
        at now: Instant, into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        if tokens.count >= limits.tokens {
            throw CommandRefusal(.limitReached, "\(limits.tokens) tokens exist: revoke some")
        }
        lastToken += 1
        let record = TokenRecord(
            token: TokenID(lastToken), name: name, purpose: purpose, secretHash: secretHash,
            expiresAt: expiresAt,
            usesLeft: uses, createdAt: now)
        tokens[record.token] = record
        output.writes.append(.putToken(record))
        return .token(record)
    }

    mutating func revoke(_ token: TokenID, into output: inout Output) throws(CommandRefusal) -> Reply {
        guard var record = tokens[token] else {
            throw CommandRefusal(.notFound, "there is no valid token \(token)")
        }
        record.isRevoked = true
        tokens[token] = nil
        output.writes.append(.putToken(record))
        return .token(record)
    }

    /// Admits a new key by a join token; the same key again gets the same node and costs no use.
    mutating func enroll(
        _ secretHash: String, name: String, keyFingerprint: String, allocation: String? = nil,
        at now: Instant,
        into output: inout Output
    ) throws(CommandRefusal) -> Reply {
        guard var token = tokens.values.first(where: { $0.secretHash == secretHash }),
            case .join(let pool) = token.purpose, token.expiresAt.map({ now < $0 }) ?? true
        else { throw Self.invalidToken }
        let known = directory.node(withKey: keyFingerprint).flatMap { nodes[$0]?.record }
        if let known, known.state != .released { return .enrolled(known.node, pool: known.pool) }
        guard token.usesLeft != 0 else { throw Self.invalidToken }
        if nodes.count - releasedNodes.count >= limits.nodes {
            throw CommandRefusal(.limitReached, "\(limits.nodes) nodes are known: remove some")
        }
        if directory.nodes(named: name).contains(where: { nodes[$0]?.connection != nil }) {
            throw CommandRefusal(
                .conflict, "a node named '\(name)' is connected: give this agent another name with --name")
        }
        if let allocation { try checkTakesNode(allocation, by: token.token) }
        if let uses = token.usesLeft {
            token.usesLeft = uses - 1
            tokens[token.token] = token
            output.writes.append(.putToken(token))
        }
        lastNode += 1
        let record = NodeRecord(
            node: NodeID(lastNode), name: name, pool: pool, since: now, keyFingerprint: keyFingerprint,
            enrolledAt: now)
        nodes[record.node] = Node(record: record)
        directory.add(record)
        output.writes.append(.putNode(record))
        noteEnrolled(record.node, by: token.token, allocation: allocation, at: now, into: &output)
        return .enrolled(record.node, pool: pool)
    }

    private static let invalidToken = CommandRefusal(
        .tokenInvalid, "the join token is not valid (any more): ask for a new one")
}
