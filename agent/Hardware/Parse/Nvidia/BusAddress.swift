/// Domain, bus, device and function of a PCI address, to compare `00000000:C1:00.0` with `0000:c1:00.0`.
package struct BusAddress: Hashable, Comparable, Sendable {
    package let number: UInt64

    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        let last = parts[parts.count - 1].split(separator: ".", omittingEmptySubsequences: false)
        guard
            last.count == 2, let domain = parts.count == 3 ? UInt32(parts[0], radix: 16) : 0,
            let bus = UInt8(parts[parts.count - 2], radix: 16), let device = UInt8(last[0], radix: 16),
            let function = UInt8(last[1], radix: 16), device < 32, function < 8
        else { return nil }
        number = UInt64(domain) << 16 | UInt64(bus) << 8 | UInt64(device) << 3 | UInt64(function)
    }

    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}
