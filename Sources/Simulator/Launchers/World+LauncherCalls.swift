import ClusterTypes
import CoordinatorCore

// What LauncherService does: it carries a coordinator's orders to the launchers, one at a time for each pool, and tells
// the machine what they came to.
extension World {
    func describePools(to process: CoordinatorProcess) {
        process.launcherOrders = launchers.map { _ in Fifo() }
        process.launcherCalls = launchers.map { _ in nil }
        guard !launchers.isEmpty else { return }
        let pools = launchers.map { options.plant?.spoil($0.configuration) ?? $0.configuration }
        command(.configurePools(pools), to: process)
    }

    /// An action of the machine.
    func order(_ order: LauncherCall.Order, of pool: String, by process: CoordinatorProcess) {
        guard let launcher = launchers.first(where: { $0.name == pool }) else { return }
        process.launcherOrders[launcher.index].append(order)
        startNextCall(of: launcher, by: process)
    }

    private func startNextCall(of launcher: PoolLauncher, by process: CoordinatorProcess) {
        guard process.launcherCalls[launcher.index] == nil,
            let order = process.launcherOrders[launcher.index].popFirst()
        else { return }
        lastCall += 1
        let call = LauncherCall(number: lastCall, order, launcher, process)
        launcherCalls[call.number] = call
        process.launcherCalls[launcher.index] = call
        guard case .launch(let order) = order else { return start(call) }
        command(
            .createLaunchToken(order.launch, secretHash: call.secretHash), to: process,
            for: .launchToken(call: call.number))
    }

    func noteLaunchToken(_ number: UInt64, _ reply: Reply) {
        guard let call = launcherCalls[number], case .launch(let order) = call.order else { return }
        switch reply {
        case .token: start(call)
        case .refused(let refusal):
            tell(.noteLaunchFailed(order.launch, LaunchFailure(.unavailable, refusal.message)), of: call)
        default: endCall(number)
        }
    }

    private func start(_ call: LauncherCall) {
        var time = launcherDice.spread(50_000, 3_000_000)
        if hits(.launcherSlow, &launcherDice) { time += launcherDice.spread(1_000_000, 180_000_000) }
        queue.push(.launcherWorks, at: now + time, subject: call.number)
    }

    func workLauncher(_ number: UInt64) {
        guard let call = launcherCalls[number] else { return }
        call.answer = carryOut(call)
        call.isDone = true
        guard !call.isOrphaned else {
            launcherCalls[number] = nil
            return
        }
        var time = launcherDice.spread(10_000, 1_000_000)
        if hits(.launcherAnswersLost, &launcherDice) {
            call.answer = Self.unavailable(call, "no answer within 60 s")
            time = 60_000_000
        }
        queue.push(.launcherAnswers, at: now + time, subject: number)
    }

    func takeLauncherAnswer(_ number: UInt64) {
        guard let call = launcherCalls[number] else { return }
        if call.process.isStalled {
            queue.push(.launcherAnswers, at: now + 100_000, subject: number)
        } else if let answer = call.answer {
            tell(answer, of: call)
        } else {
            endCall(number)
        }
    }

    private func tell(_ command: Command, of call: LauncherCall) {
        self.command(command, to: call.process, for: .launcherAnswer(call: call.number))
    }

    /// The machine has heard its answer.
    func endCall(_ number: UInt64) {
        guard let call = launcherCalls[number] else { return }
        launcherCalls[number] = nil
        call.process.launcherCalls[call.launcher.index] = nil
        startNextCall(of: call.launcher, by: call.process)
    }

    /// The process is gone: what its launchers have begun they may go on with, and nobody hears of it.
    func orphanCalls(of process: CoordinatorProcess) {
        for case let call? in process.launcherCalls {
            let goesOn = launcherDice.chance(50) && !call.isDone
            call.isOrphaned = true
            if !goesOn { launcherCalls[call.number] = nil }
        }
        process.launcherOrders = []
        process.launcherCalls = []
    }

    static func unavailable(_ call: LauncherCall, _ message: String) -> Command? {
        let failure = LaunchFailure(.unavailable, message)
        switch call.order {
        case .launch(let order): return .noteLaunchFailed(order.launch, failure)
        case .list(let asked): return .noteListed(pool: call.launcher.name, .failure(failure), asked: asked)
        case .release: return nil
        }
    }
}
