import ArgumentParser
import CoordinatorStore
import CoordinatorStoreRows
import Foundation
import Terminal

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Bring the store up to date, check it, or copy it into another one.",
        discussion: "The coordinator must not run meanwhile.",
        subcommands: [Migrate.self, Check.self, Copy.self])

    struct Options: ParsableArguments {
        @OptionGroup var place: DirectoryOption
        @Option(help: "Another store than the directory's: sqlite:PATH or postgresql://…")
        var store: String?
        @Flag(help: "Print a JSON object.")
        var json = false

        /// - Returns: what `body` makes of the store, which is closed afterwards.
        func withStore<Result>(_ body: (any RowStore, String) throws -> Result) throws -> Result {
            let environment = ProcessInfo.processInfo.environment
            let name = try store ?? environment["MORTISE_STORE"] ?? place.location.settings().store
            let opened = try place.location.openStore(name)
            defer { try? opened.close() }
            return try body(opened, name)
        }

        func print(_ report: some Encodable, text: String) throws {
            guard json else { return Swift.print(text) }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            Swift.print(String(decoding: try encoder.encode(report), as: UTF8.self))
        }
    }

    struct Migrate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring the tables to this program's version, without serving.",
            discussion: """
                'serve' does it as well when it starts. There is no way back: make a backup before.

                Example:
                  mortise-coordinator store migrate
                """)

        @OptionGroup var options: Options

        private struct Report: Encodable {
            let store: String
            let version: String
            /// Empty: there was nothing.
            let before: String
        }

        func run() throws {
            try options.withStore { store, name in
                let version = store.schemaVersion
                let text =
                    switch version.before {
                    case "": "\(name): made anew, at version \(version.now)."
                    case version.now: "\(name): is at version \(version.now) already."
                    default: "\(name): brought from version \(version.before) to \(version.now)."
                    }
                try options.print(
                    Report(store: name, version: version.now, before: version.before), text: text)
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read every row, and say what cannot be right.",
            discussion: """
                Exit status: 0 nothing is wrong, 1 something is.

                Example:
                  mortise-coordinator store check --json
                """)

        @OptionGroup var options: Options

        func run() throws {
            let isSound = try options.withStore { store, name in try check(store, name) }
            if !isSound { throw ExitCode(1) }
        }

        private func check(_ store: some RowStore, _ name: String) throws -> Bool {
            let progress = RowProgress()
            let findings = try store.readRows { connection in
                try StoreCheck(connection).findings { progress.show("reading", $0.name, $1) }
            }
            progress.end()
            let faults = findings.faults
            let report = RowReport(store: name, rows: findings.rows, faults: faults)
            let verdict = faults.isEmpty ? "Nothing is wrong." : HumanUnits.count(faults.count, "fault") + "."
            try options.print(report, text: (report.lines + faults + [verdict]).joined(separator: "\n"))
            return faults.isEmpty
        }
    }

    struct Copy: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy everything into another store, and compare both.",
            discussion: """
                From SQLite to PostgreSQL or back. The other store must be empty, or the unfinished copy of an attempt
                before. This one is left as it is.

                Example:
                  mortise-coordinator store copy --to postgresql://mortise@db.example.org/mortise --switch
                """)

        @OptionGroup var options: Options
        @Option(help: "The store to copy to: sqlite:PATH, relative to the directory, or postgresql://…")
        var to: String
        @Flag(name: .customLong("switch"), help: "Let 'serve' use the copy from now on.")
        var switches = false

        func validate() throws {
            _ = try CoordinatorDirectory.postgresAddress(to)
            if switches, options.store != nil {
                throw ValidationError("--switch is about the directory's own store: leave out --store")
            }
        }

        func run() throws {
            let directory = options.place.location
            try options.withStore { source, name in
                guard name != to else { throw Failure("The store cannot be copied onto itself.") }
                let destination = try directory.openStore(to, allowsUnfinishedCopy: true)
                defer { try? destination.close() }
                let counts = try copy(source, destination)
                if switches {
                    var settings = try directory.settings()
                    settings.store = to
                    try directory.write(settings, to: directory.settingsPath)
                }
                let report = RowReport(store: to, rows: counts, faults: [])
                let next =
                    switches
                    ? "'serve' uses it from now on." : "To use it: mortise-coordinator serve --store \(to)"
                try options.print(
                    report,
                    text: (report.lines + ["Copied and compared. " + next]).joined(separator: "\n"))
            }
        }

        private func copy(
            _ source: some RowStore, _ destination: some RowStore
        ) throws -> [(table: String, rows: Int)] {
            let progress = RowProgress()
            defer { progress.end() }
            return try StoreCopy.copy(source, to: destination) { table, rows, isCompared in
                progress.show(isCompared ? "comparing" : "copying", table.name, rows)
            }.map { ($0.table.name, $0.rows) }
        }
    }
}

/// How many rows the tables have, and what is wrong with them.
private struct RowReport: Encodable {
    let store: String
    let rows: [String: Int]
    let faults: [String]

    init(store: String, rows: [(table: String, rows: Int)], faults: [String]) {
        self.store = store
        self.rows = Dictionary(rows.map { ($0.table, $0.rows) }) { $1 }
        self.faults = faults
    }

    var lines: [String] {
        let width = rows.keys.map(\.count).max() ?? 0
        return rows.sorted { $0.key < $1.key }.map { table, count in
            table + String(repeating: " ", count: width - table.count + 2) + "\(count)"
        }
    }
}

/// One line on a terminal, nothing elsewhere.
private struct RowProgress {
    private let isShown = isatty(2) == 1

    func show(_ doing: String, _ table: String, _ rows: Int) {
        write("\r\u{1B}[K\(doing) \(table): \(rows) rows")
    }

    func end() { write("\r\u{1B}[K") }

    private func write(_ text: String) {
        if isShown { FileHandle.standardError.write(Data(text.utf8)) }
    }
}
