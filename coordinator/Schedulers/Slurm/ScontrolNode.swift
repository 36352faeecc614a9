import TextForms

/// A node, as `scontrol show node` tells of it.
package struct ScontrolNode: Sendable, Hashable {
    package var name: String
    package var address: String?
    /// "IDLE+CLOUD+DRAIN"
    package var state: String
    package var reason: String?
    package var partitions: [String]
    package var processors: Int?
    package var allocatedProcessors: Int?
    package var memoryMiB: Int?
    package var allocatedMemoryMiB: Int?
    package var gres: String?
    package var version: String?

    /// nil for a state that Slurm has not had yet.
    package var parsedState: SlurmNodeState? { SlurmNodeState(parsing: state) }

    init(_ record: SlurmRecords.Record) {
        func number(_ key: String) -> Int? { record[key].flatMap { Int($0) } }
        name = record["NodeName"] ?? ""
        address = record["NodeAddr"]
        state = record["State"] ?? ""
        reason = record["Reason"]
        partitions = record["Partitions"]?.split(separator: ",").map { String($0) } ?? []
        processors = number("CPUTot")
        allocatedProcessors = number("CPUAlloc")
        memoryMiB = number("RealMemory")
        allocatedMemoryMiB = number("AllocMem")
        gres = record["Gres"]
        version = record["Version"]
    }

    /// - Returns: nil where the text has no record of a node.
    package static func nodes(parsing text: String) -> (nodes: [ScontrolNode], truncation: String?)? {
        SlurmRecords(parsing: text, first: "NodeName", needed: "State").map { records in
            (records.records.map { ScontrolNode($0) }, records.truncation)
        }
    }
}

/// A job, as `scontrol show job` tells of it.
package struct ScontrolJob: Sendable, Hashable {
    /// "12"; of an array's task the number that Slurm has given it alone.
    package var id: String
    /// "12_3" or "12_[0-3]" of an array, else as `id`.
    package var arrayID: String
    package var name: String?
    package var user: String?
    /// "COMPLETED"
    package var state: String
    package var reason: String?
    package var partition: String?
    /// "20-20" where a job waits that gave a range.
    package var nodeCount: String?
    package var processorCount: String?
    package var resources: String?
    package var nodeList: String?
    /// "0:0": the code, and the signal that ended it.
    package var exitCode: String?

    init(_ record: SlurmRecords.Record) {
        id = record["JobId"] ?? ""
        arrayID = id
        if let array = record["ArrayJobId"], let task = record["ArrayTaskId"] {
            arrayID =
                task.allSatisfy { $0.isASCII && $0.isNumber } ? "\(array)_\(task)" : "\(array)_[\(task)]"
        }
        name = record["JobName"]
        user = record["UserId"]
        state = record["JobState"] ?? ""
        reason = record["Reason"]
        partition = record["Partition"]
        nodeCount = record["NumNodes"]
        processorCount = record["NumCPUs"]
        resources = record["TRES"] ?? record["ReqTRES"]
        nodeList = record["NodeList"]
        exitCode = record["ExitCode"]
    }

    /// - Returns: nil where the text has no record of a job.
    package static func jobs(parsing text: String) -> (jobs: [ScontrolJob], truncation: String?)? {
        SlurmRecords(parsing: text, first: "JobId", needed: "JobState").map { records in
            (records.records.map { ScontrolJob($0) }, records.truncation)
        }
    }
}
