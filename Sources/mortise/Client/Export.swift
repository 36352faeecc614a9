import APITypes
import ClusterTypes

enum ExportForm: String, CaseIterable, Sendable {
    case jsonl, csv
}

/// What has columns of its own in CSV; in JSON lines it is the API's object.
protocol ExportRow: Encodable, Sendable {
    static var exportColumns: [String] { get }
    /// nil is an empty field.
    var exportFields: [String?] { get }
}

/// Writes lists of any length, page by page.
struct Export {
    let form: ExportForm
    let write: (String) -> Void

    /// - Parameter page: the one that begins at `next`; nil is the first.
    /// - Returns: how many rows were written.
    func rows<Row: ExportRow>(_ page: (_ next: UInt64?) async throws -> Page<Row>) async throws -> Int {
        var next: UInt64?
        var count = 0
        if form == .csv { write(CSV.line(Row.exportColumns)) }
        repeat {
            let page = try await page(next)
            write(try page.items.map(line).joined())
            count += page.items.count
            next = page.next
        } while next != nil
        return count
    }

    private func line(_ row: some ExportRow) throws -> String {
        switch form {
        case .jsonl: try JSONText.line(row)
        case .csv: CSV.line(row.exportFields)
        }
    }
}

/// RFC 4180, but for lines that end as everywhere in Unix.
enum CSV {
    static func line(_ fields: [String?]) -> String {
        fields.map { field($0 ?? "") }.joined(separator: ",") + "\n"
    }

    private static func field(_ text: String) -> String {
        // By code units: "\r\n" is one character.
        let isPlain = text.utf8.allSatisfy { ![UInt8(ascii: ","), UInt8(ascii: "\""), 10, 13].contains($0) }
        if isPlain { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            + "\""
    }
}

extension TaskView: ExportRow {
    static let exportColumns = [
        "job", "task", "state", "attempt", "exit_code", "reason", "slot", "node", "node_name", "started_at",
        "duration_seconds",
    ]

    var exportFields: [String?] {
        [
            "\(job)", "\(index)", state.rawValue, "\(attempt)", exitCode?.description, reason,
            slot?.description,
            node?.description, nodeName, startedAt, durationSeconds?.description,
        ]
    }
}

extension SlotView: ExportRow {
    static let exportColumns = [
        "job", "slot", "generation", "state", "exit_code", "reason", "node", "node_name", "created_at",
        "since",
    ]

    var exportFields: [String?] {
        [
            "\(job)", "\(slot)", "\(generation)", state.rawValue, exitCode?.description, reason,
            node?.description, nodeName, createdAt, since,
        ]
    }
}
