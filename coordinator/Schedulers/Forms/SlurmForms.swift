import TextForms

extension ToolForm {
    static var slurm: [ToolForm] {
        [
            submission("sbatch", "sbatch job.sh"), submission("salloc", "salloc"),
            ToolForm(
                name: "slurm-error", command: "squeue",
                recognizes: { output in
                    let text = output.plain
                    return SlurmFailure(parsing: text) != nil && SlurmRecords.isNone(text)
                        && SqueueOutput(parsing: text) == nil && SinfoOutput(parsing: text) == nil
                },
                read: { output in ToolReading(error: SlurmFailure(parsing: output.plain)?.code) }),
            squeue, sinfo, lines, nodes, jobs, partitions,
        ]
    }

    // MARK: Queues

    private static let squeue = ToolForm(
        name: "squeue", command: "squeue", recognizes: { SqueueOutput(parsing: $0.plain) != nil },
        read: { output in
            let failed = failure(output)
            guard let queue = SqueueOutput(parsing: output.plain), failed.error == nil || !queue.rows.isEmpty
            else { return failed }
            let clusters: (key: String, value: JSONText.Value?) =
                queue.clusters.count > 1
                ? ("clusters", .known(queue.clusters)) : ("cluster", .optional(queue.clusters.first))
            guard !queue.isBare else {
                let states = queue.rows.compactMap { $0.job?.state }
                return ToolReading(
                    others: [("rows", .integer(states.count)), ("state_counts", counts(states))],
                    truncation: queue.truncation)
            }
            return ToolReading(
                others: [clusters, ("jobs", .array(queue.rows.map { .object($0.cells) }))],
                truncation: queue.truncation)
        })

    /// How often each word stands there, sorted by the words.
    private static func counts(_ words: [String]) -> JSONText.Value {
        let sorted = words.sorted()
        var counts: [(key: String, value: Int)] = []
        for word in sorted {
            if counts.last?.key == word {
                counts[counts.count - 1].value += 1
            } else {
                counts.append((word, 1))
            }
        }
        return .object(counts.map { ($0.key, .integer($0.value)) })
    }

    private static let sinfo = ToolForm(
        name: "sinfo", command: "sinfo", recognizes: { SinfoOutput(parsing: $0.plain) != nil },
        read: { output in
            guard let information = SinfoOutput(parsing: output.plain) else { return failure(output) }
            return ToolReading(
                others: [("cluster", .optional(information.cluster))] + members(information.content),
                truncation: information.truncation)
        })

    private static func members(
        _ content: SinfoOutput.Content
    ) -> [(key: String, value: JSONText.Value?)] {
        switch content {
        case .rows(let rows): [("rows", .array(rows.map { .object($0) }))]
        case .states(let nodes, let states):
            [
                ("rows", .integer(nodes.count)), ("distinct_nodes", .integer(Set(nodes).count)),
                ("state_counts", counts(states)),
            ]
        case .devices(let nodes, let rows):
            [
                (
                    "nodes",
                    .object(
                        nodes.map { node in
                            (
                                node.name,
                                .object([
                                    ("gpu_type", .known(node.type)), ("gpus", .integer(node.count)),
                                    ("gpus_used", .integer(node.used)), ("state", .string(node.state)),
                                ])
                            )
                        })
                ), ("rows", .integer(rows)),
            ]
        case .processors(let numbers):
            [
                (
                    "cpus",
                    .object(
                        zip(["alloc", "idle", "other", "total"], numbers).map { ($0.0, .integer($0.1)) })
                )
            ]
        case .counts(let raw, let numbers):
            [
                ("raw", .string(raw)),
                ("nodes_alloc_idle_other_total", .array(numbers.prefix(4).map { .integer($0) })),
                ("cpus_alloc_idle_other_total", .array(numbers.suffix(4).map { .integer($0) })),
            ]
        case .document(let topKeys, let nodes):
            [("nodes", .integer(nodes)), ("top_keys", .known(topKeys))]
        }
    }

    /// One form for all commands: what the members mean, their author knows.
    private static let lines = ToolForm(
        name: "slurm-json-lines", command: "squeue -h -o '{\"id\": \"%i\"}'",
        recognizes: { SlurmJSON.lines($0.plain) != nil },
        read: { output in
            guard let (rows, misfit) = SlurmJSON.lines(output.plain) else { return ToolReading() }
            return ToolReading(
                others: [("rows", .array(rows.map { JSONText.Value($0) }))],
                truncation: misfit.map { "the line '\($0)' is no whole object" })
        })

    // MARK: Records

    private static let nodes = ToolForm(
        name: "scontrol-node", command: "scontrol show node",
        recognizes: { ScontrolNode.nodes(parsing: $0.plain) != nil },
        read: { output in
            guard let (nodes, truncation) = ScontrolNode.nodes(parsing: output.plain) else {
                return failure(output)
            }
            return ToolReading(others: [("nodes", .array(nodes.map(\.json)))], truncation: truncation)
        })

    private static let jobs = ToolForm(
        name: "scontrol-job", command: "scontrol show job",
        recognizes: { ScontrolJob.jobs(parsing: $0.plain) != nil },
        read: { output in
            guard let (jobs, truncation) = ScontrolJob.jobs(parsing: output.plain) else {
                return failure(output)
            }
            let json = jobs.map(\.json)
            return ToolReading(
                others: [json.count == 1 ? ("job", json[0]) : ("jobs", .array(json))], truncation: truncation)
        })

    private static let partitions = ToolForm(
        name: "scontrol-partition", command: "scontrol show partition",
        recognizes: { SlurmRecords(parsing: $0.plain, first: "PartitionName", needed: "State") != nil },
        read: { output in
            guard let records = SlurmRecords(parsing: output.plain, first: "PartitionName", needed: "State")
            else { return failure(output) }
            return ToolReading(
                others: [("partitions", .known(records.records.map { $0["PartitionName"] ?? "" }))],
                truncation: records.truncation)
        })

    // MARK: Submission

    private static func submission(_ tool: String, _ command: String) -> ToolForm {
        ToolForm(
            name: tool, command: command,
            recognizes: { output in
                let lines = Scan.lines(output.plain)
                let isPrefixed = lines.contains { $0.hasPrefix(tool + ": ") }
                guard SlurmSubmission(parsing: output.plain) != nil else {
                    return isPrefixed && SlurmFailure(parsing: output.plain) != nil
                }
                return tool == "sbatch" ? lines.contains { $0.contains("Submitted batch job") } : isPrefixed
            },
            read: { output in
                guard let taken = SlurmSubmission(parsing: output.plain) else {
                    let parsed = SlurmSubmission(parsable: output.plain)
                    return parsed.map { reading($0) } ?? failure(output)
                }
                return taken.isPending && SlurmFailure(parsing: output.plain) != nil
                    ? failure(output) : reading(taken)
            })
    }

    private static func reading(_ taken: SlurmSubmission) -> ToolReading {
        ToolReading(others: [
            ("job_id", .string(taken.jobID)), ("cluster", .optional(taken.cluster)),
        ])
    }

    private static func failure(_ output: SavedOutput) -> ToolReading {
        ToolReading(error: SlurmFailure(parsing: output.plain)?.code)
    }
}

extension SlurmRecords {
    fileprivate static func isNone(_ text: String) -> Bool {
        !["NodeName=", "JobId=", "PartitionName="].contains { text.contains($0) }
    }
}

extension ScontrolNode {
    fileprivate var json: JSONText.Value {
        .object([
            ("name", .string(name)), ("addr", .known(address)), ("state", .string(state)),
            ("reason", .known(reason)),
            ("partitions", .known(partitions.isEmpty ? nil : partitions.joined(separator: ","))),
            ("cpus", .known(processors)), ("cpus_alloc", .known(allocatedProcessors)),
            ("real_memory_mib", .known(memoryMiB)), ("alloc_mem_mib", .known(allocatedMemoryMiB)),
            ("gres", .known(gres)), ("version", .known(version)),
        ])
    }
}

extension ScontrolJob {
    fileprivate var json: JSONText.Value {
        .object([
            ("job_id", .string(id)), ("user", .known(user)), ("state", .string(state)),
            ("reason", .known(reason)),
            ("partition", .known(partition)), ("num_nodes", .known(nodeCount)),
            ("num_cpus", .known(processorCount)), ("tres", .known(resources)),
            ("node_list", .known(nodeList)),
        ])
    }
}
