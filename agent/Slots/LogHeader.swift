/// The first line of a log file that does not begin at byte 0 of its stream.
enum LogHeader {
    private static let before = Array("[mortise: this part begins at byte ".utf8)
    private static let after = Array("]\n".utf8)
    private static let digits = 20
    static let byteCount = before.count + digits + after.count

    static func text(start: Int64) -> [UInt8] {
        let number = String(start)
        return before + Array(repeating: UInt8(ascii: "0"), count: digits - number.utf8.count) + number.utf8
            + after
    }

    /// No stream is longer, and the end of a file that begins there can still be counted.
    private static let startLimit: Int64 = 1 << 60

    /// Where a file with these first bytes begins in its stream, and how many of them are the header.
    ///
    /// The bytes may be a command's own, made to look like a header.
    static func parse(_ bytes: ArraySlice<UInt8>) -> (start: Int64, byteCount: Int) {
        let line = bytes.prefix(byteCount)
        guard line.count == byteCount, line.starts(with: before),
            line.suffix(after.count).elementsEqual(after),
            let start = Int64(
                String(decoding: line.dropFirst(before.count).prefix(digits), as: UTF8.self)),
            (0...startLimit).contains(start)
        else { return (0, 0) }
        return (start, byteCount)
    }
}
