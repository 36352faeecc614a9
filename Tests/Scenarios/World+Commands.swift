import AgentCore
import ClusterTypes
@testable import CoordinatorCore
import ProtocolMessages

// The language of the scenarios. Words with `=` are options, the order of options is free.
//
//   node NAME [cpus=2] [memory=4GiB] [gpus=0] [model=NAME] [labels=zone:a,rack:1] [identity=OTHER]
//        [cluster=lab] [version=1.0]      enroll with a join token, start the agent, connect
//        [lifetime=4h]                    its machine will be gone then
//   submit NAME [kind=tasks|batch|service] [array=1-4[:2]] [payloads=a,b] [open] [cpus=1] [memory=] [gpus=1]
//        [share=500] [model=] [slots=1-8] [retries=91:1,*:2] [on_lost=fail] [on_disconnect=keep] [priority=0]
//        [crash_limit=3] [time=10m] [warn=USR1]
//        [constraints=pool:default,label:zone=a,node:n1,arch:arm64]
//   append JOB [PAYLOAD…] [close]
//   cancel|pause|resume JOB;  retry JOB [INDEX…]
//   drain|cordon|remove NODE [REASON…];  uncordon|accept NODE
//   hardware NODE [cpus=2] [memory=4GiB] [gpus=0] [model=NAME] [failed=0,3]    its agent finds this from now on
//   explain job JOB | task JOB INDEX | node NODE;  show
//   supervisor NODE SLOT.GENERATION WORD…   starting | running | wants N | result INDEX=EXIT… | ends EXIT
//        EXIT of a task: a code or `unstarted`; of a slot: a code, `stopped`, `vanished` (its supervisor was
//        killed), or `broken` (it could not run)
//   advance 5s                          everybody wakes up when they asked for it
//   quietly COMMAND…                    leaves what happens out of the trace (but not what is BROKEN)
//   disconnect NODE … connect NODE      the link breaks and can not be made; it can be again
//   silence NODE … heal NODE            nothing arrives, and nobody sees why; what was sent arrives
//   stop coordinator … start coordinator;  restart coordinator;  stall coordinator 30s
//   fail store … recover store
//   notice NODE 2m                      its machine will be taken away after this time
//   restart agent NODE;  leave NODE [keep];  reboot NODE
//   inject NODE results SLOT.GENERATION INDEX#ATTEMPT=EXIT… | report SLOT.GENERATION STATE [EXIT] | hello
//        a message on the node's connection that its agent knows nothing of
extension World {
    func perform(_ line: String) throws {
        let words = Arguments(line)
        let verb = try words.next("a command")
        if verb == "quietly" {
            isHushed = true
            defer { isHushed = false }
            try perform(words.rest().joined(separator: " "))
            return
        }
        switch verb {
        case "node": try addNode(words)
        case "submit": try submit(words)
        case "append": try append(words)
        case "cancel": command(.cancelJob(try job(words)))
        case "pause": command(.pauseJob(try job(words)))
        case "resume": command(.resumeJob(try job(words)))
        case "retry":
            let job = try job(words)
            let indices = try words.rest().map { try number($0) as TaskIndex }
            command(.retryTasks(job, indices.isEmpty ? nil : indices))
        case "drain":
            command(.drainNode(try machine(words).node, reason: words.rest().joined(separator: " ")))
        case "cordon":
            command(.cordonNode(try machine(words).node, reason: words.rest().joined(separator: " ")))
        case "uncordon": command(.uncordonNode(try machine(words).node))
        case "accept": command(.acceptNode(try machine(words).node))
        case "hardware":
            let machine = try machine(words)
            machine.hardware = try hardware(of: machine.name, words)
            drive(machine, .hardwareChanged(machine.hardware))
        case "remove":
            let machine = try machine(words)
            machine.isRemoved = core?.nodes[machine.node]?.record.state == .lost
            command(.removeNode(machine.node, reason: words.rest().joined(separator: " ")))
        case "explain": try explain(words)
        case "show": show()
        case "supervisor": try supervisor(words)
        case "advance": advance(try duration(words.next("a duration")))
        case "disconnect", "connect", "silence", "heal": try changeLink(verb, of: try machine(words))
        case "stop", "start", "restart", "stall": try changeProcess(verb, words)
        case "fail", "recover":
            try words.expect("store")
            isStoreFailing = verb == "fail"
            commit()
        case "leave":
            drive(
                try machine(words),
                .shutdownRequested(words.rest() == ["keep"] ? .keepSlots : .stopSlots))
        case "notice":
            let machine = try machine(words)
            let end = now + (try duration(words.next("a duration")))
            drive(machine, .endLearned(end, isNotice: true))
        case "reboot": reboot(try machine(words))
        case "inject": try inject(words)
        default: throw WorldError("there is no command '\(verb)'")
        }
        try words.end()
        advance(.zero)
    }

    // MARK: Names

    func name(of node: NodeID) -> String { machines.first { $0.node == node }?.name ?? "#\(node)" }

    func name(of job: JobID) -> String {
        core?.jobs[job]?.record.specification.job ?? jobs.first { $0.value == job }?.key ?? "#\(job)"
    }

    private func machine(_ words: Arguments) throws -> Machine {
        let name = try words.next("a node")
        guard let machine = machines.first(where: { $0.name == name }) else {
            throw WorldError("there is no node '\(name)'")
        }
        return machine
    }

    private func job(_ words: Arguments) throws -> JobID {
        let name = try words.next("a job")
        guard let job = jobs[name] else { throw WorldError("there is no job '\(name)'") }
        return job
    }

    // MARK: Nodes

    private func addNode(_ words: Arguments) throws {
        let name = try words.next("a name")
        var keyFingerprint = "key of \(name)"
        if let other = words.option("identity") {
            guard let machine = machines.first(where: { $0.name == other }) else {
                throw WorldError("there is no node '\(other)'")
            }
            keyFingerprint = machine.keyFingerprint
        }
        lastEnrolled = nil
        command(
            .enrollNode(secretHash: Self.joinSecretHash, name: name, keyFingerprint: keyFingerprint))
        settle()
        guard let node = lastEnrolled else { throw WorldError("'\(name)' was not enrolled") }
        let hardware = try hardware(of: name, words)
        let labels = try (words.option("labels") ?? "").split(separator: ",").map { text in
            let parts = text.split(separator: ":")
            guard parts.count == 2 else { throw WorldError("'\(text)' is no label") }
            return Label(String(parts[0]), String(parts[1]))
        }
        var version = ProtocolVersion.current
        if let text = words.option("version") {
            let parts = try text.split(separator: ".").map { try number(String($0)) as UInt32 }
            version = ProtocolVersion(major: parts[0], minor: parts.count > 1 ? parts[1] : 0)
        }
        let machine = Machine(
            name: name, node: node, keyFingerprint: keyFingerprint, hardware: hardware, labels: labels,
            cluster: words.option("cluster") ?? Self.cluster, version: version)
        machines.append(machine)
        machine.startAgent()
        if let lifetime = words.option("lifetime") {
            drive(machine, .endLearned(now + (try duration(lifetime)), isNotice: false))
        }
    }

    private func hardware(of name: String, _ words: Arguments) throws -> HardwareReport {
        let milliCPU = try (words.option("cpus").map { try number($0) as Int64 } ?? 2) * 1_000
        let memory = try words.option("memory").map(bytes) ?? 4 << 30
        let gpus = try words.option("gpus").map { try number($0) as UInt32 } ?? 0
        let model = words.option("model") ?? "H100"
        let failed = try (words.option("failed") ?? "").split(separator: ",").map { word -> UInt32 in
            try number(String(word))
        }
        return HardwareReport(
            hostname: name, architecture: .amd64, operatingSystem: "Linux", kernel: "6",
            processor: ProcessorReport(
                model: "CPU", sockets: 1, cores: 1, threads: 1, usableMilliCPU: milliCPU),
            memory: MemoryReport(totalBytes: memory, availableBytes: memory),
            disk: DiskReport(path: "/", totalBytes: 1 << 40, availableBytes: 1 << 40),
            devices: (0..<gpus).map {
                DeviceReport(
                    type: .gpu, vendor: "nvidia", model: model, index: $0, visibleID: "GPU-\($0)",
                    memoryTotalBytes: 80 << 30, health: failed.contains($0) ? .failed : .ok,
                    reason: failed.contains($0) ? "fell off the bus" : nil)
            },
            address: AddressReport(local: name, advertised: name, rule: "address"))
    }

    private func changeLink(_ verb: String, of machine: Machine) throws {
        switch verb {
        case "disconnect":
            machine.isCut = true
            breakLink(of: machine)
        case "connect": machine.isCut = false
        case "silence": machine.isSilent = true
        default:
            machine.isSilent = false
            let held = machine.held
            machine.held = []
            for delivery in held { send(delivery, over: machine) }
            settle()
            if machine.dialTimeout != nil {
                machine.dialTimeout = nil
                connect(machine)
            }
        }
    }

    /// Both ends learn of it.
    private func breakLink(of machine: Machine) {
        guard let connection = machine.connection else { return }
        machine.connection = nil
        drive(machine, .disconnected(reason: "connection lost"))
        send(
            .event(.agentDisconnected(connection, reason: "connection lost"), from: connection), over: machine
        )
    }

    private func changeProcess(_ verb: String, _ words: Arguments) throws {
        let what = try words.next("'coordinator' or 'agent'")
        switch (verb, what) {
        case ("stop", "coordinator"): stopCoordinator()
        case ("start", "coordinator"): startCoordinator()
        case ("restart", "coordinator"):
            stopCoordinator()
            settle()
            startCoordinator()
        case ("stall", "coordinator"):
            isStalled = true
            advance(try duration(words.next("a duration")))
            isStalled = false
            let waiting = inbox
            inbox = []
            for event in waiting { drive(event) }
        case ("restart", "agent"): restartAgent(of: try machine(words))
        default: throw WorldError("cannot \(verb) '\(what)'")
        }
    }

    /// The process dies and starts again; supervisors live on and say everything again.
    private func restartAgent(of machine: Machine) {
        machine.agent = nil
        breakLink(of: machine)
        settle()
        machine.startAgent()
        for supervisor in machine.supervisors.values {
            if supervisor.report.state != .assigned { drive(machine, .slotChanged(supervisor.report)) }
            if !supervisor.results.isEmpty {
                drive(machine, .tasksFinished(supervisor.key, supervisor.results))
            }
            if supervisor.credits > 0 {
                drive(machine, .tasksWanted(supervisor.key, credits: supervisor.credits))
            }
        }
    }

    private func reboot(_ machine: Machine) {
        machine.agent = nil
        machine.supervisors = OrderedTable()
        machine.boots += 1
        breakLink(of: machine)
        settle()
        machine.startAgent()
    }

    // MARK: Jobs

    private func submit(_ words: Arguments) throws {
        let name = try words.next("a name")
        let kind = try words.option("kind").map { try choice($0) as JobKind } ?? .tasks
        var job = JobSpecification(app: "app", job: name, kind: kind, command: .argv(["run"]))
        job.resources.resources.milliCPU = try (words.option("cpus").map { try number($0) } ?? 1) * 1_000
        job.resources.resources.memoryBytes = try words.option("memory").map(bytes) ?? 0
        if let gpus = words.option("gpus") {
            job.resources.devices = DeviceRequest(
                type: .gpu, count: try number(gpus),
                shares: try words.option("share").map { try number($0) } ?? wholeDeviceShares,
                model: words.option("model"))
        }
        if let slots = words.option("slots") {
            let bounds = try slots.split(separator: "-").map { try number(String($0)) as UInt32 }
            job.slots = SlotCount(minimum: bounds[0], maximum: bounds[bounds.count - 1])
        }
        if let array = words.option("array") {
            let parts = array.split(separator: ":")
            let bounds = try parts[0].split(separator: "-").map { try number(String($0)) as UInt32 }
            let step = try parts.count > 1 ? number(String(parts[1])) as UInt32 : 1
            job.array = TaskArray(first: bounds[0], last: bounds[bounds.count - 1], step: step)
        }
        for rule in (words.option("retries") ?? "").split(separator: ",") {
            let parts = rule.split(separator: ":").map(String.init)
            if parts[0] == "*" {
                job.retries.any = try number(parts[1])
            } else {
                job.retries.rules.append(
                    RetryPolicy.Rule(exitCode: try number(parts[0]), count: try number(parts[1])))
            }
        }
        for text in (words.option("constraints") ?? "").split(separator: ",") {
            guard let constraint = Constraint(parsing: String(text)) else {
                throw WorldError("'\(text)' is no constraint")
            }
            job.constraints.append(constraint)
        }
        if let time = words.option("time") {
            job.timeRequestSeconds = UInt32(try duration(time).wholeMilliseconds / 1_000)
        }
        job.warningSignal = try words.option("warn").map { try choice($0) }
        if let policy = words.option("on_lost") { job.onLost = try choice(policy) }
        if let policy = words.option("on_disconnect") { job.onDisconnect = try choice(policy) }
        if let limit = words.option("crash_limit") { job.crashLimit = try number(limit) }
        if let priority = words.option("priority") { job.priority = try number(priority) }
        job.isOpen = words.flag("open")
        let payloads = (words.option("payloads") ?? "").split(separator: ",").map(String.init)
        command(.submitJob(job, payloads: payloads, submitter: "alice"))
    }

    private func append(_ words: Arguments) throws {
        let job = try job(words)
        let isClosing = words.flag("close")
        command(.appendTasks(job, payloads: words.rest(), close: isClosing))
    }

    private func explain(_ words: Arguments) throws {
        switch try words.next("'job', 'task' or 'node'") {
        case "job": command(.explainJob(try job(words)))
        case "task": command(.explainTask(try job(words), try number(words.next("an index"))))
        default: command(.explainNode(try machine(words).node))
        }
    }

    private func show() {
        guard let core else { return note("the coordinator is down") }
        for node in core.nodes.values {
            let held = node.slots.map { " \($0)" }.joined()
            note("\(Words.line(node.record)), pulls \(node.credits)\(held.isEmpty ? "" : ", holds\(held)")")
        }
        for job in core.jobs.values { note(Words.line(job.record)) }
        for slot in core.slots.values { note(Words.line(slot.record, self)) }
    }

    // MARK: Supervisors and messages from nowhere

    private func supervisor(_ words: Arguments) throws {
        let machine = try machine(words)
        let key = try key(words.next("a slot"))
        while let word = words.nextOrNil() {
            guard let supervisor = machine.supervisors[key], supervisor.isAlive else {
                throw WorldError("slot \(key) does not run on \(machine.name)")
            }
            switch word {
            case "starting": report(SlotReport(key: key, state: .starting, at: now), on: machine)
            case "running": report(SlotReport(key: key, state: .running, at: now), on: machine)
            case "wants":
                let credits: UInt32 = try number(words.next("a number"))
                machine.supervisors[key]?.credits = credits
                drive(machine, .tasksWanted(key, credits: credits))
            case "result":
                var results: [TaskResult] = []
                while let text = words.nextIfPair() {
                    guard let attempt = supervisor.held.first(where: { "\($0.index)" == text.key }) else {
                        throw WorldError("slot \(key) does not hold task \(text.key)")
                    }
                    results.append(try result(attempt, text.value))
                }
                machine.supervisors[key]?.held.removeAll { held in results.contains { $0.attempt == held } }
                machine.supervisors[key]?.results += results
                drive(machine, .tasksFinished(key, results))
            case "ends": try end(key, try words.next("an exit"), on: machine)
            default: throw WorldError("a supervisor does not know '\(word)'")
            }
            settle()
        }
    }

    private func end(_ key: SlotKey, _ exit: String, on machine: Machine) throws {
        let end: SlotReport
        switch exit {
        case "stopped": end = SlotReport(key: key, state: .finished, reason: "stopped", at: now)
        case "vanished":
            end = SlotReport(
                key: key, state: .finished, reason: "its supervisor vanished", at: now, hasVanished: true)
        case "broken": end = SlotReport(key: key, state: .failed, reason: "cannot start", at: now)
        default:
            let code: Int32 = try number(exit)
            let reason = code == 0 ? "" : "exit code \(code)"
            end = SlotReport(
                key: key, state: code == 0 ? .finished : .failed, exitCode: code, reason: reason, at: now)
        }
        machine.supervisors[key]?.held = []
        report(end, on: machine)
    }

    private func result(_ attempt: TaskAttempt, _ text: String) throws -> TaskResult {
        if text == "unstarted" { return TaskResult(attempt: attempt, exitCode: 0, isUnstarted: true) }
        let code: Int32 = try number(text)
        return TaskResult(attempt: attempt, exitCode: code, reason: code == 0 ? "" : "exit code \(code)")
    }

    private func inject(_ words: Arguments) throws {
        let machine = try machine(words)
        guard let connection = machine.connection else {
            throw WorldError("\(machine.name) is not connected")
        }
        let message: AgentMessage
        switch try words.next("a message") {
        case "results":
            let key = try key(words.next("a slot"))
            let results = try words.rest().map { text in
                let parts = text.split(whereSeparator: { $0 == "#" || $0 == "=" }).map(String.init)
                guard parts.count == 3 else { throw WorldError("'\(text)' is no result") }
                let attempt = TaskAttempt(index: try number(parts[0]), attempt: try number(parts[1]))
                return try result(attempt, parts[2])
            }
            message = .taskResults(key, results)
        case "report":
            let key = try key(words.next("a slot"))
            let state: SlotState = try choice(words.next("a state"))
            let exit: Int32? = try words.nextOrNil().map { try number($0) }
            message = .slotReport(SlotReport(key: key, state: state, exitCode: exit, at: now))
        case "hello":
            message = .hello(
                Hello(
                    build: "test", cluster: machine.cluster, nodeName: machine.name, instance: 99,
                    bootID: "boot 1", hardware: machine.hardware))
        case let word: throw WorldError("there is no message '\(word)'")
        }
        send(.event(.agentMessage(connection, message), from: connection), over: machine)
    }
}
