/// Columns side by side: the first to the left, the others to the right.
struct TextTable {
    private var rows: [[String]]

    init(_ header: [String]) { rows = [header] }

    mutating func add(_ row: [String]) { rows.append(row) }

    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).enumerated().map { column, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + space : space + cell.0
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

extension Double {
    /// With so many digits after the point.
    func digits(_ count: Int) -> String {
        guard count > 0 else { return "\(Int64(rounded()))" }
        let factor = (0..<count).reduce(Int64(1)) { product, _ in product * 10 }
        let scaled = Int64((self * Double(factor)).rounded())
        let fraction = String(abs(scaled % factor))
        return "\(scaled < 0 ? "-" : "")\(abs(scaled / factor))."
            + String(repeating: "0", count: count - fraction.count) + fraction
    }
}

extension Optional<Double> {
    func digits(_ count: Int) -> String { self?.digits(count) ?? "-" }
}
