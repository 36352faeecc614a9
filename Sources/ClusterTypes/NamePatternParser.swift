/// Reads a `NamePattern`; refuses what other expressions would understand differently.
struct NamePatternParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(NamePatternError) -> NamePatternTree {
        guard !scalars.isEmpty else { throw fault("the pattern is empty", at: 0) }
        guard scalars.count <= NamePattern.lengthLimit else {
            throw fault(
                "the pattern is longer than \(NamePattern.lengthLimit) characters",
                at: NamePattern.lengthLimit)
        }
        let tree = try choice()
        // What ends a choice early is a bracket that nothing opened.
        if position < scalars.count { throw fault("')' closes no group; write \\) for the character") }
        if tree.size >= NamePattern.stateLimit {
            throw fault(Self.tooLarge, at: scalars.count - 1)
        }
        return tree
    }

    private static let tooLarge =
        "the pattern is too large: repetitions written out, it has more than \(NamePattern.stateLimit) states"

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func fault(_ message: String, at place: Int? = nil) -> NamePatternError {
        NamePatternError(position: (place ?? position) + 1, message: message)
    }

    private mutating func choice() throws(NamePatternError) -> NamePatternTree {
        var branches = [try sequence()]
        while next == "|" {
            position += 1
            branches.append(try sequence())
        }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(NamePatternError) -> NamePatternTree {
        var parts: [NamePatternTree] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let part = try atom(scalar)
            parts.append(try repeated(part))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func atom(_ scalar: Unicode.Scalar) throws(NamePatternError) -> NamePatternTree {
        switch scalar {
        case "(":
            let start = position
            guard depth < NamePattern.depthLimit else {
                throw fault("groups stand in each other more than \(NamePattern.depthLimit) deep")
            }
            depth += 1
            position += 1
            if next == "?" { throw fault("a group cannot begin with '?'; groups are written (…)") }
            let tree = try choice()
            guard next == ")" else { throw fault("'(' is not closed by ')'", at: start) }
            position += 1
            depth -= 1
            return tree
        case "[": return .characters(try characterClass())
        case ".":
            position += 1
            return .characters(.any)
        case "\\": return .characters(try escape())
        case "*", "+", "?", "{":
            throw fault("'\(scalar)' has nothing before it to repeat; write \\\(scalar) for the character")
        case "]", "}": throw fault("'\(scalar)' closes nothing; write \\\(scalar) for the character")
        case "^", "$":
            throw fault(
                "'\(scalar)' is not needed: a pattern is for the whole name; write \\\(scalar) for the character"
            )
        default:
            position += 1
            return .characters(Self.one(scalar))
        }
    }

    private static func one(_ scalar: Unicode.Scalar) -> NamePatternCharacters {
        NamePatternCharacters(ranges: [scalar.value...scalar.value])
    }

    /// `\` and what follows it.
    private mutating func escape() throws(NamePatternError) -> NamePatternCharacters {
        let start = position
        position += 1
        guard let scalar = next else {
            throw fault("'\\' stands at the end; write \\\\ for the character", at: start)
        }
        position += 1
        let digits: ClosedRange<UInt32> = 0x30...0x39
        switch scalar {
        case "d": return NamePatternCharacters(ranges: [digits])
        case "w": return NamePatternCharacters(ranges: [digits, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
        case "a"..."z", "A"..."Z", "0"..."9":
            throw fault("'\\\(scalar)' is not known; \\d is a digit and \\w a letter, digit or _", at: start)
        default: return Self.one(scalar)
        }
    }

    /// `[…]` or `[^…]`
    private mutating func characterClass() throws(NamePatternError) -> NamePatternCharacters {
        let start = position
        position += 1
        var characters = NamePatternCharacters()
        if next == "^" {
            characters.isNegated = true
            position += 1
        }
        while let scalar = next, scalar != "]" {
            let place = position
            let first = try member(scalar)
            // A `-` at the end is the character.
            guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                characters.ranges += first.ranges
                continue
            }
            position += 1
            let last = try member(scalars[position])
            guard let low = Self.single(first), let high = Self.single(last) else {
                throw fault(
                    "a range goes from one character to another; write \\- for the character '-'", at: place)
            }
            guard low <= high else { throw fault("the range ends before it begins", at: place) }
            characters.ranges.append(low...high)
        }
        guard next == "]" else { throw fault("'[' is not closed by ']'", at: start) }
        guard !characters.ranges.isEmpty else {
            throw fault("the class is empty; write \\] for the character ']'", at: start)
        }
        position += 1
        return characters
    }

    private mutating func member(_ scalar: Unicode.Scalar) throws(NamePatternError) -> NamePatternCharacters {
        if scalar == "\\" { return try escape() }
        if scalar == "[" { throw fault("'[' stands in a class; write \\[ for the character") }
        position += 1
        return Self.one(scalar)
    }

    private static func single(_ characters: NamePatternCharacters) -> UInt32? {
        guard characters.ranges.count == 1, let range = characters.ranges.first, range.count == 1 else {
            return nil
        }
        return range.lowerBound
    }

    /// The part, with the repetition that may follow it.
    private mutating func repeated(_ part: NamePatternTree) throws(NamePatternError) -> NamePatternTree {
        let start = position
        let bounds: (least: Int, most: Int?)
        switch next {
        case "*": bounds = (0, nil)
        case "+": bounds = (1, nil)
        case "?": bounds = (0, 1)
        case "{": bounds = try counts()
        default: return part
        }
        position += 1
        if let again = next, "*+?{".unicodeScalars.contains(again) {
            throw fault("'\(again)' repeats what is repeated already; put that into a group: (…)\(again)")
        }
        let tree = NamePatternTree.repetition(part, least: bounds.least, most: bounds.most)
        guard tree.size <= NamePattern.stateLimit else { throw fault(Self.tooLarge, at: start) }
        return tree
    }

    /// `{m}`, `{m,}` or `{m,n}`, up to its last character.
    private mutating func counts() throws(NamePatternError) -> (least: Int, most: Int?) {
        let start = position
        let advice = "a count is written {3}, {3,} or {3,5}; write \\{ for the character"
        position += 1
        guard let least = try number() else { throw fault(advice, at: start) }
        var most: Int? = least
        if next == "," {
            position += 1
            most = try number()
        }
        guard next == "}" else { throw fault(advice, at: start) }
        if let most, most < least { throw fault("the count goes from \(least) down to \(most)", at: start) }
        return (least, most)
    }

    private mutating func number() throws(NamePatternError) -> Int? {
        let start = position
        var number = 0
        while let scalar = next, ("0"..."9").contains(scalar) {
            number = number * 10 + Int(scalar.value - 0x30)
            guard number <= NamePattern.stateLimit else {
                throw fault("a count is at most \(NamePattern.stateLimit)", at: start)
            }
            position += 1
        }
        return position == start ? nil : number
    }
}
