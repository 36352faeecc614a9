import ClusterTypes

/// What a run has done, event by event: a hash of everything, and a line each for who wants to read.
///
/// The same seed, options and build give the same hash in every process.
package struct Trace {
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    package private(set) var events: UInt64 = 0
    /// Takes a line per event. Lines cost ten times what the run costs.
    let onLine: ((String) -> Void)?

    init(onLine: ((String) -> Void)?) { self.onLine = onLine }

    mutating func note(_ occurrence: Occurrence) {
        events += 1
        mix(UInt64(bitPattern: occurrence.at))
        mix(
            UInt64(occurrence.kind.rawValue) << 48 | UInt64(occurrence.host) << 8 | UInt64(occurrence.detail))
        mix(occurrence.subject)
        if let onLine {
            onLine(
                "\(Instant(microseconds: occurrence.at)) \(occurrence.kind) host=\(occurrence.host) "
                    + "subject=\(occurrence.subject) detail=\(occurrence.detail)")
        }
    }

    /// What followed from the event: how many writes and actions.
    mutating func note(writes: Int, actions: Int) { mix(UInt64(writes) << 32 | UInt64(actions)) }

    /// For people; the hash does not know of it.
    func explain(_ text: @autoclosure () -> String) { onLine?("    " + text()) }

    private mutating func mix(_ word: UInt64) {
        var mixed = hash ^ word
        mixed = (mixed ^ (mixed >> 32)) &* 0xD6E8_FEB8_6659_FD93
        hash = mixed ^ (mixed >> 29)
    }
}
