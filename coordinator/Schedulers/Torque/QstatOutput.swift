import TextForms

/// What `qstat` has printed: the default table, `-a` or `-f`, of Torque or PBS Pro.
package struct QstatOutput: Sendable {
    enum Layout: Sendable {
        case summary
        /// `-a`, and `-n`, `-s`, which write lines between the rows
        case all
        /// `-f`
        case full
    }

    struct Row: Sendable {
        var job: QueuedJob
        var cells: [(key: String, value: JSONText.Value?)]
    }

    let layout: Layout
    var rows: [Row] = []
    /// What shows that the output is not whole.
    package var truncation: String?

    /// All jobs, in the printed order; nil where the output is not whole.
    package var jobs: [QueuedJob]? { truncation == nil ? rows.map(\.job) : nil }

    /// - Returns: nil where the text is nothing that qstat prints. It prints nothing at all for an empty queue: that the
    ///   command succeeded has to be known by its exit status.
    package init?(parsing text: String) {
        let lines = Scan.lines(text)
        if lines.contains(where: { Self.isRecord($0) }) {
            layout = .full
            readRecords(lines)
        } else if let rules = lines.firstIndex(where: { Self.isRules($0) }), rules > 0 {
            let names = Scan.words(lines[rules - 1])
            guard names.first == "Job" else { return nil }
            layout = names.contains("Jobname") || names.contains("SessID") ? .all : .summary
            readTable(lines, rules)
        } else {
            layout = .summary
            readRows(lines)
            guard !rows.isEmpty || truncation != nil else { return nil }
        }
    }

    /// "------- ---- -----"
    static func isRules(_ line: Substring) -> Bool {
        let words = Scan.words(line)
        return words.count > 3 && words.allSatisfy { $0.allSatisfy { $0 == "-" } }
    }

    // MARK: Tables

    private mutating func readTable(_ lines: [Substring], _ rules: Int) {
        let isAll = layout == .all
        let count = Scan.words(lines[rules]).count
        guard count == (isAll ? 11 : 6) else {
            truncation = "its header has \(count) columns"
            return
        }
        let content = lines[(rules + 1)...].filter { line in
            // Hosts and remarks of a job stand below it, further to the right.
            line.first.map { !$0.isWhitespace } ?? false
        }
        // The last line of a text with an end is empty.
        if content.isEmpty, rules == lines.count - 1 {
            truncation = "it ends within its header"
            return
        }
        let table = ColumnTable(
            names: (0..<count).map { String($0) }, rules: lines[rules], lines: Array(content))
        if let misfit = table.misfit {
            truncation = "the line '\(misfit)' does not have the header's columns"
        }
        for cells in table.rows {
            guard let row = isAll ? Self.row(all: cells) : Self.row(summary: cells) else {
                truncation = truncation ?? "the line of '\(cells.first ?? "")' is not whole"
                return
            }
            rows.append(row)
        }
    }

    /// Job ID, Name, User, Time Use, S, Queue
    private static func row(summary cells: [String]) -> Row? {
        guard let phase = TorqueJobState.phase(cells[4]), !cells[0].isEmpty, !cells[5].isEmpty else {
            return nil
        }
        let job = QueuedJob(
            id: cells[0], queue: cells[5], name: cells[1], user: cells[2], state: cells[4], phase: phase,
            reason: TorqueJobState.reason(cells[4]))
        return Row(
            job: job,
            cells: [
                ("job_id", .string(cells[0])), ("name", .string(cells[1])), ("user", .string(cells[2])),
                ("time", .string(cells[3])), ("state", .string(cells[4])), ("queue", .string(cells[5])),
            ])
    }

    /// Job ID, Username, Queue, Jobname, SessID, NDS, TSK, Memory, Time, S, Time
    private static func row(all cells: [String]) -> Row? {
        guard let phase = TorqueJobState.phase(cells[9]), !cells[0].isEmpty, !cells[10].isEmpty else {
            return nil
        }
        func told(_ text: String) -> String? { text.allSatisfy { $0 == "-" } ? nil : text }
        let job = QueuedJob(
            id: cells[0], queue: cells[2], name: cells[3], user: cells[1], state: cells[9], phase: phase,
            reason: TorqueJobState.reason(cells[9]), nodes: Int(cells[5]) ?? 1)
        return Row(
            job: job,
            cells: [
                ("job_id", .string(cells[0])), ("user", .string(cells[1])), ("queue", .string(cells[2])),
                ("name", .string(cells[3])), ("session", .known(told(cells[4]))),
                ("nodes", .known(Int(cells[5]))), ("tasks", .known(Int(cells[6]))),
                ("state", .string(cells[9])), ("elapsed", .known(told(cells[10]))),
            ])
    }

    /// Rows of the default table without its header: the last words say where a name with blanks ends.
    private mutating func readRows(_ lines: [Substring]) {
        for line in lines {
            let words = Scan.words(line)
            if words.isEmpty { continue }
            let isJob = words[0].first.map { $0.isASCII && $0.isNumber } ?? false
            let isRow = words.count >= 6 && isJob && words[0].contains(".")
            let name = isRow ? words[1..<(words.count - 4)].joined(separator: " ") : ""
            let isTime = isRow && words[words.count - 3].allSatisfy { $0.isNumber || $0 == ":" || $0 == "-" }
            guard isTime, let row = Self.row(summary: [words[0], name] + words.suffix(4)) else {
                if !rows.isEmpty { truncation = "the line '\(line.prefix(80))' is no row of a job" }
                return
            }
            rows.append(row)
        }
    }

    // MARK: Records

    private static func isRecord(_ line: Substring) -> Bool { line.hasPrefix("Job Id:") }

    private mutating func readRecords(_ lines: [Substring]) {
        for record in KeyedRecords(
            lines,
            name: { line in
                Self.isRecord(line) ? Scan.pair(line)?.value : nil
            }
        ).records {
            guard let state = record["job_state"], let phase = TorqueJobState.phase(state),
                let queue = record["queue"]
            else {
                truncation = "the record of '\(record.name)' ends before its state and queue"
                return
            }
            let owner = record["Job_Owner"].map { String($0.prefix { $0 != "@" }) }
            var job = QueuedJob(
                id: record.name, queue: queue, name: record["Job_Name"], user: owner, state: state,
                phase: phase,
                reason: TorqueJobState.reason(state),
                nodes: (record["Resource_List.nodect"] ?? record["Resource_List.nodes"]).flatMap { Int($0) }
                    ?? 1)
            // Of an array, the tasks that have not begun stand for it.
            if let left = record["array_indices_remaining"], let tasks = TaskRange(parsing: left) {
                job.tasks = tasks
                job.phase = phase == .active && state == "B" ? .waiting : phase
            }
            rows.append(
                Row(
                    job: job,
                    cells: [
                        ("job_id", .string(record.name)), ("name", .known(record["Job_Name"])),
                        ("state", .string(state)), ("queue", .string(queue)),
                        ("exec_host", .known(record["exec_host"])),
                    ]))
        }
    }
}
