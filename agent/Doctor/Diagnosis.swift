/// All checks of one examination, in the order to be read.
package struct Diagnosis: Hashable, Sendable, Encodable {
    package var version: String
    /// The worst of all; skipped ones do not count.
    package var state: Check.State
    package var ok: Int
    package var warnings: Int
    package var failed: Int
    package var skipped: Int
    package var checks: [Check]

    package init(version: String, checks: [Check]) {
        func count(_ state: Check.State) -> Int { checks.count { $0.state == state } }
        self.version = version
        self.checks = checks
        ok = count(.ok)
        warnings = count(.warning)
        failed = count(.failed)
        skipped = count(.skipped)
        state = failed > 0 ? .failed : warnings > 0 ? .warning : .ok
    }

    /// 0, or 1 where something failed.
    package var exitCode: Int32 { state == .failed ? 1 : 0 }

    package var summary: String {
        let warned = warnings == 1 ? "1 warning" : "\(warnings) warnings"
        return "\(ok) ok, \(warned), \(failed) failed, \(skipped) skipped"
    }
}
