extension Scan {
    /// Without what terminals and editors add to a saved output: escape sequences (colours), a byte order mark, and
    /// the zero bytes of text that was saved with two bytes a character.
    static func plain(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x1B || $0 == 0 || $0 == 0xEF }) else { return text }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case 0x1B:
                guard rest.first == UInt8(ascii: "[") else { continue }
                // Parameters, then one final byte; anything else ends the sequence and stays.
                rest = rest.dropFirst().drop { 0x20...0x3F ~= $0 }
                if let final = rest.first, 0x40...0x7E ~= final { rest = rest.dropFirst() }
            case 0: continue
            default: bytes.append(byte)
            }
        }
        let plain = String(decoding: bytes, as: UTF8.self)
        return plain.unicodeScalars.first == "\u{FEFF}" ? String(plain.unicodeScalars.dropFirst()) : plain
    }
}
