import TextForms

/// `squeue -h`: rows without a header, whose cells say by themselves what they are.
extension SqueueOutput {
    init?(withoutHeader text: String) {
        let lines = Scan.lines(text).filter { line in
            line.contains { !$0.isWhitespace } && !SlurmListing.isDate(line) && !SlurmFailure.isRemark(line)
        }
        guard !lines.isEmpty else { return nil }
        if let table = SeparatedTable(lines: lines) {
            self.init(table)
        } else {
            let rows = lines.map { Self.defaultRow(Scan.words($0)) }
            guard let first = rows.first, first != nil else { return nil }
            self.init(rows: rows.compactMap { $0 })
            if let place = rows.firstIndex(where: { $0 == nil }) {
                truncation = "the line '\(lines[place].prefix(80))' is no row of a job"
            } else if let last = lines.last, !SlurmListing.isBalanced(Scan.words(last).last ?? "") {
                truncation = "the line '\(last.prefix(80))' has no end"
            }
        }
    }

    private init(rows: [Row]) { self.rows = rows }

    // MARK: With separators

    /// Numbers and states are needed; of the reasons, those columns that have nothing else.
    private init?(_ table: SeparatedTable) {
        let columns = table.rows[0].indices
        func column(_ isSuch: (String) -> Bool) -> Int? {
            columns.first { place in table.rows.allSatisfy { isSuch($0[place]) } }
        }
        guard let id = column(Self.isNumber), let state = column({ SlurmJobState(parsing: $0) != nil }) else {
            return nil
        }
        let reason = column(SlurmReason.isWord)
        rows = table.rows.map { cells in
            let known = SlurmJobState(parsing: cells[state])
            let reasonText = reason.map { cells[$0] }
            let listed = cells.lazy.compactMap { SlurmReason.inParentheses($0) }.first
            var row: [(key: String, value: JSONText.Value?)] = [
                ("job_id", .string(cells[id])), ("state", .string(cells[state])),
            ]
            if let text = reasonText ?? listed { row.append(("reason", .string(text))) }
            return Row(
                job: known.map { known in
                    QueuedJob(
                        id: cells[id], state: cells[state], phase: known.phase, reason: reasonText ?? listed,
                        tasks: TaskRange(ofJob: cells[id]))
                }, cells: row)
        }
        isBare = columns.count == 2
        if let misfit = table.misfit {
            truncation = "the line '\(misfit)' has fewer or more cells than others"
        }
    }

    /// "12", "12_3", "12_[0-5%2]", "12+1" of a heterogeneous job.
    static func isNumber(_ text: String) -> Bool {
        guard let first = text.first, first.isASCII, first.isNumber else { return false }
        let rest = text.drop { $0.isASCII && $0.isNumber }
        guard let sign = rest.first else { return true }
        return (sign == "_" || sign == "+" || sign == "[")
            && rest.dropFirst().allSatisfy { character in
                character.isASCII && (character.isNumber || "[]-,%:.+_".contains(character))
            }
    }

    // MARK: The default layout

    /// JOBID PARTITION NAME USER ST TIME NODES NODELIST(REASON): the state, behind which are a time and a number, says
    /// where a name with blanks ends.
    private static func defaultRow(_ words: [String]) -> Row? {
        guard words.count >= 7, isNumber(words[0]) else { return nil }
        let places = 4..<(words.count - 2)
        guard
            let place = places.first(where: { place in
                SlurmJobState(parsing: words[place]) != nil && words[place + 1].contains(":")
                    && Int(words[place + 2]) != nil
            }), let state = SlurmJobState(parsing: words[place])
        else { return nil }
        let name = words[2..<(place - 1)].joined(separator: " ")
        let rest = words[(place + 3)...].joined(separator: " ")
        let nodes = Int(words[place + 2]) ?? 1
        var job = QueuedJob(
            id: words[0], queue: words[1], name: name, user: words[place - 1], state: words[place],
            phase: state.phase, reason: SlurmReason.inParentheses(rest), nodes: nodes,
            tasks: TaskRange(ofJob: words[0]))
        // The default layout has room for nine characters.
        job.isQueueCut = words[1].count >= 9
        return Row(
            job: job,
            cells: [
                ("job_id", .string(words[0])), ("partition", .string(words[1])), ("name", .string(name)),
                ("user", .string(words[place - 1])), ("state", .string(words[place])),
                ("time", .string(words[place + 1])), ("nodes", .integer(nodes)),
                ("nodelist_or_reason", .string(rest)),
            ])
    }
}
