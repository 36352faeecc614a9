import APITypes
import ClusterTypes
import Yams
import YAMLSections

/// Turns the document into a submission. Every fault is added to `faults`; a value that has one is left at its
/// default, so that the rest is looked at all the same.
struct JobReader {
    static let keys =
        [
            "app", "job", "kind", "command", "script", "env", "directory", "runtime", "resources",
            "constraints", "slots", "tasks", "timeout", "retries", "priority", "on_disconnect", "on_lost",
            "stop_grace", "output_limit", "crash_limit", "time_request", "warn_signal", "bind_cpus",
            "admission",
        ] + PlacementReader.keys

    private let top: Section
    private var specification: JobSpecification
    private var tasks = TaskSource.none

    static func read(_ root: Node, faults: inout FaultList) -> Submission? {
        guard let top = Section(root, path: "", keys: keys, faults: &faults) else { return nil }
        var reader = JobReader(top, faults: &faults)
        reader.readCommand(&faults)
        reader.readEnvironment(&faults)
        reader.specification.placement = PlacementReader.read(top, &faults)
        reader.readRules(&faults)
        let resources = ResourceReader.read(top, &faults)
        reader.specification.resources = resources.request
        reader.specification.constraints = ResourceReader.readConstraints(top, "constraints", &faults)
        reader.specification.admission = AdmissionReader.read(top, &faults)
        reader.specification.placement.alternatives = resources.alternatives
        reader.readTasks(&faults)
        reader.readSlots(&faults)
        if faults.faults.isEmpty { reader.validate(&faults) }
        return Submission(specification: reader.specification, tasks: reader.tasks)
    }

    /// The rules that every way of submitting shares, told in the words of the file.
    private func validate(_ faults: inout FaultList) {
        for fault in specification.validate() {
            let (name, message) = PropertyName.translate(fault)
            guard let name else {
                faults.add(message, at: top.mark)
                continue
            }
            faults.add("'\(name.key)' \(message)", at: top.mark(of: name.topKey))
        }
    }

    private init(_ top: Section, faults: inout FaultList) {
        self.top = top
        let job = top.text("job", &faults)
        if top.lacks("job") { faults.add("'job' is missing: the job needs a name", at: top.mark) }
        let kind = top.choice("kind", &faults, of: JobKind.self) ?? (top.has("tasks") ? .tasks : .batch)
        specification = JobSpecification(
            app: top.text("app", &faults) ?? job ?? "", job: job ?? "", kind: kind, command: .argv([]))
    }

    private mutating func readCommand(_ faults: inout FaultList) {
        switch (top.has("command"), top.has("script")) {
        case (true, true):
            faults.add("give either 'command' or 'script', not both", at: top.mark(of: "script"))
        case (false, false):
            guard top.lacks("command"), top.lacks("script") else { return }
            faults.add("'command' (a list of arguments) or 'script' (a text) is missing", at: top.mark)
        case (false, true):
            if let script = top.text("script", &faults) { specification.command = .script(script) }
        case (true, false):
            if case .scalar(let scalar)? = top.node("command") {
                readSingleWord(scalar, &faults)
            } else if let words = top.texts("command", &faults) {
                specification.command = .argv(words)
                if words.isEmpty { faults.add("'command' is an empty list", at: top.mark(of: "command")) }
            }
        }
    }

    /// One word is a program; more would need a shell's rules to be taken apart.
    private mutating func readSingleWord(_ scalar: Node.Scalar, _ faults: inout FaultList) {
        guard let word = top.text("command", &faults) else { return }
        if word.isEmpty || word.contains(where: \.isWhitespace) {
            faults.add(
                "'command' is a list of arguments, such as [convert, \"{}\", out.png]; for a line of shell use 'script'",
                at: scalar.mark)
        } else {
            specification.command = .argv([word])
        }
    }

    private mutating func readEnvironment(_ faults: inout FaultList) {
        for (name, value, mark) in top.dictionary("env", &faults) ?? [] {
            if name.isEmpty || name.contains("=") {
                faults.add("'env': '\(name)' is no name of a variable", at: mark)
            }
            specification.environment.append("\(name)=\(value)")
        }
        specification.directory = top.text("directory", &faults)
        if let runtime = top.choice("runtime", &faults, of: Runtime.self) { specification.runtime = runtime }
    }

    private mutating func readRules(_ faults: inout FaultList) {
        if let timeout = top.value("timeout", &faults, Quantity.seconds) {
            specification.timeoutSeconds = timeout
        }
        if let grace = top.value("stop_grace", &faults, Quantity.seconds) {
            specification.stopGraceSeconds = grace
        }
        if let limit = top.value("output_limit", &faults, Quantity.bytes) {
            specification.outputLimitBytes = limit
        }
        let parse = { (text: String) throws(GrammarError) in try PriorityWord(parsing: text) }
        var isName = false
        if case .scalar(let word)? = top.node("priority") { isName = word.string.first?.isLetter == true }
        let priority =
            isName ? top.value("priority", &faults, parse) : top.number("priority", &faults, parse)
        priority?.apply(to: &specification)
        specification.timeRequestSeconds = top.value("time_request", &faults, Quantity.seconds)
        specification.warningSignal = top.choice("warn_signal", &faults, of: WarningSignal.self)
        specification.bindsProcessors = top.flag("bind_cpus", &faults) ?? false
        if let policy = top.choice("on_disconnect", &faults, of: DisconnectPolicy.self) {
            specification.onDisconnect = policy
        }
        if let policy = top.choice("on_lost", &faults, of: LossPolicy.self) { specification.onLost = policy }
        if let retries = readRetries(&faults) { specification.retries = retries }
        let whole = { (text: String) throws(GrammarError) in try Quantity.whole(text, as: UInt32.self) }
        if let limit = top.number("crash_limit", &faults, whole) { specification.crashLimit = limit }
    }

    private func readRetries(_ faults: inout FaultList) -> RetryPolicy? {
        guard case .mapping? = top.node("retries") else {
            return top.value("retries", &faults) { text throws(GrammarError) in try RetryPolicy(parsing: text)
            }
        }
        guard let rules = top.dictionary("retries", &faults) else { return nil }
        do {
            return try RetryPolicy(parsing: rules.map { ($0.name, $0.value) })
        } catch {
            faults.add("'retries': \(error.message)", at: top.mark(of: "retries"))
            return nil
        }
    }

    private mutating func readTasks(_ faults: inout FaultList) {
        guard top.has("tasks") else {
            if specification.kind == .tasks, top.lacks("tasks") {
                faults.add(
                    "'tasks' is missing: a job of kind tasks needs an array, lines, json or list, or open: true",
                    at: top.mark)
            }
            return
        }
        if specification.kind != .tasks {
            faults.add(
                "'tasks' belongs to kind tasks, and this job's kind is \(specification.kind.rawValue)",
                at: top.mark(of: "tasks"))
        }
        let sources = ["array", "lines", "json", "list"]
        guard let section = top.section("tasks", keys: sources + ["open"], &faults) else { return }
        let isOpen = section.flag("open", &faults)
        specification.isOpen = isOpen ?? false
        let given = sources.filter(section.has)
        if given.count > 1 {
            faults.add("'tasks' has more than one source: \(given.joined(separator: ", "))", at: section.mark)
        }
        switch given.first {
        case "array": readArray(section, &faults)
        case "lines": tasks = .lines(path: section.text("lines", &faults).map { path($0, faults.file) } ?? "")
        case "json": tasks = .json(path: section.text("json", &faults).map { path($0, faults.file) } ?? "")
        case "list": tasks = .list(section.texts("list", &faults) ?? [])
        default:
            tasks = .list([])
            // Not where what is there has its own fault already.
            if sources.allSatisfy(section.lacks), section.lacks("open") || isOpen == false {
                faults.add("'tasks' needs an array, lines, json or list, or open: true", at: section.mark)
            }
        }
    }

    private mutating func readArray(_ section: Section, _ faults: inout FaultList) {
        specification.array = section.value("array", &faults) { text throws(GrammarError) in
            try TaskArray(parsing: text)
        }
        if specification.isOpen {
            faults.add("'tasks': an array has all its tasks; it cannot be open", at: section.mark(of: "open"))
        }
    }

    /// A path inside a file is relative to that file's folder.
    private func path(_ path: String, _ file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }

    private mutating func readSlots(_ faults: inout FaultList) {
        let isTasks = specification.kind == .tasks
        specification.slots = SlotCount(minimum: 1, maximum: isTasks ? SlotCount.asManyAsFit : 1)
        guard let node = top.node("slots") else { return }
        if case .scalar(let scalar) = node, scalar.string == "per-node" {
            readSlotsOnEveryNode(&faults)
            return
        }
        let whole = { (text: String) throws(GrammarError) in try Quantity.whole(text, as: UInt32.self) }
        guard case .mapping = node else {
            if let count = top.number("slots", &faults, whole) { setSlots(count, count, &faults) }
            return
        }
        guard let section = top.section("slots", keys: ["min", "max", "per_node"], &faults) else { return }
        let minimum = section.number("min", &faults, whole)
        let maximum = section.number("max", &faults, whole)
        let perNode = section.number("per_node", &faults, whole)
        specification.placement.slotsPerNode = perNode
        let read = [("min", minimum), ("max", maximum), ("per_node", perNode)]
        if read.contains(where: { section.has($0.0) && $0.1 == nil }) { return }
        let least = minimum ?? 1
        let fillsNodes = specification.kind == .service && perNode != nil
        setSlots(
            least, maximum ?? (isTasks || fillsNodes ? SlotCount.asManyAsFit : max(least, 1)), &faults)
    }

    private mutating func readSlotsOnEveryNode(_ faults: inout FaultList) {
        guard specification.kind == .service else {
            faults.add(
                "'slots': per-node belongs to kind service, and this job's kind is "
                    + "\(specification.kind.rawValue); limit its slots on each node with { per_node: 1 }",
                at: top.mark(of: "slots"))
            return
        }
        specification.slots = SlotCount(minimum: 1, maximum: SlotCount.asManyAsFit)
        specification.placement.slotsPerNode = PlacementReader.slotsOnEveryNode(specification.constraints)
    }

    private mutating func setSlots(_ minimum: UInt32, _ maximum: UInt32, _ faults: inout FaultList) {
        do {
            specification.slots = try SlotCount(checking: minimum, maximum)
        } catch {
            faults.add("'slots': \(error.message)", at: top.mark(of: "slots"))
        }
    }
}
