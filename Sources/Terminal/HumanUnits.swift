/// Quantities for people. Machines take the JSON, which has plain numbers.
package enum HumanUnits {
    /// `512 B`, `1.5 KiB`, `16 MiB`: three digits at most after rounding to nearest, binary units.
    package static func bytes(_ count: Int64) -> String {
        guard count >= 0 else { return "-" + bytes(count == .min ? .max : -count) }
        guard count >= 1024 else { return "\(count) B" }
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var unit = 0
        var scale: Int64 = 1024
        // Rounded as it will be shown, so that 1,048,575 bytes are 1 MiB and not 1024 KiB.
        while unit < units.count - 1, tenths(count, of: scale) >= 10_240 {
            scale *= 1024
            unit += 1
        }
        let value = tenths(count, of: scale)
        let isWhole = value >= 1_000 || value % 10 == 0
        let text = isWhole ? "\((value + 5) / 10)" : "\(value / 10).\(value % 10)"
        return "\(text) \(units[unit])"
    }

    /// `850ms`, `45s`, `3m05s`, `2h10m`, `3d04h`: the two largest units, rounded down.
    package static func duration(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if seconds < 0 || attoseconds < 0 { return "0s" }
        if seconds == 0 {
            let milliseconds = attoseconds / 1_000_000_000_000_000
            return milliseconds == 0 ? "0s" : "\(milliseconds)ms"
        }
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3_600 { return "\(seconds / 60)m\(twoDigits(seconds % 60))s" }
        if seconds < 86_400 { return "\(seconds / 3_600)h\(twoDigits(seconds % 3_600 / 60))m" }
        return "\(seconds / 86_400)d\(twoDigits(seconds % 86_400 / 3_600))h"
    }

    /// How long ago, by the largest unit alone: `45s`, `3m`, `2h`, `3d`. A time to come is `0s`.
    package static func age(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3_600: return "\(seconds / 60)m"
        case ..<86_400: return "\(seconds / 3_600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    /// Thousandths without needless zeros: 1500 is `1.5`, 4000 is `4`.
    package static func thousandths(_ count: Int64) -> String {
        let sign = count < 0 ? "-" : ""
        let magnitude = count.magnitude
        var fraction = String(String(1_000 + magnitude % 1_000).dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(sign)\(magnitude / 1_000)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }

    /// `1 task`, `2 tasks`.
    package static func count(_ number: some BinaryInteger, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }

    private static func tenths(_ count: Int64, of scale: Int64) -> Int64 {
        let (whole, rest) = count.quotientAndRemainder(dividingBy: scale)
        // The rest is below 2^60, so that ten times its half stays an Int64.
        return whole * 10 + (rest / 2 * 10 + scale / 4) / (scale / 2)
    }

    private static func twoDigits(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
