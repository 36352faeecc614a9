import ClusterTypes
import Platform
import ProtocolMessages

/// Why a command could not be started, told as the exit of a command.
struct CommandFailure: Error, Equatable {
    let exitCode: Int32
    let message: String
    /// The machine is short of something: the command is not to blame.
    var isShortage = false

    static let notExecutable: Int32 = 126
    static let notFound: Int32 = 127
}

/// How the command of an assignment is run; what is the same for each task is prepared once.
final class CommandPlan {
    /// What exec takes.
    struct Prepared {
        let path: String
        let arguments: CStringArray
        let environment: CStringArray
    }

    /// Linux takes no longer single argument (MAX_ARG_STRLEN, with its NUL).
    static let argumentLimitBytes = (128 << 10) - 1
    /// A longer payload is left out of the environment: it stands on standard input anyway.
    static let variableLimitBytes = 64 << 10

    /// The command's working folder.
    let folder: String
    /// Looks whether the command may begin; nil where the job sets no conditions.
    let admission: Prepared?
    /// Each word, divided at its placeholders.
    private let words: [[String]]
    private let fixedArguments: CStringArray?
    private let environment: CStringArray
    /// Where in the environment the variables of a task stand; the payload's, which may be missing, is last.
    private let taskVariables: [(variable: TaskVariable, position: Int)]
    private let searchPath: [String]
    private var foundPath: String?

    private enum TaskVariable: String, CaseIterable {
        case index = "MORTISE_TASK_INDEX"
        case attempt = "MORTISE_ATTEMPT"
        case payload = "MORTISE_TASK"
    }

    /// - Parameters:
    ///   - slotFolder: absolute.
    ///   - inherited: the supervisor's environment, `NAME=value`.
    init(assignment: Assignment, setup: SlotSetup, slotFolder: String, inherited: [String]) {
        let specification = assignment.specification
        let files = SlotFiles(folder: slotFolder)
        folder = specification.directory ?? files.work
        let hasTasks = specification.kind == .tasks
        words = Self.words(of: specification.command, script: files.script).map {
            hasTasks ? Self.divided($0) : [$0]
        }
        let isFixed = words.allSatisfy { $0.count == 1 }
        fixedArguments = isFixed ? CStringArray(words.map { $0[0] }) : nil

        var variables = Variables(inherited)
        variables.set(Self.ownVariables(assignment: assignment, setup: setup, files: files))
        variables.set(specification.environment.filter { !$0.utf8.contains(0) })
        searchPath = (variables["PATH"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
            .map(String.init)
        let perTask = hasTasks ? TaskVariable.allCases.filter { variables[$0.rawValue] == nil } : []
        let fixed = variables.entries
        environment = CStringArray(fixed + perTask.map { _ in nil })
        admission = specification.admission.map { _ in
            Prepared(
                path: "/bin/sh", arguments: CStringArray(["/bin/sh", files.admission]),
                environment: CStringArray(fixed))
        }
        taskVariables = perTask.enumerated().map { ($1, fixed.count + $0) }
    }

    /// The command for a task, or for a slot without tasks. What it returns is valid until the next call.
    func prepare(_ task: TaskOrder?) throws(CommandFailure) -> Prepared {
        let value = task.map { $0.payload ?? String($0.attempt.index) }
        if let task, let value { setVariables(of: task, value: value) }
        let arguments: CStringArray
        let name: String
        if let fixedArguments {
            arguments = fixedArguments
            name = words.first?.first ?? ""
        } else {
            let texts = try texts(for: value ?? "")
            arguments = CStringArray(texts)
            name = texts.first ?? ""
        }
        return Prepared(path: try path(of: name), arguments: arguments, environment: environment)
    }

    private func setVariables(of task: TaskOrder, value: String) {
        for (variable, position) in taskVariables {
            switch variable {
            case .index: environment.set(position, "\(variable.rawValue)=\(task.attempt.index)")
            case .attempt: environment.set(position, "\(variable.rawValue)=\(task.attempt.attempt)")
            case .payload:
                let fits = value.utf8.count <= Self.variableLimitBytes && !value.utf8.contains(0)
                environment.set(position, fits ? "\(variable.rawValue)=\(value)" : nil)
            }
        }
    }

    private func texts(for value: String) throws(CommandFailure) -> [String] {
        if value.utf8.contains(0) {
            throw CommandFailure(
                exitCode: CommandFailure.notExecutable,
                message: "the task's payload has a NUL byte and cannot be an argument: "
                    + "leave out '{}' and read it from standard input")
        }
        let texts = words.map { $0.joined(separator: value) }
        guard texts.allSatisfy({ $0.utf8.count <= Self.argumentLimitBytes }) else {
            throw CommandFailure(
                exitCode: CommandFailure.notExecutable,
                message: "the task's payload (\(value.utf8.count) bytes) is too long for an argument "
                    + "(128 KiB): leave out '{}' and read it from standard input")
        }
        return texts
    }

    /// The file to run: looked for once where the name is always the same.
    private func path(of name: String) throws(CommandFailure) -> String {
        if name.utf8.contains(UInt8(ascii: "/")) { return name }
        if let foundPath, fixedArguments != nil { return foundPath }
        var isForbidden = false
        for folder in searchPath where !name.isEmpty {
            let candidate = (folder.isEmpty ? "." : folder) + "/" + name
            guard FileStatus(of: candidate)?.isFile == true else { continue }
            if Files.isRunnable(candidate) {
                foundPath = candidate
                return candidate
            }
            isForbidden = true
        }
        throw CommandFailure(
            exitCode: isForbidden ? CommandFailure.notExecutable : CommandFailure.notFound,
            message: "cannot run '\(name)': "
                + (isForbidden ? "permission denied" : "no such file or directory"))
    }

    /// Looks for the program again next time.
    func forgetPath() { foundPath = nil }

    /// What a failed start means to the user.
    func failure(_ failure: Program.Failure, path: String) -> CommandFailure {
        switch failure.stage {
        case .fork, .controlGroup:
            return CommandFailure(
                exitCode: CommandFailure.notExecutable,
                message: "cannot start a process for '\(path)': \(failure.text)",
                isShortage: SystemError.isShortage(failure.code))
        case .folder:
            return CommandFailure(
                exitCode: CommandFailure.notExecutable,
                message: "cannot enter the command's folder '\(folder)': \(failure.text)")
        case .exec:
            let isMissing = failure.text == "no such file or directory"
            let full = path.hasPrefix("/") ? path : folder + "/" + path
            if isMissing, FileStatus(of: full) != nil {
                return CommandFailure(
                    exitCode: CommandFailure.notExecutable,
                    message: "cannot run '\(path)': the interpreter or loader that it names does not exist")
            }
            return CommandFailure(
                exitCode: isMissing ? CommandFailure.notFound : CommandFailure.notExecutable,
                message: "cannot run '\(path)': \(failure.text)")
        }
    }
}

extension CommandPlan {
    /// The words of the command; a script's own first line is read here, so that it runs from a file system that
    /// forbids running files too.
    static func words(of command: JobCommand, script path: String) -> [String] {
        switch command {
        case .argv(let words): return words
        case .script(let text):
            guard text.hasPrefix("#!") else { return ["/bin/sh", path] }
            let line = text.utf8.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            // As the kernel does it: the interpreter, and all the rest as one argument.
            let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
            let trimmed = line.drop(while: isSpace)
            let interpreter = trimmed.prefix { !isSpace($0) }
            var rest = Array(trimmed.dropFirst(interpreter.count).drop(while: isSpace))
            while let last = rest.last, isSpace(last) { rest.removeLast() }
            guard !interpreter.isEmpty else { return ["/bin/sh", path] }
            let argument = rest.isEmpty ? [] : [String(decoding: rest, as: UTF8.self)]
            return [String(decoding: Array(interpreter), as: UTF8.self)] + argument + [path]
        }
    }

    /// A word in the pieces between its `{}`.
    static func divided(_ word: String) -> [String] {
        var pieces: [String] = []
        let bytes = Array(word.utf8)
        var start = 0
        var position = 0
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "{"), position + 1 < bytes.count,
                bytes[position + 1] == UInt8(ascii: "}")
            {
                pieces.append(String(decoding: bytes[start..<position], as: UTF8.self))
                position += 2
                start = position
            } else {
                position += 1
            }
        }
        pieces.append(String(decoding: bytes[start...], as: UTF8.self))
        return pieces
    }

    private static func ownVariables(assignment: Assignment, setup: SlotSetup, files: SlotFiles) -> [String] {
        let specification = assignment.specification
        let milliCPU = specification.resources.resources.milliCPU
        let hasHostfile = Hostfile.text(for: specification.environment) != nil
        let hostfile = hasHostfile ? ["\(Hostfile.pathVariable)=\(files.hostfile)"] : []
        let rankTable = assignment.rankTable.map { _ in "\(RankTableFile.variable)=\(files.rankTable)" }
        return [
            "MORTISE_JOB=\(assignment.job)",
            "MORTISE_APP=\(specification.app)",
            "MORTISE_JOB_NAME=\(specification.job)",
            "MORTISE_SLOT=\(assignment.key.slot)",
            "MORTISE_GENERATION=\(assignment.key.generation)",
            "MORTISE_NODE=\(setup.nodeName)",
            "MORTISE_DIRECTORY=\(files.work)",
            "TMPDIR=\(files.temporary)",
            "OMP_NUM_THREADS=\(max(1, (milliCPU + 999) / 1_000))",
        ] + setup.deviceVariables + hostfile + [rankTable].compactMap(\.self)
    }
}

/// An environment in the making: a later value of a name replaces the earlier one.
struct Variables {
    private var table = OrderedTable<String, String>()

    init(_ entries: [String] = []) { set(entries) }

    /// Entries without a name are left out.
    mutating func set(_ entries: [String]) {
        for entry in entries {
            guard let equals = entry.utf8.firstIndex(of: UInt8(ascii: "=")), equals != entry.startIndex
            else { continue }
            table[String(entry[..<equals])] = entry
        }
    }

    subscript(name: String) -> String? {
        table[name].map { String($0.dropFirst(name.count + 1)) }
    }

    /// `NAME=value`, in the order in which the names first came.
    var entries: [String] { Array(table.values) }

    /// The part of this process's environment that commands may see, the same on every node.
    static func clean() -> [String] {
        let path = Host.variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        return ["PATH=\(path)"]
            + ["HOME", "USER", "LANG", "TZ"].compactMap { name in
                Host.variable(name).map { "\(name)=\($0)" }
            }
    }
}
