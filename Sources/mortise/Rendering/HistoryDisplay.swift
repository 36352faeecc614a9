import APITypes
import ClusterTypes
import Terminal

/// What `node history` prints: a line with a curve for each series, or comma-separated values.
struct HistoryDisplay {
    let view: NodeHistoryView

    private static let bars = Array("▁▂▃▄▅▆▇█")
    /// As wide as what stands beside it allows on 80 columns.
    private static let curveWidth = 24

    func table(for device: TerminalDevice) -> String {
        guard !view.series.isEmpty else { return "" }
        let width = max(Self.curveWidth, (device.width ?? 100) - 62)
        let rows = view.series.map { series in
            let values = (series.mean ?? series.maximum ?? [])
            let present = values.compactMap(\.self)
            let peak = (series.maximum ?? values).compactMap(\.self).max()
            let mean = present.isEmpty ? nil : present.reduce(0.0) { $0 + Double($1) } / Double(present.count)
            func text(_ value: Int64?) -> Cell {
                Cell(optional: value.map { Self.text($0, of: series.name) })
            }
            return [
                Cell(series.device.map { "device \($0)" } ?? "node"), Cell(Self.title(series.name)),
                text(present.min()), text(mean.map { Int64($0.rounded()) }), text(peak),
                text(values.last { $0 != nil } ?? nil),
                Cell(Self.curve(values, width: width)),
            ]
        }
        let last = (Instant(rfc3339: view.from) ?? .epoch) + .seconds(view.stepSeconds * Int64(view.steps))
        let heading =
            "\(view.name), \(Timestamp.date(view.from)) to \(Timestamp.date(last.rfc3339)), a value each "
            + "\(HumanUnits.duration(.seconds(view.stepSeconds)))"
        return DisplayWidth.printable(heading) + "\n"
            + Table(
                columns: [
                    Table.Column("of"), Table.Column("series"), Table.Column("least", .right),
                    Table.Column("mean", .right), Table.Column("most", .right), Table.Column("last", .right),
                    Table.Column("curve"),
                ], rows: rows
            ).rendered(for: device)
    }

    /// A heading, then a line for each step: its time, and of each series the mean and the maximum.
    var csv: String {
        var columns: [(title: String, values: [Int64?])] = []
        for series in view.series {
            let place = series.device.map { "device\($0)." } ?? ""
            if let mean = series.mean { columns.append((place + series.name, mean)) }
            if let maximum = series.maximum { columns.append((place + series.name + ".max", maximum)) }
        }
        var lines = (["time"] + columns.map(\.title)).joined(separator: ",") + "\n"
        let from = Instant(rfc3339: view.from) ?? .epoch
        for step in 0..<view.steps {
            let time = from + .seconds(view.stepSeconds * Int64(step))
            let fields = columns.map { column in
                step < column.values.count ? column.values[step].map(String.init) ?? "" : ""
            }
            lines += ([time.rfc3339Seconds] + fields).joined(separator: ",") + "\n"
        }
        return lines
    }

    /// Between zero and the largest value; a blank where nothing was read.
    static func curve(_ values: [Int64?], width: Int) -> String {
        let top = max(1, values.compactMap(\.self).max() ?? 1)
        let count = min(width, values.count)
        return String(
            (0..<count).map { position -> Character in
                let part = values[position * values.count / count..<(position + 1) * values.count / count]
                guard let most = part.compactMap(\.self).max() else { return " " }
                return bars[min(bars.count - 1, Int(Double(max(0, most)) / Double(top) * 7.99))]
            })
    }

    /// The unit goes to the values.
    private static func title(_ name: String) -> String {
        for unit in ["BytesPerSecond", "Bytes", "Permille", "Celsius", "Milliwatts", "Megahertz", "Milli"]
        where name.hasSuffix(unit) {
            return String(name.dropLast(unit.count))
        }
        return name
    }

    private static func text(_ value: Int64, of name: String) -> String {
        if name.hasSuffix("BytesPerSecond") { return HumanUnits.bytes(value) + "/s" }
        if name.hasSuffix("Bytes") { return HumanUnits.bytes(value) }
        if name.hasSuffix("Permille") { return HumanUnits.thousandths(value * 100) + " %" }
        if name.hasSuffix("Celsius") { return "\(value) °C" }
        if name.hasSuffix("Milliwatts") { return HumanUnits.thousandths(value / 100 * 100) + " W" }
        if name.hasSuffix("Megahertz") { return "\(value) MHz" }
        if name.hasSuffix("Milli") { return HumanUnits.thousandths(value) }
        return "\(value)"
    }
}
