import ClusterTypes
import Foundation
import Testing

@Suite(.timeLimit(.minutes(2))) struct NamePatternTests {
    @Test(arguments: [
        ("h0", ["h0"], ["h", "h00", "xh0", "H0", ""]),
        ("n-[01][01]", ["n-00", "n-01", "n-10", "n-11"], ["n-02", "n-0", "n-000"]),
        ("c.+", ["c1", "c.x", "c🚀"], ["c", "b1"]),
        ("n-00([0123][0-9]|4[0-7])", ["n-0000", "n-0039", "n-0047"], ["n-0048", "n-0050", "n-00"]),
        ("a|bc|", ["a", "bc", ""], ["b", "abc"]),
        ("(ab)*c?", ["", "ab", "abab", "c", "ababc"], ["a", "aba", "cc"]),
        ("a{2}", ["aa"], ["a", "aaa"]), ("a{0}b", ["b"], ["ab"]),
        ("a{2,}", ["aa", "aaaaa"], ["a"]), ("a{1,3}", ["a", "aaa"], ["", "aaaa"]),
        ("[^a-c]x", ["dx", "-x"], ["ax", "cx", "x"]), ("[-a]", ["-", "a"], ["b"]),
        ("[a-]", ["-", "a"], ["b"]),
        (#"[\]\\^]"#, ["]", "\\", "^"], ["a"]), (#"n\.\d\w"#, ["n.1_", "n.9z"], ["nx1a", "n.aa", "n.1-"]),
        (#"[\d.]+"#, ["1.2"], ["1a"]), ("größe-日", ["größe-日"], ["grosse-日"]), ("()x", ["x"], [""]),
        ("(a*)*", ["", "aaa"], ["b"]), ("((a|b*)*c)+", ["c", "abbac", "cbc"], ["", "cab"]),
        ("((ab?)+|c{2,})*", ["", "aab", "ccabcca"], ["c", "ac", "bb"]), ("a:4", ["a:4"], ["a"]),
    ])
    func aPatternFitsWholeNames(pattern: String, good: [String], bad: [String]) throws {
        let pattern = try NamePattern(pattern)
        for name in good { #expect(pattern.matches(name), "\(name)") }
        for name in bad { #expect(!pattern.matches(name), "\(name)") }
    }

    @Test(arguments: [
        ("", 1, "the pattern is empty"), ("n-[01", 3, "'[' is not closed by ']'"),
        ("a(b|c", 2, "'(' is not closed by ')'"),
        ("ab)", 3, "')' closes no group; write \\) for the character"),
        ("a]", 2, "']' closes nothing; write \\] for the character"),
        ("a}", 2, "'}' closes nothing; write \\} for the character"),
        ("*a", 1, "'*' has nothing before it to repeat; write \\* for the character"),
        ("a|+", 3, "'+' has nothing before it to repeat; write \\+ for the character"),
        ("(?:a)", 2, "a group cannot begin with '?'; groups are written (…)"),
        ("a+?", 3, "'?' repeats what is repeated already; put that into a group: (…)?"),
        ("a**", 3, "'*' repeats what is repeated already; put that into a group: (…)*"),
        ("a{2}{3}", 5, "'{' repeats what is repeated already; put that into a group: (…){"),
        ("a{x}", 2, "a count is written {3}, {3,} or {3,5}; write \\{ for the character"),
        ("a{2", 2, "a count is written {3}, {3,} or {3,5}; write \\{ for the character"),
        ("a{3,2}", 2, "the count goes from 3 down to 2"), ("a{1001}", 3, "a count is at most 1000"),
        ("a{99999999999999999999}", 3, "a count is at most 1000"),
        ("a[]", 2, "the class is empty; write \\] for the character ']'"),
        ("[a[b]]", 3, "'[' stands in a class; write \\[ for the character"),
        ("[z-a]", 2, "the range ends before it begins"),
        ("[a-\\d]", 2, "a range goes from one character to another; write \\- for the character '-'"),
        ("a\\", 2, "'\\' stands at the end; write \\\\ for the character"),
        ("a\\b", 2, "'\\b' is not known; \\d is a digit and \\w a letter, digit or _"),
        ("^a", 1, "'^' is not needed: a pattern is for the whole name; write \\^ for the character"),
        ("a$", 2, "'$' is not needed: a pattern is for the whole name; write \\$ for the character"),
    ])
    func whatIsNoPatternIsRefusedWithItsPlace(text: String, position: Int, message: String) {
        let error = #expect(throws: NamePatternError.self) { try NamePattern(text) }
        #expect(error?.position == position)
        #expect(error?.message == message)
    }

    @Test func patternsHaveLimits() throws {
        _ = try NamePattern(String(repeating: "a", count: 999))
        #expect(throws: NamePatternError.self) { try NamePattern(String(repeating: "a", count: 1_001)) }
        for text in [
            "(a{100}){100}", "((a{100}){100}){100}", "(((){1000}){1000}){1000}", "(a{500}){1,}b{500}",
            String(repeating: "a", count: 1_000),
        ] {
            let error = #expect(throws: NamePatternError.self) { try NamePattern(text) }
            #expect(error?.message.hasPrefix("the pattern is too large") == true, "\(text)")
        }
        let depth = { (depth: Int) in
            String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
        }
        #expect(try NamePattern(depth(50)).matches("a"))
        #expect(throws: NamePatternError.self) { try NamePattern(depth(51)) }
    }

    /// Each of these takes longer than the universe has been there with a library that tries one way after the other.
    @Test(arguments: [
        "(a+)+b", "(a|a)*b", "(a|aa)+b", "(a*)*b", "((a?){15}){15}b", "(.*a){12}b", "(([ab]+)*)+c",
    ])
    func noPatternTakesExponentialTime(text: String) throws {
        #expect(!(try NamePattern(text).matches(String(repeating: "a", count: 253))))
    }

    @Test func anotherLibraryFindsTheSame() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = PatternGenerator(seed: seed)
        for round in 0..<500 {
            let text = generator.pattern()
            let pattern = try NamePattern(text)
            let other = try NSRegularExpression(pattern: "\\A(?:\(text))\\z")
            for _ in 0..<12 {
                let name = generator.name()
                let range = NSRange(name.startIndex..., in: name)
                let expected = other.firstMatch(in: name, range: range) != nil
                #expect(
                    pattern.matches(name) == expected, "seed \(seed), round \(round): '\(text)' on '\(name)'")
            }
        }
    }
}

/// Patterns that both libraries understand alike, and names that fit some of them. No repetition without an end has
/// another one in it: there the other library gives up and says that nothing fits.
private struct PatternGenerator {
    private var random: SeededRandom
    private static let letters = Array("ab01-.")

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func name() -> String {
        String((0..<number(below: 9)).map { _ in letter() })
    }

    mutating func pattern() -> String {
        let text = choice(depth: 3, repeats: true)
        return text.isEmpty ? "a" : text
    }

    private mutating func choice(depth: Int, repeats: Bool) -> String {
        (0...(number(below: 4) == 0 ? 1 : 0)).map { _ in sequence(depth: depth, repeats: repeats) }
            .joined(separator: "|")
    }

    private mutating func sequence(depth: Int, repeats: Bool) -> String {
        (0..<number(below: 4)).map { _ in
            let repetition = repeats ? repetition() : ""
            let isEndless = repetition == "*" || repetition == "+" || repetition.hasSuffix(",}")
            return atom(depth: depth, repeats: repeats && !isEndless) + repetition
        }.joined()
    }

    private mutating func atom(depth: Int, repeats: Bool) -> String {
        switch number(below: depth > 0 ? 8 : 6) {
        case 0: return "."
        case 1: return number(below: 2) == 0 ? "\\d" : "\\w"
        case 2:
            let members = (0...number(below: 3)).map { _ in
                ["a-b", "0-1", "\\-", "\\.", "\\d", "b"][number(below: 6)]
            }
            return "[\(number(below: 3) == 0 ? "^" : "")\(members.joined())]"
        case 3...5:
            let letter = letter()
            return letter == "." ? "\\." : String(letter)
        default: return "(\(choice(depth: depth - 1, repeats: repeats)))"
        }
    }

    private mutating func repetition() -> String {
        switch number(below: 9) {
        case 0: return "*"
        case 1: return "+"
        case 2: return "?"
        case 3: return "{\(number(below: 3))}"
        case 4:
            let least = number(below: 3)
            return "{\(least),\(least + number(below: 3))}"
        case 5: return "{\(number(below: 3)),}"
        default: return ""
        }
    }

    private mutating func letter() -> Character { Self.letters[number(below: Self.letters.count)] }
    private mutating func number(below end: Int) -> Int { Int.random(in: 0..<end, using: &random) }
}
