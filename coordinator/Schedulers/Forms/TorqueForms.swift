import TextForms

extension ToolForm {
    static var torque: [ToolForm] { [failure, qstatFull, qstatAll, qstat, nodes, nodeTable, nodeList] }

    private static let failure = ToolForm(
        name: "torque-error", command: "qstat",
        recognizes: { output in
            let text = output.plain
            return TorqueFailure(parsing: text) != nil && QstatOutput(parsing: text) == nil
                && PbsNode.nodes(parsing: text) == nil
        }, read: { failure($0) })

    private static let qstatFull = queue("qstat-f", "qstat -f", .full)
    private static let qstatAll = queue("qstat-a", "qstat -a", .all)
    private static let qstat = queue("qstat", "qstat", .summary)

    private static func queue(_ name: String, _ command: String, _ layout: QstatOutput.Layout) -> ToolForm {
        ToolForm(
            name: name, command: command, recognizes: { QstatOutput(parsing: $0.plain)?.layout == layout },
            read: { output in
                guard let queue = QstatOutput(parsing: output.plain), queue.layout == layout else {
                    return failure(output)
                }
                return ToolReading(
                    others: [("jobs", .array(queue.rows.map { .object($0.cells) }))],
                    truncation: queue.truncation)
            })
    }

    private static let nodes = ToolForm(
        name: "pbsnodes", command: "pbsnodes -a", recognizes: { PbsNode.nodes(parsing: $0.plain) != nil },
        read: { output in
            guard let (nodes, truncation) = PbsNode.nodes(parsing: output.plain) else {
                return failure(output)
            }
            return ToolReading(
                devices: nodes.flatMap(\.devices), others: [("nodes", .array(nodes.map(\.json)))],
                truncation: truncation)
        })

    private static let nodeTable = ToolForm(
        name: "pbsnodes-aS", command: "pbsnodes -aSj",
        recognizes: { PbsNodeRow.table(parsing: $0.plain) != nil },
        read: { reading(PbsNodeRow.table(parsing: $0.plain), $0) })

    private static let nodeList = ToolForm(
        name: "pbsnodes-l", command: "pbsnodes -l", recognizes: { PbsNodeRow.list(parsing: $0.plain) != nil },
        read: { reading(PbsNodeRow.list(parsing: $0.plain), $0) })

    private static func reading(
        _ list: (rows: [PbsNodeRow], truncation: String?)?, _ output: SavedOutput
    ) -> ToolReading {
        guard let list else { return failure(output) }
        return ToolReading(
            others: [("nodes", .array(list.rows.map { .object($0.cells) }))], truncation: list.truncation)
    }

    private static func failure(_ output: SavedOutput) -> ToolReading {
        ToolReading(error: TorqueFailure(parsing: output.plain)?.code)
    }
}

extension PbsNode {
    fileprivate var json: JSONText.Value {
        .object([
            ("name", .string(name)), ("state", .string(state)), ("np", .known(processors)),
            ("gpus", .known(deviceCount)), ("jobs", .known(jobs)), ("physmem_kb", .known(memoryKiB)),
        ])
    }
}
