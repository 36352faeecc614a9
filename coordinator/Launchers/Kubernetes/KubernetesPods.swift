import CoordinatorCore

/// The pods of a scope as they were last seen. From there a watch goes on, which tells what has changed and nothing else.
struct KubernetesPods: Sendable, Hashable {
    private var allocationsByName: [String: Allocation]
    /// The server's, of the last change that is in it.
    private(set) var revision: String

    var allocations: [Allocation] { allocationsByName.values.sorted { $0.name < $1.name } }

    /// - Parameter revision: of the list.
    init(_ allocations: [Allocation], revision: String) {
        allocationsByName = Dictionary(allocations.map { ($0.name, $0) }) { $1 }
        self.revision = revision
    }

    /// Takes in what a watch has told: an event a line.
    ///
    /// - Returns: false: the server has forgotten the revision, and all pods have to be listed anew.
    /// - Throws: where it is no watch, or ends within a line; what was told before that is in.
    mutating func apply(_ watched: [UInt8], _ scope: LaunchScope) throws(LaunchFailure) -> Bool {
        let isWhole = watched.last.map { $0 == UInt8(ascii: "\n") } ?? true
        let lines = watched.split(separator: UInt8(ascii: "\n"))
        for line in isWhole ? lines[...] : lines.dropLast() {
            guard try apply(line, scope) else { return false }
        }
        guard isWhole else { throw Self.unreadable("ends within an event") }
        return true
    }

    private mutating func apply(_ line: ArraySlice<UInt8>, _ scope: LaunchScope) throws(LaunchFailure) -> Bool
    {
        guard let event = JSONTree(parsing: Array(line)), let type = event["type"].text else {
            throw Self.unreadable("has a line that is no event")
        }
        let object = event["object"]
        switch type {
        case "ADDED", "MODIFIED", "DELETED":
            guard let name = object["metadata"]["name"].text else {
                throw Self.unreadable("tells of a pod without a name")
            }
            let allocation = type == "DELETED" ? nil : KubernetesPod.allocation(object, scope)
            allocationsByName[name] = allocation
        case "BOOKMARK": break
        case "ERROR" where object["code"].integer == 410: return false
        case "ERROR":
            throw LaunchFailure(
                .unavailable, "Kubernetes ended the watch of pods: \(object["message"].text ?? "no reason")")
        default: throw Self.unreadable("has an event that is called '\(type.prefix(40))'")
        }
        if let revision = object["metadata"]["resourceVersion"].text { self.revision = revision }
        return true
    }

    private static func unreadable(_ what: String) -> LaunchFailure {
        LaunchFailure(.invalidAnswer, "Kubernetes: the watch of pods \(what).")
    }
}
