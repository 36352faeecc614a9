import Synchronization

/// What is asked rarely: links, counters of memory errors, boards and network addresses. Each answer costs a run of the
/// tool for each card, so a few questions go along with each probe until all are answered, and then none for a while.
package final class AscendDetails: Sendable {
    package enum Question: Hashable, Sendable {
        case topology
        case errors(card: UInt32)
        case board(card: UInt32)
        /// Of the chip's own network port.
        case address(physicalID: UInt32)

        var tool: String {
            if case .address = self { "hccn_tool" } else { AscendProbe.tool }
        }

        var arguments: [String] {
            switch self {
            case .topology: ["info", "-t", "topo"]
            case .errors(let card): ["info", "-t", "ecc", "-i", String(card)]
            case .board(let card): ["info", "-t", "board", "-i", String(card)]
            case .address(let physicalID): ["-i", String(physicalID), "-ip", "-g"]
            }
        }
    }

    /// The answers so far.
    package struct Known: Sendable {
        package var topology: AscendTopology?
        /// Of each card, one for each chip.
        package var errors: [UInt32: AscendList] = [:]
        package var boards: [UInt32: AscendBoard] = [:]
        /// By physical ids.
        package var addresses: [UInt32: String] = [:]

        /// Memory errors of both kinds of memory: `single` were corrected, `double` were not; nil is not known.
        package func errors(
            _ count: KeyPath<AscendErrorCounts, UInt64?>, card: UInt32, chip: UInt32
        ) -> UInt64? {
            guard let said = errors[card]?.chip(card: card, chip: chip) else { return nil }
            let counts = [said.memoryErrors, said.highBandwidthMemoryErrors].compactMap { $0[keyPath: count] }
            return counts.isEmpty ? nil : counts.reduce(0) { $0.addingReportingOverflow($1).partialValue }
        }
    }

    private struct State {
        var known = Known()
        var open: [Question] = []
        var askedAt: ContinuousClock.Instant?
        var division: (division: AscendProbe.Division, askedAt: ContinuousClock.Instant)?
    }

    /// Between two rounds of questions.
    private let interval: Duration
    /// With one probe.
    private static let questionsAtOnce = 4
    private let state = Mutex(State())

    package init(interval: Duration = .seconds(3_600)) { self.interval = interval }

    package var known: Known { state.withLock { $0.known } }

    /// The questions for this probe. Those that are not answered come again in the next round.
    ///
    /// - Parameter numbers: physical ids of chips whose network address is to be asked for.
    package func questions(
        cards: [UInt32], numbers: [UInt32] = [], now: ContinuousClock.Instant = .now
    ) -> [Question] {
        state.withLock { state in
            if state.open.isEmpty, state.askedAt.map({ now - $0 >= interval }) ?? true {
                state.open =
                    [.topology] + numbers.map { .address(physicalID: $0) }
                    + cards.flatMap { [.errors(card: $0), .board(card: $0)] }
                state.askedAt = now
            }
            let next = Array(state.open.prefix(Self.questionsAtOnce))
            state.open.removeFirst(next.count)
            return next
        }
    }

    package func answer(_ question: Question, _ text: String) {
        state.withLock { state in
            switch question {
            case .topology:
                let topology = AscendTopology(parsing: text)
                if !topology.rows.isEmpty { state.known.topology = topology }
            case .errors(let card):
                let list = AscendList(parsing: text)
                if !list.chips.isEmpty { state.known.errors[card] = list }
            case .board(let card):
                if let board = AscendList(parsing: text).chips.lazy.compactMap(\.board).first {
                    state.known.boards[card] = board
                }
            case .address(let physicalID):
                if let address = AscendAddresses.answer(text) { state.known.addresses[physicalID] = address }
            }
        }
    }

    /// What is known of the virtual NPUs with these numbers; asked for when they are others than before, until all is told,
    /// and after a while.
    func division(
        _ numbers: [UInt32], now: ContinuousClock.Instant = .now, ask: () -> AscendProbe.Division
    ) -> AscendProbe.Division {
        let known = state.withLock { $0.division }
        if let known, known.division.numbers == numbers, now - known.askedAt < interval {
            return known.division
        }
        let division = ask()
        if division.isComplete { state.withLock { $0.division = (division, now) } }
        return division
    }

    /// The tool hangs: nothing more is asked in this round.
    package func stop() { state.withLock { $0.open = [] } }
}
