import ArgumentParser
import CoordinatorHistory

/// What is kept of the past; docs/history.md.
struct HistoryOptions: ParsableArguments {
    @Option(
        help:
            "Least time between two samples of a node in its history, 1s to 5m. [MORTISE_HISTORY_RESOLUTION]")
    var historyResolution: String?
    @Option(help: "So long all samples are kept, 10m to 31d. [MORTISE_HISTORY_FULL]")
    var historyFull: String?
    @Option(
        help: """
            So long means of 5 minutes, and usage by the hour, are kept, up to 400d; usage by the day stays. \
            [MORTISE_HISTORY_COARSE]
            """)
    var historyCoarse: String?
    @Option(help: "So much room history may take in the store, at least 16MiB. [MORTISE_HISTORY_BYTES]")
    var historyBytes: String?
    @Flag(help: "Keep no history and account for nothing; what there is stays. [MORTISE_NO_HISTORY=1]")
    var noHistory = false

    func settings(_ environment: [String: String]) throws -> HistorySettings {
        func text(_ flag: String?, _ name: String) -> String? {
            flag ?? environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        var settings = HistorySettings.defaults
        settings.isEnabled = !noHistory && environment["MORTISE_NO_HISTORY"] != "1"
        if let text = text(historyResolution, "MORTISE_HISTORY_RESOLUTION") {
            settings.resolutionSeconds = try Quantity.seconds(text, of: "--history-resolution")
        }
        if let text = text(historyFull, "MORTISE_HISTORY_FULL") {
            settings.fullSeconds = try Quantity.seconds(text, of: "--history-full")
        }
        if let text = text(historyCoarse, "MORTISE_HISTORY_COARSE") {
            settings.coarseSeconds = try Quantity.seconds(text, of: "--history-coarse")
        }
        if let text = text(historyBytes, "MORTISE_HISTORY_BYTES") {
            settings.maximumBytes = try Quantity.bytes(text, of: "--history-bytes")
        }
        let faults = settings.validate()
        guard faults.isEmpty else { throw Failure(faults.joined(separator: "\n")) }
        return settings
    }
}

/// Numbers with a unit, as flags take them.
enum Quantity {
    /// `90s`, `10m`, `6h`, `31d`.
    static func seconds(_ text: String, of flag: String) throws -> Int64 {
        let units: [String: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let value = product(text, units) else {
            throw Failure("\(flag) is '\(text)', which is no time like 10s, 5m, 6h or 31d.")
        }
        return value
    }

    /// `500MB` (10^6), `512MiB` (2^20).
    static func bytes(_ text: String, of flag: String) throws -> Int64 {
        let units: [String: Int64] = [
            "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000, "MiB": 1 << 20, "GiB": 1 << 30,
            "TiB": 1 << 40,
        ]
        guard let value = product(text, units) else {
            throw Failure("\(flag) is '\(text)', which is no size like 500MB or 2GiB.")
        }
        return value
    }

    static func count(_ text: String, of flag: String) throws -> Int {
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(text) else {
            throw Failure("\(flag) is '\(text)', which is no number like 100000.")
        }
        return count
    }

    private static func product(_ text: String, _ units: [String: Int64]) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), let unit = units[String(text.dropFirst(digits.count))] else {
            return nil
        }
        let (value, overflows) = number.multipliedReportingOverflow(by: unit)
        return overflows ? nil : value
    }
}
