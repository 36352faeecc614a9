import ClusterTypes
package import CoordinatorCore

/// What a site's program is asked for: one word as its argument, and one JSON object on its standard input.
package enum ExecRequest: Sendable {
    /// Goes up when a program that knows only the one before could do harm.
    package static let protocolNumber: Int64 = 1

    /// Who it is and which numbers of the protocol it speaks.
    case describe
    case launch(LaunchOrder, ExecTenant)
    case list
    /// Names of allocations.
    case release([String])

    /// The program's last argument.
    package var word: String {
        switch self {
        case .describe: "describe"
        case .launch: "launch"
        case .list: "list"
        case .release: "release"
        }
    }

    /// The object on its standard input, in one line with its end.
    package func input(_ scope: LaunchScope) -> [UInt8] {
        var object: [String: JSONTree] = [
            "protocol": .integer(Self.protocolNumber), "cluster": .text(scope.cluster),
            "cluster_tag": .text(scope.clusterTag), "pool": .text(scope.pool), "prefix": .text(scope.prefix),
        ]
        switch self {
        case .describe, .list: break
        case .launch(let order, let tenant):
            object["launch"] = .integer(Int64(clamping: order.launch.rawValue))
            object["launch_name"] = .text(scope.name(of: order.launch))
            object["count"] = .integer(Int64(order.count))
            if let lifetime = order.lifetime {
                object["lifetime_seconds"] = .integer(max(1, lifetime.components.seconds))
            }
            switch tenant {
            case .agent(let start): object["join_token"] = .text(start.joinToken)
            case .schedulerNode(let node):
                var words: [String: JSONTree] = ["name": .text(node.name)]
                if let address = node.address { words["address"] = .text(address) }
                object["node"] = .object(words)
            }
        case .release(let names):
            object["names"] = .list(names.map { .text($0) })
        }
        return JSONTree.object(object).bytes + [UInt8(ascii: "\n")]
    }
}

/// What is to run on the machines of a launch.
package enum ExecTenant: Sendable {
    case agent(AgentStart)
    /// A scheduler's own daemon; the launch is of this one machine.
    case schedulerNode(SchedulerNode)
}

/// A node that a scheduler knows by this name before there is a machine for it.
package struct SchedulerNode: Sendable, Hashable {
    package var name: String
    /// That its machine must have; nil: any.
    package var address: String?

    package init(_ name: String, address: String? = nil) {
        self.name = name
        self.address = address
    }

    /// Whether this is its machine.
    package func isHost(_ host: String) -> Bool {
        host == name || host == address || host.hasPrefix(name + ".")
    }
}
