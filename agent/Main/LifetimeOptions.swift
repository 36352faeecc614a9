import ArgumentParser
import ClusterTypes
import Logging
import Platform

/// What tells an agent at its start when its machine will be gone.
struct LifetimeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The machine is gone after this time (90m, 4h, 1d12h); it is given only what fits. A Slurm job's end is "
                + "known without it. [MORTISE_LIFETIME]", valueName: "duration"))
    var lifetime: String?

    func validate() throws {
        if let lifetime { _ = try Self.duration(lifetime) }
    }

    /// The earliest end of all that are known; nil: none is.
    func end(at now: Instant, logger: Logger) throws -> Instant? {
        var ends: [Instant] = []
        if let text = lifetime ?? Host.variable("MORTISE_LIFETIME") {
            ends.append(now + (try Self.duration(text)))
        }
        if let text = Host.variable("SLURM_JOB_END_TIME") {
            // Seconds since 1970. One that is past was inherited from a job that is over.
            if let seconds = Int64(text), seconds > now.microseconds / 1_000_000, seconds < 1 << 40 {
                ends.append(Instant(microseconds: seconds * 1_000_000))
            } else {
                logger.warning("SLURM_JOB_END_TIME is no moment to come", metadata: ["value": "\(text)"])
            }
        }
        return ends.min()
    }

    /// Whole numbers with `s m h d`, one after the other: `90m`, `1d12h`.
    static func duration(_ text: String) throws -> Duration {
        var seconds: Int64 = 0
        var number: Int64?
        for character in text {
            if let digit = character.wholeNumberValue, character.isASCII {
                number = (number ?? 0) * 10 + Int64(digit)
                guard number ?? 0 < 1 << 32 else { throw fault(text) }
            } else {
                guard let scale = scales[character], let count = number else { throw fault(text) }
                seconds += count * scale
                number = nil
            }
        }
        guard number == nil, (1...Int64(315_360_000)).contains(seconds) else { throw fault(text) }
        return .seconds(seconds)
    }

    private static let scales: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]

    private static func fault(_ text: String) -> ValidationError {
        ValidationError("'\(text)' is no duration of 1 s to ten years; write for example 90m, 4h or 1d12h")
    }
}
