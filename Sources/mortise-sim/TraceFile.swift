import ArgumentParser
import Simulator

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A trace in a file: the command line that made it, then a line per event.
enum TraceFile {
    static func write(_ options: SimulationOptions, to path: String) throws -> SimulationReport {
        guard let file = fopen(path, "w") else { throw problem("cannot write '\(path)'") }
        fputs("# \(options.description)\n", file)
        let report = Simulation.run(options) { line in
            fputs(line, file)
            fputs("\n", file)
        }
        fputs("# trace \(String(report.traceHash, radix: 16))\n", file)
        guard fclose(file) == 0 else { throw problem("cannot write '\(path)'") }
        return report
    }

    static func replay(_ path: String) throws {
        guard let file = fopen(path, "r") else { throw problem("cannot read '\(path)'") }
        defer { fclose(file) }
        guard let head = line(of: file), head.hasPrefix("# mortise-sim ") else {
            throw ValidationError("'\(path)' is no trace of mortise-sim: its first line names the run.")
        }
        let words = head.dropFirst("# mortise-sim ".count).split(separator: " ").map(String.init)
        let command = try RunCommand.parse(words)
        var number = 1
        var difference: String?
        let report = Simulation.run(command.onlyOptions) { made in
            number += 1
            guard difference == nil else { return }
            let recorded = line(of: file)
            if recorded != made {
                difference =
                    "line \(number) differs\n  recorded: \(recorded ?? "(the end)")\n  now:      \(made)"
            }
        }
        if let difference { throw problem("'\(path)' is not repeated: \(difference)") }
        Output.line("repeated, event for event\n\(report.text)")
        if !report.hasPassed { throw ExitCode(1) }
    }

    private static func line(of file: UnsafeMutablePointer<FILE>) -> String? {
        var buffer: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(buffer) }
        let count = getline(&buffer, &capacity, file)
        guard count > 0, let buffer else { return nil }
        let text = String(cString: buffer)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    private static func problem(_ what: String) -> ExitCode {
        Output.error("mortise-sim: \(what)")
        return ExitCode(1)
    }
}
