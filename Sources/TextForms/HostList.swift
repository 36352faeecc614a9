/// Host names as Slurm writes many of them: `n[1-3,7],gpu-[01-02]-a`.
package enum HostList {
    /// More hosts than any cluster has; a list that names more is none.
    package static let limit = 1 << 17
    /// Of one name; Slurm's own clusters have at most a few dimensions.
    private static let bracketLimit = 8

    /// The parts between the commas that stand in no bracket.
    package static func parts(_ text: some StringProtocol) -> [String] {
        var parts: [String] = []
        var part = ""
        var depth = 0
        for character in text {
            if character == "[" { depth += 1 }
            if character == "]" { depth -= 1 }
            if character == ",", depth <= 0 {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        return parts + [part]
    }

    /// The names, in order; nil where the text is no such list, as when it was cut, or has more than `limit`.
    package static func names(_ text: some StringProtocol) -> [String]? {
        guard isList(text) else { return nil }
        var names: [String] = []
        for part in parts(text) {
            guard part.count(where: { $0 == "[" }) <= bracketLimit,
                let expanded = expanded(part[...]), names.count + expanded.count <= limit
            else {
                return nil
            }
            names += expanded
        }
        return names
    }

    /// Names, brackets and commas, all brackets closed; what the numbers are is not looked at.
    package static func isList(_ text: some StringProtocol) -> Bool {
        var depth = 0
        var isNamed = false
        for character in text {
            switch character {
            case "[": depth += 1
            case "]": depth -= 1
            case ",": break
            case "-", ".", "_", ":": break
            default:
                guard character.isASCII, character.isLetter || character.isNumber else { return false }
                isNamed = true
            }
            guard 0...1 ~= depth else { return false }
        }
        return depth == 0 && isNamed && parts(text).allSatisfy { !$0.isEmpty }
    }

    private static func expanded(_ part: Substring) -> [String]? {
        guard let open = part.firstIndex(of: "["), let close = part[open...].firstIndex(of: "]") else {
            return [String(part)]
        }
        guard let tails = expanded(part[part.index(after: close)...]) else { return nil }
        var names: [String] = []
        for range in part[part.index(after: open)..<close].split(separator: ",") {
            guard let numbers = numbers(range), names.count + numbers.count * tails.count <= limit else {
                return nil
            }
            for number in numbers { for tail in tails { names.append(part[..<open] + number + tail) } }
        }
        return names.isEmpty ? nil : names
    }

    /// "08-10": 08, 09, 10.
    private static func numbers(_ range: Substring) -> [String]? {
        let ends = range.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2, let first = ends.first, let last = ends.last, let low = UInt32(first),
            let high = UInt32(last), low <= high, Int(high - low) < limit
        else { return nil }
        return (low...high).map { number in
            let digits = String(number)
            return String(repeating: "0", count: max(0, first.count - digits.count)) + digits
        }
    }
}
