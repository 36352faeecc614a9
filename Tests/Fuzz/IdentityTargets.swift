import APITypes
import ClusterTypes
import HTTPSClient
import ProtocolCodec
import ProtocolMessages

@testable import AgentMain
@testable import CoordinatorAPI
@testable import TLSIdentity

// What is copied by hand between machines, what an agent keeps of itself, and what is asked of it and of the API.

extension FuzzTarget {
    /// Join tokens and API tokens; what begins with `{` is the content of a join token.
    static var tokens: FuzzTarget {
        FuzzTarget(name: "tokens", inputBytes: 1_024) { bytes in
            let given = text(bytes)
            let isContent = bytes.first == UInt8(ascii: "{")
            let text = isContent ? JoinTokenText.prefix + Base64URL.encode(bytes) : given
            do throws(IdentityError) {
                let token = try JoinTokenText(parsing: text)
                precondition(!token.apiURLs.isEmpty && !token.secret.text.isEmpty, "\(token)")
                let again = (try? token.text()).flatMap { try? JoinTokenText(parsing: " \($0)\r\n") }
                precondition(again == token, "not the same: \(token)")
            } catch {
                precondition(error.code == .badToken && !error.message.isEmpty, "\(error)")
            }
            do throws(IdentityError) {
                let token = try APIToken(parsing: text)
                let again = try? APIToken(parsing: "\t\(token.text) \n")
                precondition(again == token, "not the same: \(token)")
            } catch {
                precondition(error.code == .badToken && !error.message.isEmpty, "\(error)")
            }
            if let plain = Base64URL.decode(given) {
                precondition(Base64URL.decode(Base64URL.encode(plain)) == plain, "not the same: \(given)")
            }
            precondition(Base64URL.decode(Base64URL.encode(bytes)) == bytes, "not the same: \(bytes)")
        }
    }

    /// `identity.json`, the name in a certificate, and the addresses in both.
    static var identities: FuzzTarget {
        FuzzTarget(name: "identities", inputBytes: 1_024) { bytes in
            let text = text(bytes)
            var addresses = [text]
            if let description = NodeDescription(parsing: text) {
                let again = (try? description.text()).flatMap { NodeDescription(parsing: $0) }
                precondition(again == description, "not the same: \(description)")
                addresses += description.agentEndpoints + description.apiURLs
            }
            if let name = NodeURI(parsing: text) {
                precondition(name.description == text && isClusterName(name.cluster), "\(name)")
            }
            for address in addresses {
                let endpoints = [HTTPSEndpoint(url: address), HTTPSEndpoint(hostAndPort: address)]
                for endpoint in endpoints.compactMap({ $0 }) {
                    precondition((1...65_535).contains(endpoint.port) && !endpoint.host.isEmpty)
                    precondition(HTTPSEndpoint(hostAndPort: "\(endpoint)") == endpoint, "\(endpoint)")
                    precondition(HTTPSEndpoint(url: endpoint.url) == endpoint, "\(endpoint)")
                }
            }
        }
    }

    /// What `mortise-agent status` and `leave` say to the agent, and its answers.
    static var localAnswers: FuzzTarget {
        let seeds = {
            (1...4 as ClosedRange<UInt64>).map { seed in
                var generator = MessageGenerator(seed: seed)
                var answer = LocalAnswer(text: "node \(seed)")
                for kind in 0..<MessageGenerator.agentKinds {
                    switch generator.agentMessage(kind: kind) {
                    case .hardware(let report, _): answer.report = report
                    case .heartbeat(let load): answer.load = load
                    default: break
                    }
                }
                return answer.bytes
            }
                + [LocalAnswer(text: "it leaves").bytes, LocalRequest.leaveIn(seconds: 90).bytes]
        }
        return FuzzTarget(name: "local-answers", inputBytes: 4_096, seeds: seeds) { bytes in
            if let request = LocalRequest(bytes: bytes) {
                precondition(request.bytes == bytes, "not the same: \(request)")
            }
            if let answer = LocalAnswer(bytes: bytes) {
                var sent = answer
                sent.load = answer.load?.rounded
                precondition(LocalAnswer(bytes: answer.bytes) == sent, "not the same: \(answer)")
            }
        }
    }

    /// The part of a URL behind `?`, for a route that knows every parameter there is.
    static var queries: FuzzTarget {
        let known = [
            "state", "app", "limit", "before", "tail", "follow", "stream", "subject", "attempt", "first",
        ]
        func check(_ query: Query) throws {
            let limit = try query.limit()
            precondition((1...1_000).contains(limit), "\(limit)")
            if let tail = try query.number("tail", in: 0...Int64.max) { precondition(tail >= 0, "\(tail)") }
            if let attempt = try query.number("attempt", in: 1...UInt32.max) { precondition(attempt >= 1) }
            _ = try query.number("before") as UInt64?
            let states: [JobState]? = try query.words("state")
            precondition(states?.isEmpty != true)
            if try query.flag("follow") { precondition(query.text("follow") == "true") }
            if let stream: LogStream = try query.word("stream") {
                precondition(query.text("stream") == stream.rawValue)
            }
            _ = try query.subject("subject")
        }
        func encoded(_ text: String) -> String {
            text.utf8.map { "%" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        return FuzzTarget(name: "queries", inputBytes: 512) { bytes in
            do {
                let query = try Query(text(bytes)[...], known: known)
                let pairs = known.compactMap { name in
                    query.text(name).map { "\(encoded(name))=\(encoded($0))" }
                }
                let again = try? Query(pairs.joined(separator: "&")[...], known: known)
                precondition(known.allSatisfy { again?.text($0) == query.text($0) }, "not the same: \(query)")
                try check(query)
            } catch let error as APIError {
                precondition(error.status == 400 && !error.body.message.isEmpty, "\(error)")
            } catch {
                preconditionFailure("an error that is not told: \(error)")
            }
        }
    }
}
