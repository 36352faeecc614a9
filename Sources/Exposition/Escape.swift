/// How texts and numbers are written.
enum Escape {
    /// Control characters become spaces: no terminal that shows the text may be led by a device's name.
    static func label(_ value: String, into bytes: inout [UInt8]) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case UInt8(ascii: "\""): bytes += #"\""#.utf8
            case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
            case 0..<32, 127: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
    }

    /// - Parameter quotes: OpenMetrics wants them escaped, the older format has no such escape.
    static func help(_ text: String, quotes: Bool, into bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
            case UInt8(ascii: "\"") where quotes: bytes += #"\""#.utf8
            default: bytes.append(byte)
            }
        }
    }

    /// Whole numbers without a fraction, others with as many digits as tell them apart.
    static func number(_ value: Double, into bytes: inout [UInt8]) {
        if value.magnitude < 0x1p53, case let whole = Int64(value), Double(whole) == value {
            bytes += "\(whole)".utf8
        } else if value.isNaN {
            bytes += "NaN".utf8
        } else if value.isInfinite {
            bytes += (value < 0 ? "-Inf" : "+Inf").utf8
        } else {
            bytes += "\(value)".utf8
        }
    }
}
