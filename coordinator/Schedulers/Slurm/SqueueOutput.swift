import TextForms

/// What `squeue` has printed, in any of its layouts: the default table, `-l`, `-o` with and without a header, and
/// `--json`.
package struct SqueueOutput: Sendable {
    /// A job and what is known of it, in the order of the columns.
    struct Row: Sendable {
        /// nil where the layout does not say in which state it is.
        var job: QueuedJob?
        var cells: [(key: String, value: JSONText.Value?)]
    }

    var rows: [Row] = []
    /// Where the output names them.
    var clusters: [String] = []
    /// Nothing but numbers and states.
    var isBare = false
    /// What shows that the output is not whole.
    package var truncation: String?

    /// All jobs, in the printed order; nil where the layout does not say their states, or the output is not whole.
    package var jobs: [QueuedJob]? {
        guard truncation == nil else { return nil }
        let jobs = rows.compactMap(\.job)
        return jobs.count == rows.count ? jobs : nil
    }

    /// - Returns: nil where the text is nothing that squeue prints; an empty text is no empty queue.
    package init?(parsing text: String) {
        if let listing = SlurmListing(parsing: text, isHeader: Self.isHeader) {
            self.init(listing)
            // A cluster that did not answer has no empty queue.
            truncation = truncation ?? SlurmFailure(parsing: text).map { "it says '\($0.line)'" }
        } else if let document = SlurmJSON.document(text, list: "jobs", naming: "jobid") {
            self.init(document)
        } else {
            self.init(withoutHeader: text)
        }
    }

    // MARK: With a header

    private static func isHeader(_ words: [String]) -> Bool {
        let isNumbered = words.contains { ["JOBID", "JOB_ID", "ARRAY_JOB_ID"].contains($0) }
        let others = words.contains { ["PARTITION", "ST", "STATE", "NAME", "USER", "REASON"].contains($0) }
        return isNumbered && others && words.allSatisfy { !$0.contains { $0.isLowercase } }
    }

    private init(_ listing: SlurmListing) {
        truncation = listing.truncation
        clusters = listing.sections.compactMap(\.cluster)
        for section in listing.sections {
            for cells in section.rows {
                rows.append(Self.row(section, cells, isOneOfMany: clusters.count > 1))
            }
        }
    }

    private static func row(
        _ section: SlurmListing.Section, _ cells: [String], isOneOfMany: Bool
    ) -> Row {
        var named: [(key: String, value: JSONText.Value?)] = []
        for (name, cell) in zip(section.names, cells) {
            let key = key(name)
            guard !named.contains(where: { $0.key == key }) else { continue }
            let number = ["nodes", "cpus"].contains(key) ? Int(cell) : nil
            named.append((key, number.map { .integer($0) } ?? .string(cell)))
        }
        if isOneOfMany { named.append(("cluster", .known(section.cluster))) }
        func cell(_ names: String...) -> (text: String, place: Int)? {
            section.names.firstIndex { names.contains($0) }.map { (cells[$0], $0) }
        }
        guard let id = cell("JOBID", "JOB_ID", "ARRAY_JOB_ID"), let state = cell("ST", "STATE"),
            let known = SlurmJobState(parsing: state.text)
        else { return Row(job: nil, cells: named) }
        let queue = cell("PARTITION")
        var job = QueuedJob(
            id: id.text, queue: queue?.text, name: cell("NAME")?.text, user: cell("USER")?.text,
            state: state.text, phase: known.phase,
            reason: cell("REASON")?.text
                ?? cell("NODELIST(REASON)").flatMap { SlurmReason.inParentheses($0.text) },
            nodes: cell("NODES").flatMap { Int($0.text) } ?? 1, tasks: TaskRange(ofJob: id.text))
        if let queue, let width = section.widths[queue.place] { job.isQueueCut = queue.text.count >= width }
        return Row(job: job, cells: named)
    }

    /// A header's name as Mortise's own.
    private static func key(_ name: String) -> String {
        switch name {
        case "JOBID", "JOB_ID": "job_id"
        case "ST": "state"
        case "NODELIST(REASON)": "nodelist_or_reason"
        case "TIME_LIMI", "TIME_LIMIT": "time_limit"
        default: name.lowercased()
        }
    }

    // MARK: JSON

    private init(_ document: SlurmJSON.Document) {
        guard document.isComplete else {
            truncation = "its JSON has no end"
            return
        }
        rows = document.elements.map { Self.row($0) }
    }

    private static func row(_ value: JSONValue) -> Row {
        func number(_ name: String) -> Int? { SlurmJSON.number(value.at(name)) }
        func text(_ name: String) -> String? { value.at(name)?.text }
        let state = SlurmJSON.words(value.at("jobstate")).first ?? ""
        let task = number("arraytaskid")
        let tasks = text("arraytaskstring").flatMap { TaskRange(parsing: $0) }
        let array = number("arrayjobid").flatMap { $0 > 0 ? $0 : nil }
        let id =
            if let array, tasks != nil {
                "\(array)_[\(text("arraytaskstring") ?? "")]"
            } else if let array, let task {
                "\(array)_\(task)"
            } else { text("jobid") ?? "" }
        let nodes = number("nodecount").flatMap { $0 > 0 ? $0 : nil }
        let hosts = text("nodes")
        let reason = text("statereason") ?? (value.at("statereason") == nil ? nil : "None")
        let cells: [(key: String, value: JSONText.Value?)] = [
            ("job_id", .string(id)), ("partition", .known(text("partition"))), ("name", .known(text("name"))),
            ("user", .known(text("username"))), ("state", .string(state)), ("nodes", .known(nodes)),
            ("nodelist", .known(hosts)), ("reason", .known(reason)),
        ]
        guard !id.isEmpty, let known = SlurmJobState(parsing: state) else {
            return Row(job: nil, cells: cells)
        }
        return Row(
            job: QueuedJob(
                id: id, queue: text("partition"), name: text("name"), user: text("username"), state: state,
                phase: known.phase, reason: reason, nodes: nodes ?? 1, tasks: tasks), cells: cells)
    }
}
