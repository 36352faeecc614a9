import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// Who submits jobs and asks for enrollments, and what they mean each execution to do.
struct Client {
    /// What a reply is waited for.
    enum Request: Sendable {
        case joinToken
        case enrollment(host: Int)
        case submission(plan: Int)
        /// For nodes that a launcher is about to be asked for.
        case launchToken(call: UInt64)
        /// What became of a call of a launcher.
        case launcherAnswer(call: UInt64)
        case order
    }

    /// One job as its user thinks of it.
    struct Plan {
        var specification: JobSpecification
        var payloadCount = 0
        /// Of one execution, in microseconds.
        var meanDuration: Int64
        var failurePercent: Int64
        /// Every execution takes down its supervisor.
        var isPoison = false
        /// More is appended while it is open.
        var appendsLeft = 0
        var job: JobID?

        /// No execution may ever be a second one.
        var isAtMostOnce: Bool {
            specification.onLost == .fail && specification.retries.any == 0
                && specification.retries.rules.isEmpty && specification.kind != .service
        }
    }

    private(set) var plans: [Plan] = []
    /// What was asked, and whom.
    private(set) var requests = OrderedTable<UInt64, (request: Request, coordinator: Int)>()
    var stepMean: Int64 = 1
    var submissionsLeft = 0

    // MARK: Requests

    mutating func expect(_ request: Request, _ number: UInt64, from process: CoordinatorProcess) {
        requests[number] = (request, process.index)
    }

    mutating func takeRequest(_ number: UInt64) -> Request? {
        defer { requests[number] = nil }
        return requests[number]?.request
    }

    /// A coordinator is gone with everything that waited for its answer: nobody knows what came of it.
    mutating func loseRequests(to process: CoordinatorProcess, _ world: World) {
        for number in requests.keys where requests[number]?.coordinator == process.index {
            if case .enrollment(let host)? = takeRequest(number) { world.enrollLater(host) }
        }
    }

    // MARK: Plans

    mutating func add(_ plan: Plan) -> Int {
        plans.append(plan)
        return plans.count - 1
    }

    mutating func note(_ job: JobID, of plan: Int) { plans[plan].job = job }
    mutating func noteAppend(to plan: Int) { plans[plan].appendsLeft -= 1 }

    /// In microseconds; decided by who executes what, not by when.
    func duration(_ index: TaskIndex, of supervisor: Supervisor, _ world: World) -> Int64 {
        if world.isHealed { return 50_000 }
        let plan = plans[supervisor.plan]
        var dice = Dice(
            seed: world.executionSeed ^ UInt64(supervisor.plan) << 32 ^ UInt64(index),
            stream: supervisor.key.slot.rawValue << 8 ^ supervisor.key.generation.number)
        if world.isOn(.commandHangs), dice.chance(1) { return dice.spread(60_000_000, 600_000_000) }
        return plan.meanDuration / 10 + dice.below(2 * plan.meanDuration)
    }

    func isPoison(_ supervisor: Supervisor, _ world: World) -> Bool {
        !world.isHealed && plans[supervisor.plan].isPoison
    }

    func exitCode(_ index: TaskIndex, _ attempt: UInt32, of supervisor: Supervisor, _ world: World) -> Int32 {
        if world.isHealed { return 0 }
        var dice = Dice(
            seed: world.executionSeed ^ UInt64(supervisor.plan) << 32 ^ UInt64(index),
            stream: 77 &+ UInt64(attempt))
        guard dice.chance(plans[supervisor.plan].failurePercent) else { return 0 }
        return dice.chance(50) ? 1 : 91
    }

    /// How many tasks keep a slot busy for half a second; 0 for long ones.
    func tasksAhead(of supervisor: Supervisor) -> Int {
        let mean = plans[supervisor.plan].meanDuration
        return mean >= 1_000_000 ? 0 : Int(min(64, max(1, 500_000 / max(1, mean))))
    }
}

extension World {
    // MARK: Commands

    /// - Returns: false when nobody listens.
    @discardableResult
    func command(_ command: Command, for request: Client.Request = .order) -> Bool {
        // The first that answers; where none does, one may still hear it later.
        let reached = coordinators.first { $0.isRunning && !$0.isStopping }
        guard let process = reached ?? coordinators.first(where: { $0.machine != nil }) else { return false }
        self.command(command, to: process, for: request)
        return true
    }

    func command(_ command: Command, to process: CoordinatorProcess, for request: Client.Request = .order) {
        lastRequest += 1
        client.expect(request, lastRequest, from: process)
        deliver(.commandReceived(RequestID(lastRequest), command), to: process)
    }

    func answer(_ number: RequestID, _ reply: Reply) {
        guard let request = client.takeRequest(number.rawValue) else { return }
        observe(.replied(request, reply))
        switch (request, reply) {
        case (.enrollment(let index), .enrolled(let node, _)):
            let host = hosts[index]
            host.node = node
            hostOfNode[node] = index
            startAgent(of: host)
        case (.enrollment(let index), _): enrollLater(index)
        case (.launchToken(let call), _): noteLaunchToken(call, reply)
        case (.launcherAnswer(let call), _): endCall(call)
        case (.submission(let plan), .job(let record)):
            statistics.jobs += 1
            client.note(record.job, of: plan)
        case (.joinToken, .refused), (.joinToken, _), (.submission, _), (.order, _): break
        }
    }

    func createJoinToken() {
        command(
            .createToken(
                name: "join", purpose: .join(pool: "default"), secretHash: Self.joinSecretHash,
                expiresAt: nil, uses: nil), for: .joinToken)
    }

    func enroll(_ host: Host) {
        let allocation = host.allocation.map { $0.launcher.allocations[$0.position] }
        let isAsked = command(
            .enrollNode(
                secretHash: allocation?.secretHash ?? Self.joinSecretHash, name: host.name,
                keyFingerprint: host.keyFingerprint, allocation: allocation?.name),
            for: .enrollment(host: host.index))
        if !isAsked { enrollLater(host.index) }
    }

    func enrollLater(_ index: Int) {
        queue.push(.agentStarts, at: now + 5_000_000 + networkDice.below(5_000_000), host: UInt32(index))
    }

    // MARK: Work

    func scheduleClient() {
        let jobs = options.jobs ?? Int(clientDice.below(Int64(max(4, options.agents / 2)))) + 4
        client.submissionsLeft = jobs
        client.stepMean = max(1, options.duration.wholeMicroseconds * 8 / 10 / Int64(max(1, jobs)))
        queue.push(.clientStep, at: now + 10_000_000)
    }

    func stepClient() {
        guard !isHealed else { return }
        queue.push(.clientStep, at: now + clientDice.pause(mean: client.stepMean))
        appendSomething()
        guard client.submissionsLeft > 0 else { return }
        client.submissionsLeft -= 1
        var plan = drawPlan()
        if !launchers.isEmpty, launcherDice.chance(40) { restrictToPool(&plan.specification) }
        let number = client.add(plan)
        var specification = plan.specification
        specification.job = "\(number)"
        let payloads = (0..<plan.payloadCount).map { "\($0)" }
        command(
            .submitJob(specification, payloads: payloads, submitter: "alice"), for: .submission(plan: number))
    }

    private func appendSomething() {
        guard let number = client.plans.indices.last(where: { client.plans[$0].appendsLeft > 0 }),
            let job = client.plans[number].job
        else { return }
        client.noteAppend(to: number)
        let isLast = client.plans[number].appendsLeft == 0
        command(.appendTasks(job, payloads: ["a", "b", "c"], close: isLast))
    }

    private func drawPlan() -> Client.Plan {
        let kind = [JobKind.tasks, .tasks, .tasks, .tasks, .tasks, .batch, .batch, .service][
            Int(clientDice.below(8))]
        var job = JobSpecification(app: "app", job: "", kind: kind, command: .argv(["run"]))
        job.resources.resources.milliCPU = clientDice.spread(100, 4_000)
        job.resources.resources.memoryBytes = clientDice.chance(50) ? clientDice.spread(1 << 20, 4 << 30) : 0
        if clientDice.chance(30) {
            job.resources.devices = DeviceRequest(
                type: .gpu, count: UInt32(1 + clientDice.below(2)),
                shares: clientDice.chance(50) ? wholeDeviceShares : UInt32(100 + clientDice.below(500)))
            if job.resources.devices?.shares == wholeDeviceShares, clientDice.chance(30) {
                job.resources.devices?.memoryShareBytes = clientDice.spread(1 << 30, 16 << 30)
            }
        }
        job.onDisconnect = clientDice.chance(25) ? .keep : .stop
        job.priority = Int32(clientDice.below(3))
        job.stopGraceSeconds = UInt32(clientDice.below(11))
        if clientDice.chance(40) {
            job.onLost = .fail
        } else if clientDice.chance(50) {
            job.retries = RetryPolicy(
                any: UInt32(clientDice.below(3)), rules: [RetryPolicy.Rule(exitCode: 91, count: 2)])
        }
        var plan = Client.Plan(
            specification: job, meanDuration: clientDice.spread(100_000, 120_000_000),
            failurePercent: [0, 0, 5, 50][Int(clientDice.below(4))])
        plan.isPoison = isOn(.poisonTasks) && kind != .service && clientDice.chance(20)
        if plan.isPoison { plan.meanDuration = 200_000 }
        switch kind {
        case .tasks:
            let count = clientDice.spread(1, 200)
            job.slots = SlotCount(minimum: 1, maximum: UInt32(1 + clientDice.below(8)))
            if clientDice.chance(70) {
                job.array = TaskArray(first: 1, last: TaskIndex(count))
            } else {
                job.isOpen = clientDice.chance(50)
                plan.payloadCount = Int(count)
                plan.appendsLeft = job.isOpen ? 2 : 0
            }
        case .batch, .service:
            let count = UInt32(1 + clientDice.below(4))
            job.slots = SlotCount(minimum: count, maximum: count)
        }
        drawPlacement(of: &job)
        // Of a gang whose slots go down one after the other, most are to stop by then, which blames nobody.
        if plan.isPoison { job.placement.gang = nil }
        plan.specification = job
        return plan
    }

    /// Only nodes of a pool can run it.
    private func restrictToPool(_ job: inout JobSpecification) {
        let launcher = launchers[Int(launcherDice.below(Int64(launchers.count)))]
        job.constraints.append(.pool(launcher.name))
        if launcher.hardware.devices.isEmpty { job.resources.devices = nil }
    }

    private func drawPlacement(of job: inout JobSpecification) {
        job.placement.isPreemptible = clientDice.chance(15)
        if clientDice.chance(10) { job.placement.slotsPerNode = 1 }
        if clientDice.chance(10) {
            job.placement.alternatives = [ResourceRequest(resources: Resources(milliCPU: 50))]
        }
        if job.kind != .tasks, job.slots.maximum > 1, clientDice.chance(40) {
            job.placement.gang = Gang(startSeconds: UInt32(20 + clientDice.below(60)))
        }
    }
}
