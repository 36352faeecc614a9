import ProtocolMessages
import Zstd

/// What beats are compressed with, by number: one that was given out never changes.
enum BeatDictionary {
    /// Small messages: a higher level finds little more.
    private static let level: Int32 = 3

    private static let first = digested(BeatDictionary1.hex)

    /// nil for 0, and for one that this version does not have.
    static func numbered(_ number: UInt32) -> ZstdDictionary? { number == 1 ? first : nil }

    private static func digested(_ hex: StaticString) -> ZstdDictionary? {
        try? ZstdDictionary(bytes(hex), level: level)
    }

    /// Whitespace in it is passed over.
    private static func bytes(_ hex: StaticString) -> [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        hex.withUTF8Buffer { text in
            for case let digit? in text.map(value) {
                if let former = high {
                    bytes.append(former << 4 | digit)
                    high = nil
                } else {
                    high = digit
                }
            }
        }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
