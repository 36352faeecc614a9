import AgentDoctor
import Terminal

/// The examination for people: a mark, what was looked at, what was found, how to mend it.
enum DoctorText {
    static func text(_ diagnosis: Diagnosis, for device: TerminalDevice) -> String {
        let width = diagnosis.checks.map { DisplayWidth.of(title($0)) }.max() ?? 0
        let lines = diagnosis.checks.flatMap { check -> [String] in
            let title = title(check)
            let padding = String(repeating: " ", count: max(0, width - DisplayWidth.of(title)))
            let time = check.milliseconds.map { "  (\(milliseconds($0)))" } ?? ""
            let line =
                "\(mark(check.state, device)) \(title)\(padding)  \(DisplayWidth.printable(check.found))\(time)"
            return [line] + (check.mend.map { ["  → " + DisplayWidth.printable($0)] } ?? [])
        }
        return (lines + ["", diagnosis.summary, ""]).joined(separator: "\n")
    }

    private static func title(_ check: Check) -> String {
        DisplayWidth.printable(check.subject.map { "\(check.name) \($0)" } ?? check.name)
    }

    /// "0.4 ms", "12 ms", "3.2 s"
    private static func milliseconds(_ value: Double) -> String {
        if value < 10 { return "\(value) ms" }
        return value < 1_000 ? "\(Int(value.rounded())) ms" : "\((value / 100).rounded() / 10) s"
    }

    private static func mark(_ state: Check.State, _ device: TerminalDevice) -> String {
        let (mark, color) =
            switch state {
            case .ok: ("✓", 32)
            case .warning: ("!", 33)
            case .failed: ("✗", 31)
            case .skipped: ("-", 2)
            }
        return device.usesColor ? "\u{1b}[\(color)m\(mark)\u{1b}[0m" : mark
    }
}
