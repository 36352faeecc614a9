/// `0-3,8,10-11`, as the kernel writes sets of processors.
package enum ProcessorList {
    /// nil for anything else; at most 65,536 processors.
    package static func parse(_ text: String) -> [Int]? {
        var numbers: [Int] = []
        for part in trimmed(text[...]).split(separator: ",") {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int(trimmed($0)) }
            guard
                let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 0,
                first <= last, last < 65_536
            else { return nil }
            numbers.append(contentsOf: first...last)
            guard numbers.count <= 65_536 else { return nil }
        }
        return numbers
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// As the kernel writes it: "0-15,32-47".
    package static func text(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = ranges.last, number <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, number)
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map {
            $0.count == 1 ? String($0.lowerBound) : "\($0.lowerBound)-\($0.upperBound)"
        }.joined(separator: ",")
    }
}
