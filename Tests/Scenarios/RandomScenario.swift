import ClusterTypes
@testable import CoordinatorCore
import ProtocolMessages

/// Commands of the scenario language drawn from a seed: first faults of every kind, then everything is healed and
/// all work has to come to its end.
///
/// What it did can be pasted into a case file.
final class RandomScenario {
    let world = World()
    private var random: SeededRandom
    /// The newest commands and what followed, for the failure's message.
    private(set) var history: [String] = []
    private(set) var faults: [String] = []
    private var jobCount = 0
    /// Jobs whose tasks must never be executed twice.
    private var atMostOnce: Set<String> = []
    /// Results that supervisors made of each task, recorded or not.
    private var executions: [String: Int] = [:]

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    // MARK: Doing

    private func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    private func chance(_ percent: Int) -> Bool { below(100) < percent }
    private func any<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &random) }

    private func perform(_ command: String) {
        guard faults.isEmpty else { return }
        do {
            try world.perform(command)
        } catch {
            faults.append("'\(command)': \(error)")
        }
        let trace = world.takeTrace()
        if !(trace == ["(nothing)"] && command == "advance 1s") {
            history += [command, "----"] + trace + [""]
        }
        if history.count > 400 { history.removeFirst(history.count - 400) }
        faults += trace.filter { $0.hasPrefix("BROKEN") }
    }

    func start() {
        for (number, gpus) in zip(1..., [0, 2, 1, 0]) {
            perform("node n\(number) cpus=\(number) gpus=\(gpus)")
        }
    }

    private var jobNames: [String] { world.jobs.keys.sorted() }

    /// One thing that a user, an operator, a supervisor or fate might do.
    func step() {
        guard let machine = any(world.machines) else { return }
        let name = machine.name
        switch below(1_000) {
        case 0..<50: submit()
        case 50..<650: superviseSomething()
        case 650..<760: perform("advance \(chance(10) ? 1 + below(40_000) : 1 + below(3_000))ms")
        case 760..<775: perform("disconnect \(name)")
        case 775..<810: perform("connect \(name)")
        case 810..<820: perform("silence \(name)")
        case 820..<850: perform("heal \(name)")
        case 850..<860: perform("restart agent \(name)")
        case 860..<865: perform("reboot \(name)")
        case 865..<870: perform(world.core == nil ? "start coordinator" : "restart coordinator")
        case 870..<873 where world.core != nil: perform("stop coordinator")
        case 870..<885 where world.core == nil: perform("start coordinator")
        case 885..<888 where world.core != nil: perform("stall coordinator \(1 + below(40))s")
        case 888..<893: perform("fail store")
        case 893..<910: perform("recover store")
        case 910..<915: perform("drain \(name)")
        case 915..<920: perform("cordon \(name)")
        case 920..<945: perform("uncordon \(name)")
        case 945..<950: perform("leave \(name)\(chance(50) ? " keep" : "")")
        case 950..<954: perform("notice \(name) \(1 + below(50))s")
        default: controlJob()
        }
    }

    private func submit() {
        guard jobCount < 25 else { return }
        jobCount += 1
        var words = ["submit", "j\(jobCount)"]
        switch below(4) {
        case 0: words += ["kind=batch", "slots=\(1 + below(3))"]
        case 1: words += ["kind=service"]
        default:
            words += ["array=1-\(1 + below(9))", "slots=1-\(1 + below(3))"]
            if chance(40) {
                words.append("on_lost=fail")
                atMostOnce.insert("j\(jobCount)")
            }
        }
        if chance(30) { words.append("gpus=1") }
        if chance(50), words.contains("gpus=1") { words.append("share=\([300, 500][below(2)])") }
        if chance(30) { words.append("on_disconnect=keep") }
        if chance(30), !atMostOnce.contains("j\(jobCount)") { words.append("retries=91:1,*:2") }
        if chance(30) { words.append("priority=\(below(3))") }
        perform(words.joined(separator: " "))
    }

    private func controlJob() {
        guard let job = any(jobNames) else { return }
        switch below(20) {
        case 0: perform("cancel \(job)")
        case 1..<3: perform("pause \(job)")
        case 3: if !atMostOnce.contains(job) { perform("retry \(job)") }
        default: perform("resume \(job)")
        }
    }

    private func superviseSomething() {
        let alive = world.machines.flatMap { machine in
            machine.supervisors.values.filter(\.isAlive).map { (machine, $0) }
        }
        guard let (machine, supervisor) = any(alive) else { return }
        supervise(supervisor, on: machine, isCalm: false)
    }

    /// - Parameter isCalm: all ends well.
    private func supervise(_ supervisor: FakeSupervisor, on machine: Machine, isCalm: Bool) {
        let subject = "supervisor \(machine.name) \(supervisor.key)"
        let isTasks = supervisor.specification.kind == .tasks
        if supervisor.isToldToStop {
            guard isCalm || chance(50) else { return }
            // What waits goes back; the first task was running and dies with the slot.
            let waiting = supervisor.held.dropFirst().map { " \($0.index)=unstarted" }.joined()
            if let running = supervisor.held.first { count(running, of: supervisor) }
            perform("\(subject)\(waiting.isEmpty ? "" : " result" + waiting) ends stopped")
        } else if supervisor.report.state == .assigned || supervisor.report.state == .starting {
            if !isCalm, chance(4) { return perform("\(subject) ends broken") }
            perform("\(subject) \(!isCalm && chance(20) ? "starting" : "running")")
        } else if !isCalm, chance(3) {
            if let running = supervisor.held.first { count(running, of: supervisor) }
            perform("\(subject) ends vanished")
        } else if isTasks, let task = supervisor.held.first, isCalm || chance(70) {
            let exit = isCalm ? 0 : [0, 0, 0, 1, 91][below(5)]
            count(task, of: supervisor)
            let others = supervisor.held.dropFirst()
            let returned = !isCalm && chance(10) ? others.map { " \($0.index)=unstarted" }.joined() : ""
            perform("\(subject) result \(task.index)=\(exit)\(returned)")
        } else if isTasks, supervisor.held.isEmpty, supervisor.credits == 0 {
            perform("\(subject) wants \(1 + below(3))")
        } else if supervisor.specification.kind == .batch {
            perform("\(subject) ends \(isCalm ? 0 : [0, 0, 1, 91][below(4)])")
        } else if !isTasks, !isCalm, chance(10) {
            perform("\(subject) ends 1")
        }
    }

    private func count(_ task: TaskAttempt, of supervisor: FakeSupervisor) {
        let job = supervisor.specification.job
        executions["\(job)/\(task.index)", default: 0] += 1
        if atMostOnce.contains(job), executions["\(job)/\(task.index)", default: 0] > 1 {
            faults.append("task \(job)/\(task.index) is executed twice")
        }
    }

    // MARK: Healing

    /// Everything works again: all jobs end, and nothing is left anywhere.
    func heal() {
        if world.core == nil { perform("start coordinator") }
        perform("recover store")
        for machine in world.machines {
            perform("heal \(machine.name)")
            perform("connect \(machine.name)")
        }
        // An agent that was told to leave may take a minute for it.
        perform("advance 61s")
        for machine in world.machines {
            if machine.agent == nil { perform("restart agent \(machine.name)") }
            perform("uncordon \(machine.name)")
        }
        for job in jobNames {
            perform("resume \(job)")
            if world.core?.jobs[world.jobs[job] ?? JobID(0)]?.record.specification.kind == .service {
                perform("cancel \(job)")
            }
        }
        for _ in 0..<300 where faults.isEmpty {
            let alive = world.machines.flatMap { machine in
                machine.supervisors.values.filter(\.isAlive).map { (machine, $0) }
            }
            for (machine, supervisor) in alive {
                guard let newest = machine.supervisors[supervisor.key], newest.isAlive else { continue }
                supervise(newest, on: machine, isCalm: true)
            }
            perform("advance 1s")
            if isQuiet { break }
        }
        checkNothingIsLeft()
    }

    private var isQuiet: Bool {
        guard let core = world.core else { return false }
        return core.slots.isEmpty && core.jobs.values.allSatisfy { $0.record.state.isEnded }
            && world.machines.allSatisfy { $0.supervisors.isEmpty }
    }

    private func checkNothingIsLeft() {
        guard faults.isEmpty, let core = world.core else { return }
        for job in core.jobs.values where !job.record.state.isEnded {
            faults.append("never ends: \(Words.line(job.record))")
        }
        for slot in core.slots.values { faults.append("never ends: \(Words.line(slot.record, world))") }
        for machine in world.machines {
            for key in machine.supervisors.keys {
                faults.append("\(key) is never forgotten on \(machine.name)")
            }
            if core.nodes[machine.node]?.record.state != .ready {
                faults.append(
                    "\(machine.name) is not ready, its agent waits for \(machine.nextWakeup, default: "nothing")"
                )
            }
        }
    }
}
