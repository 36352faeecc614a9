import ClusterTypes
import Platform
import ProtocolMessages

// The job's conditions: a command of their own looks at them, in the place of the slot's.
extension SupervisorProcess {
    /// True where the job sets none and while an earlier yes holds. Otherwise a look is on its way, and what follows it
    /// is `proceed`, or another look.
    func isAdmitted() -> Bool {
        guard let look = plan.admission else { return true }
        if let admittedUntil, SteadyClock.sinceBoot() < admittedUntil { return true }
        guard command == nil, restartAt == nil else { return false }
        do throws(CommandFailure) {
            command = try launch(look, isLook: true)
        } catch {
            holdBack(error.message)
        }
        return false
    }

    func finishLook(_ ended: RunningCommand) {
        if let stopping {
            stop(stopping)
        } else if isWarned, kind == .tasks {
            stop(Stop(reason: Self.timeEnds))
        } else if ended.exitCode == 0 {
            admittedUntil = SteadyClock.sinceBoot() + admissionInterval
            if ledger.isClosed {
                ledger.isClosed = false
                if report.reason != limitNote { say(.running, reason: limitNote) }
            }
            proceed()
        } else {
            let words = ended.error.tail
            holdBack(
                words.isEmpty || ended.exitCode == 124
                    ? "its check: " + ended.reason(timeoutSeconds: AdmissionScript.limitSeconds, note: nil)
                    : words)
        }
    }

    private func holdBack(_ why: String) {
        let now = SteadyClock.sinceBoot()
        restartAt = now + admissionInterval
        if kind == .tasks {
            ledger.isClosed = true
            ledger.giveBack(at: now)
        }
        let reason = "waits to be admitted: \(why)"
        if report.reason != reason { say(kind == .tasks ? .running : .starting, reason: reason) }
    }

    private var admissionInterval: Int64 {
        Int64(assignment.specification.admission?.intervalSeconds ?? 1) * 1_000_000
    }
}
