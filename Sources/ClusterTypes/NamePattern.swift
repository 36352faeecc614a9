/// A regular expression for whole names of nodes: `h0`, `n-[01][01]`, `c.+`, `n-00([0123][0-9]|4[0-7])`.
///
/// Literals, `.`, classes, groups, `|`, `*`, `+`, `?`, `{m}`, `{m,}`, `{m,n}`, and `\` before a character that would
/// mean something else; `\d` and `\w` are digits and word characters of ASCII. It fits a name only as a whole.
///
/// A name is looked at once from left to right with the set of all states that the expression may be in, which takes
/// at most `stateLimit` steps a character. An expression that tries one way after the other, as most libraries do,
/// takes exponential time for some patterns, and one job's pattern must not be able to hold up the coordinator.
package struct NamePattern: Hashable, Sendable {
    package static let stateLimit = 1_000
    /// Of the pattern, in Unicode scalars.
    package static let lengthLimit = 1_000
    /// Of groups within groups.
    package static let depthLimit = 50

    package let text: String
    let steps: [Step]

    /// - Throws: with the place and what is wrong there.
    package init(_ text: String) throws(NamePatternError) {
        self.text = text
        var parser = NamePatternParser(text)
        let tree = try parser.parse()
        var steps: [Step] = []
        tree.append(to: &steps)
        steps.append(.end)
        self.steps = steps
    }

    /// What one state does: it goes on at other states without a character, or to the next one with a character.
    enum Step: Hashable, Sendable {
        case take(NamePatternCharacters)
        case fork(Int, Int)
        case jump(Int)
        case end
    }

    package func matches(_ name: String) -> Bool {
        var marks = [Int](repeating: -1, count: steps.count)
        var states: [Int] = []
        var next: [Int] = []
        var pending: [Int] = []
        /// Adds a state with all that are reached from it without a character.
        func add(_ state: Int, to states: inout [Int], mark: Int) {
            pending.append(state)
            while let state = pending.popLast() {
                if marks[state] == mark { continue }
                marks[state] = mark
                switch steps[state] {
                case .take, .end: states.append(state)
                case .jump(let target): pending.append(target)
                case .fork(let left, let right):
                    pending.append(right)
                    pending.append(left)
                }
            }
        }
        add(0, to: &states, mark: 0)
        for (position, scalar) in name.unicodeScalars.enumerated() {
            for state in states {
                guard case .take(let characters) = steps[state], characters.contain(scalar) else { continue }
                add(state + 1, to: &next, mark: position + 1)
            }
            if next.isEmpty { return false }
            swap(&states, &next)
            next.removeAll(keepingCapacity: true)
        }
        return states.contains { if case .end = steps[$0] { true } else { false } }
    }
}

/// A text that is no `NamePattern`.
package struct NamePatternError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Of the character, counted from 1.
    package let position: Int
    package let message: String

    package var description: String { "character \(position): \(message)" }
}

/// Characters that one place of a pattern takes.
struct NamePatternCharacters: Hashable, Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false

    /// `.`
    static let any = NamePatternCharacters(isNegated: true)

    func contain(_ scalar: Unicode.Scalar) -> Bool {
        ranges.contains { $0.contains(scalar.value) } != isNegated
    }
}

/// A pattern that has been read.
indirect enum NamePatternTree {
    case characters(NamePatternCharacters)
    case sequence([NamePatternTree])
    case choice([NamePatternTree])
    /// nil: without an end.
    case repetition(NamePatternTree, least: Int, most: Int?)

    /// States that it becomes; at least one, so that repeating nothing often is limited too. Stops counting above
    /// the limit.
    var size: Int {
        let size: Int
        switch self {
        case .characters: return 1
        case .sequence(let parts): size = parts.reduce(0) { $0 + $1.size }
        case .choice(let branches): size = branches.reduce(0) { $0 + $1.size + 2 }
        case .repetition(let tree, let least, let most):
            let optional = most.map { $0 - least } ?? 1
            size = least * tree.size + optional * (tree.size + 2)
        }
        return min(max(1, size), NamePattern.stateLimit + 1)
    }

    func append(to steps: inout [NamePattern.Step]) {
        switch self {
        case .characters(let characters): steps.append(.take(characters))
        case .sequence(let parts): for part in parts { part.append(to: &steps) }
        case .choice(let branches): Self.append(branches[...], to: &steps)
        case .repetition(let tree, let least, let most):
            for _ in 0..<least { tree.append(to: &steps) }
            guard let most else {
                let start = steps.count
                steps.append(.end)
                tree.append(to: &steps)
                steps.append(.jump(start))
                steps[start] = .fork(start + 1, steps.count)
                return
            }
            var exits: [Int] = []
            for _ in least..<most {
                exits.append(steps.count)
                steps.append(.end)
                tree.append(to: &steps)
            }
            for exit in exits { steps[exit] = .fork(exit + 1, steps.count) }
        }
    }

    private static func append(_ branches: ArraySlice<NamePatternTree>, to steps: inout [NamePattern.Step]) {
        var ends: [Int] = []
        for (position, branch) in branches.enumerated() {
            let isLast = position == branches.count - 1
            let start = steps.count
            if !isLast { steps.append(.end) }
            branch.append(to: &steps)
            if isLast { break }
            ends.append(steps.count)
            steps.append(.end)
            steps[start] = .fork(start + 1, steps.count)
        }
        for end in ends { steps[end] = .jump(steps.count) }
    }
}
