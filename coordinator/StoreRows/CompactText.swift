package import ClusterTypes
package import ProtocolMessages

// Small lists as text that a person can read in a query.

/// `17:1 18:1` is what a slot holds: task 17 in its first attempt, and task 18; `17-48:1` stands for a run of
/// them.
package enum TaskList {
    /// More than any slot may hold; bounds what a damaged text can ask for.
    package static let countLimit = 1 << 20

    package static func text(_ attempts: [TaskAttempt]) -> String {
        precondition(attempts.count <= countLimit, "a slot holds at most \(countLimit) tasks")
        var text = ""
        var start = 0
        while start < attempts.count {
            let first = attempts[start]
            var end = start + 1
            while end < attempts.count, attempts[end].attempt == first.attempt,
                attempts[end - 1].index < .max, attempts[end].index == attempts[end - 1].index + 1
            {
                end += 1
            }
            if start > 0 { text += " " }
            text += String(first.index)
            if end - start > 1 { text += "-\(attempts[end - 1].index)" }
            text += ":\(first.attempt)"
            start = end
        }
        return text
    }

    /// nil if the text is anything else.
    package static func parse(_ text: String) -> [TaskAttempt]? {
        var attempts: [TaskAttempt] = []
        for word in text.utf8.split(separator: UInt8(ascii: " ")) {
            let parts = word.split(
                separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let attempt = UInt32(Substring(parts[1])) else { return nil }
            let bounds = parts[0].split(
                separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = TaskIndex(Substring(bounds[0])) else { return nil }
            guard bounds.count == 2 else {
                attempts.append(TaskAttempt(index: first, attempt: attempt))
                continue
            }
            guard let last = TaskIndex(Substring(bounds[1])), first <= last,
                attempts.count + Int(last - first) < countLimit
            else { return nil }
            attempts += (first...last).map { TaskAttempt(index: $0, attempt: attempt) }
        }
        return attempts
    }
}

/// `0:1000 3:500` is what a slot has of its node's devices: all of device 0 and half of device 3.
package enum DeviceList {
    package static func text(_ grants: [DeviceGrant]) -> String {
        grants.map { "\($0.device):\($0.shares)" }.joined(separator: " ")
    }

    /// nil if the text is anything else.
    package static func parse(_ text: String) -> [DeviceGrant]? {
        var grants: [DeviceGrant] = []
        for word in text.split(separator: " ") {
            let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let device = UInt32(parts[0]), let shares = UInt32(parts[1]),
                device < ProtocolLimits.devicesPerNode, shares <= wholeDeviceShares
            else { return nil }
            grants.append(DeviceGrant(device: device, shares: shares))
        }
        return grants
    }
}

/// `3 5` are nodes 3 and 5; most rows have none and NULL, which costs nothing.
package enum NodeList {
    package static func text(_ nodes: [NodeID]) -> String? {
        nodes.isEmpty ? nil : nodes.map(\.description).joined(separator: " ")
    }

    /// nil if the text is anything else.
    package static func parse(_ text: String) -> [NodeID]? {
        var nodes: [NodeID] = []
        for word in text.split(separator: " ") {
            guard let number = UInt64(word) else { return nil }
            nodes.append(NodeID(number))
        }
        return nodes
    }
}
