package import CoordinatorLaunchers
package import JobFile
import Yams

/// Names of a foreign scheduler's nodes, one file: `{"172.30.2.101": "c1"}`, by address, or a list of names.
package enum SchedulerNodesFile {
    private static let fileBytes = 1 << 20

    /// - Returns: in the order of the file.
    package static func read(path: String) throws(JobFileError) -> [SchedulerNode] {
        try parse(YAMLText.read(path: path, limitBytes: fileBytes), file: path)
    }

    /// - Parameter file: for messages.
    package static func parse(_ text: String, file: String) throws(JobFileError) -> [SchedulerNode] {
        let root = try YAMLText.compose(text, file: file, empty: "it needs the names of nodes")
        var faults = FaultList(file: file)
        var nodes: [SchedulerNode] = []
        func add(_ name: Node, address: Node?) {
            guard case .scalar(let scalar) = name else {
                return faults.add("a node's name is one word", at: name.mark)
            }
            let node = SchedulerNode(scalar.string, address: address?.scalar?.string)
            if nodes.contains(where: { $0.name == node.name }) {
                faults.add("the node '\(node.name)' is named twice", at: name.mark)
            }
            nodes.append(node)
        }
        switch root {
        case .mapping(let mapping): for (address, name) in mapping { add(name, address: address) }
        case .sequence(let sequence): for name in sequence { add(name, address: nil) }
        default: faults.add("this is neither {\"ADDRESS\": \"NAME\"} nor a list of names", at: root.mark)
        }
        if nodes.isEmpty, faults.faults.isEmpty { faults.add("it names no node", at: root.mark) }
        guard faults.faults.isEmpty else { throw JobFileError(faults.sorted) }
        return nodes
    }
}
