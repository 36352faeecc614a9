#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An IPv4 or IPv6 address; an IPv4 address that is mapped into IPv6 counts as IPv4.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes in network order.
    package let bytes: [UInt8]

    /// nil for any other length.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let isMapped =
            bytes.count == 16 && bytes[0..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff
            && bytes[11] == 0xff
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
    }

    /// Strict: four decimal numbers of at most 255, or IPv6 as in RFC 4291; nothing around it.
    package init?(_ text: String) {
        guard
            !text.isEmpty,
            text.utf8.allSatisfy({
                UInt8(ascii: "0")...UInt8(ascii: ":") ~= $0 || isHexLetter($0) || $0 == 46
            })
        else { return nil }
        let isV6 = text.contains(":")
        var bytes = [UInt8](repeating: 0, count: isV6 ? 16 : 4)
        guard inet_pton(isV6 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        self.init(bytes: bytes)
    }

    package var isV6: Bool { bytes.count == 16 }

    package var isLoopback: Bool {
        isV6 ? bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 : bytes[0] == 127
    }

    /// fe80::/10 or 169.254.0.0/16.
    package var isLinkLocal: Bool {
        isV6 ? bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80 : bytes[0] == 169 && bytes[1] == 254
    }

    /// No host has it: all zero, multicast or broadcast.
    package var isNoHost: Bool {
        if bytes.allSatisfy({ $0 == 0 }) { return true }
        return isV6 ? bytes[0] == 0xff : bytes[0] >= 224
    }

    /// The shortest usual form.
    package var description: String {
        var text = [CChar](repeating: 0, count: 64)
        guard inet_ntop(isV6 ? AF_INET6 : AF_INET, bytes, &text, socklen_t(text.count)) != nil else {
            return ""
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

private func isHexLetter(_ byte: UInt8) -> Bool { 97...102 ~= byte || 65...70 ~= byte }

/// A block of addresses, `10.0.0.0/8`.
package struct AddressBlock: Hashable, Sendable {
    package let base: IPAddress
    package let prefixLength: Int

    /// nil unless an address, a slash and a length that fits; bits behind the length do not matter.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard
            parts.count == 2, let base = IPAddress(String(parts[0])),
            !parts[1].isEmpty, parts[1].utf8.allSatisfy({ 48...57 ~= $0 }), let length = Int(parts[1]),
            length <= base.bytes.count * 8
        else { return nil }
        self.base = base
        prefixLength = length
    }

    package func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == base.bytes.count else { return false }
        for (position, (left, right)) in zip(base.bytes, address.bytes).enumerated() {
            let bits = min(8, max(0, prefixLength - position * 8))
            let mask = UInt8(truncatingIfNeeded: 0xff00 >> bits)
            if (left ^ right) & mask != 0 { return false }
        }
        return true
    }
}
