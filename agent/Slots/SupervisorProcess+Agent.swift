import ClusterTypes
import Platform
import ProtocolMessages

// What the supervisor and the agent say to each other.
extension SupervisorProcess {
    /// To the agent, if there is one; `tellAgent` sends it.
    func queue(_ message: LocalMessage) {
        guard let connection else { return }
        do {
            connection.queue(try codec.encode(message))
        } catch {
            Supervisor.log("a message to the agent could not be written: \(error)")
        }
    }

    /// A change of the slot's state.
    func say(_ state: SlotState, exitCode: Int32? = nil, reason: String = "") {
        report = SlotReport(
            key: key, state: state, exitCode: exitCode, reason: reason,
            at: Instant(microseconds: SteadyClock.now()))
        queue(.agent(.slotReport(report)))
    }

    /// Sends the results and wishes that are due, and all that is queued.
    func tellAgent(at now: Int64) {
        guard let connection else { return }
        if kind == .tasks {
            if let moment = ledger.flushAt(
                batch: Self.resultBatch, delayMicroseconds: Self.resultDelayMicroseconds), moment <= now
            {
                queueResults()
            }
            if stopping == nil, ending == nil, !isWarned, let credits = ledger.creditsToSay(at: now) {
                queue(.agent(.pullTasks(key, credits: credits)))
            }
        }
        connection.flush()
        if connection.isGone { self.connection = nil }
    }

    func queueResults() {
        guard let connection else { return }
        do {
            connection.queue(try codec.encode(ledger.takeUnsent(), of: key))
        } catch {
            Supervisor.log("results could not be written: \(error)")
        }
    }

    func receive() {
        guard let connection else { return }
        connection.receive(using: &buffer)
        do throws(ProtocolError) {
            while let frame = try connection.nextFrame() { handle(try codec.decode(frame)) }
        } catch {
            Supervisor.log("the agent's message could not be read: \(error)")
            self.connection = nil
        }
        if connection.isGone, self.connection === connection { self.connection = nil }
    }

    private func handle(_ message: LocalMessage) {
        switch message {
        case .lease(let deadline): setLease(deadline)
        case .end(let time): setEnd(time)
        case .coordinator(.assignTasks(let slot, let orders)) where slot == key && kind == .tasks:
            ledger.take(orders, at: SteadyClock.sinceBoot())
            if stopping != nil || ending != nil || isWarned || ledger.isClosed {
                ledger.giveBack(at: SteadyClock.sinceBoot())
            } else {
                startTasks()
            }
        case .coordinator(.taskResultsAcknowledged(let slot, let attempts)) where slot == key:
            ledger.acknowledge(attempts)
        case .coordinator(.stopSlot(let slot, let reason)) where slot == key:
            stop(Stop(reason: reason))
        case .coordinator, .agent, .hello, .setup, .logs, .unknown:
            Supervisor.log("the agent sent a message that is not for this slot")
        }
    }
}
