import Foundation
import NIOSSL
import Synchronization
import TLSIdentity

@testable import CoordinatorLaunchers

/// As much of an API server as the launcher uses: pods, Secrets that go with their pods, pages, and what goes wrong on
/// request. There is no Kubernetes on the machines that run the tests: this says what its documentation says.
final class FakeKubernetes: Sendable {
    struct State {
        var pods: [String: JSONTree] = [:] { didSet { note(oldValue) } }
        /// The number of changes to pods, and those that are remembered.
        var revision = 1
        var events: [(revision: Int, event: JSONTree)] = []
        var secrets: [String: JSONTree] = [:]
        var requests: [FakeServer.Request] = []
        /// Bearer tokens that are good.
        var tokens: Set<String> = ["first-token"]
        /// Taken from the front: a status, and what stands in `Retry-After`.
        var refusals: [(path: String, status: Int, message: String, retryAfter: String?)] = []
        var pageLimit = 500
        var nextNumber = 1

        private mutating func note(_ before: [String: JSONTree]) {
            for name in Set(before.keys).union(pods.keys).sorted() where before[name] != pods[name] {
                revision += 1
                let type = pods[name] == nil ? "DELETED" : before[name] == nil ? "ADDED" : "MODIFIED"
                let pod = (pods[name] ?? before[name])?.object ?? [:]
                var metadata = pod["metadata"]?.object ?? [:]
                metadata["resourceVersion"] = .text("\(revision)")
                let object = pod.merging(["metadata": .object(metadata)]) { $1 }
                events.append((revision, ["type": .text(type), "object": .object(object)]))
            }
        }
    }

    let state = Mutex(State())

    func answer(_ request: FakeServer.Request) -> FakeServer.Answer {
        state.withLock { state in
            state.requests.append(request)
            let token = request.header("Authorization")?.dropFirst("Bearer ".count)
            guard let token, state.tokens.contains(String(token)) else {
                return Self.status(401, "Unauthorized")
            }
            if let position = state.refusals.firstIndex(where: { request.path.contains($0.path) }) {
                let refusal = state.refusals.remove(at: position)
                var answer = Self.status(refusal.status, refusal.message)
                if let seconds = refusal.retryAfter { answer.headers.append(("Retry-After", seconds)) }
                return answer
            }
            let parts = request.path.split(separator: "?", maxSplits: 1).map(String.init)
            // /prefix/api/v1/namespaces/nodes/pods/NAME
            let words = parts[0].split(separator: "/").dropFirst().map(String.init)
            guard words.count >= 5, words[3] == "nodes" else { return Self.status(404, "no such path") }
            switch (request.method, words[4], words.count) {
            case ("GET", "pods", 5): return Self.list(parts.count > 1 ? parts[1] : "", &state)
            case ("POST", "pods", 5): return Self.create(request.body, \.pods, &state)
            case ("POST", "secrets", 5): return Self.create(request.body, \.secrets, &state)
            case ("GET", "pods", 6):
                return state.pods[words[5]].map { Self.answer($0) }
                    ?? Self.status(404, "pods \"x\" not found")
            case ("DELETE", "pods", 6): return Self.delete(words[5], &state)
            case ("GET", "configmaps", 6):
                return Self.answer(["metadata": ["name": .text(words[5]), "uid": "uid-of-owner"]])
            default: return Self.status(405, "not allowed")
            }
        }
    }

    private static func create(
        _ body: String, _ objects: WritableKeyPath<State, [String: JSONTree]>, _ state: inout State
    ) -> FakeServer.Answer {
        guard var object = JSONTree(parsing: Array(body.utf8))?.object,
            var metadata = object["metadata"]?.object,
            let name = metadata["name"]?.text
        else { return status(400, "no object") }
        if state[keyPath: objects][name] != nil { return status(409, "\"\(name)\" already exists") }
        metadata["uid"] = .text("uid-\(state.nextNumber)")
        metadata["creationTimestamp"] = "2026-01-01T00:00:00Z"
        state.nextNumber += 1
        object["metadata"] = .object(metadata)
        if object["kind"] == "Pod" { object["status"] = ["phase": "Pending"] }
        state[keyPath: objects][name] = .object(object)
        return answer(.object(object), 201)
    }

    private static func delete(_ name: String, _ state: inout State) -> FakeServer.Answer {
        guard let pod = state.pods.removeValue(forKey: name) else {
            return status(404, "pods \"\(name)\" not found")
        }
        // Garbage is collected by owner.
        state.secrets = state.secrets.filter {
            $0.value["metadata"]["ownerReferences"].list?.first?["uid"] != pod["metadata"]["uid"]
        }
        return answer(pod)
    }

    private static func list(_ query: String, _ state: inout State) -> FakeServer.Answer {
        var items: [String: String] = [:]
        for item in query.split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
            items[pair[0]] = pair[1].removingPercentEncoding
        }
        let wanted = (items["labelSelector"] ?? "").split(separator: ",").map {
            $0.split(separator: "=").map(String.init)
        }
        let found = state.pods.values.filter { pod in
            wanted.allSatisfy { pod["metadata"]["labels"][$0[0]].text == $0[1] }
        }.sorted { ($0["metadata"]["name"].text ?? "") < ($1["metadata"]["name"].text ?? "") }
        if items["watch"] == "1" { return watch(from: items["resourceVersion"] ?? "", wanted, state) }
        let start = items["continue"].flatMap { Int($0) } ?? 0
        let count = min(state.pageLimit, Int(items["limit"] ?? "") ?? 500)
        let page = found.dropFirst(start).prefix(count)
        var metadata: [String: JSONTree] = ["resourceVersion": .text("\(state.revision)")]
        if start + page.count < found.count { metadata["continue"] = .text("\(start + page.count)") }
        return answer(["kind": "PodList", "metadata": .object(metadata), "items": .list(Array(page))])
    }

    /// All that is remembered since the revision, at once.
    private static func watch(
        from text: String, _ wanted: [[String]], _ state: State
    ) -> FakeServer.Answer {
        guard let revision = Int(text), revision >= 1 else { return status(400, "no revision") }
        let remembered = state.events.first?.revision ?? state.revision + 1
        guard revision >= remembered - 1 else {
            // As it comes where the watch has begun already.
            let gone: JSONTree = ["kind": "Status", "code": 410, "message": "too old resource version"]
            return answer(["type": "ERROR", "object": gone], end: "\n")
        }
        let news = state.events.filter { event in
            event.revision > revision
                && wanted.allSatisfy { event.event["object"]["metadata"]["labels"][$0[0]].text == $0[1] }
        }
        let bookmark: JSONTree = [
            "type": "BOOKMARK", "object": ["metadata": ["resourceVersion": .text("\(state.revision)")]],
        ]
        let lines = (news.map(\.event) + [bookmark]).map { String(decoding: $0.bytes, as: UTF8.self) + "\n" }
        return FakeServer.Answer(status: 200, body: lines.joined())
    }

    private static func answer(_ tree: JSONTree, _ status: Int = 200, end: String = "") -> FakeServer.Answer {
        FakeServer.Answer(status: status, body: String(decoding: tree.bytes, as: UTF8.self) + end)
    }

    private static func status(_ code: Int, _ message: String) -> FakeServer.Answer {
        answer(
            [
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": .text(message),
                "code": .integer(Int64(code)),
            ], code)
    }
}
