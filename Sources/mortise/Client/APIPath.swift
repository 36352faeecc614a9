/// Paths of the API with everything a user gave percent-encoded.
enum APIPath {
    /// `/v1/` and the segments; query values that are nil are left out.
    static func make(_ segments: [String], query: [(name: String, value: String?)] = []) -> String {
        let path = "/v1/" + segments.map(encoded).joined(separator: "/")
        let pairs = query.compactMap { name, value in value.map { "\(name)=\(encoded($0))" } }
        return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }

    /// All but the unreserved characters of RFC 3986. `.` and `..` alone would be steps of the path, so that a
    /// text of dots is encoded too.
    private static func encoded(_ text: String) -> String {
        let isDots = text.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: ".") where !isDots: result.append(".")
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
