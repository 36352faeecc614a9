/// Jobs of a trace in the Standard Workload Format (SWF): a line a job, 18 fields, remarks after `;`.
struct SWFTrace {
    struct Job {
        /// Seconds from the first submission.
        var submitted: Int
        var seconds: Int
        var slots: Int
    }

    /// In the order of their submission.
    private(set) var jobs: [Job] = []
    /// Lines of jobs that never ran or had no processor.
    private(set) var skipped = 0

    /// - Parameter path: `.gz` is unpacked.
    /// - Throws: `TraceError` with file and line where a line is no job.
    init(_ path: String) throws { try self.init(text: TraceText.read(path), path: path) }

    init(text: String, path: String) throws {
        var number = 0
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let fields = line.split { $0 == UInt8(ascii: " ") || $0 == 9 || $0 == 13 }
            guard let first = fields.first, first.first != UInt8(ascii: ";") else { continue }
            guard fields.count >= Self.procs else {
                throw TraceError(
                    "\(path), line \(number): \(fields.count) fields; a job of SWF has 18, "
                        + "of which the first \(Self.procs) are needed.")
            }
            func field(_ field: Int, _ name: String) throws -> Int {
                // Some archives write fractions of seconds.
                let text = String(decoding: fields[field - 1], as: UTF8.self)
                guard
                    let value = Int(text)
                        ?? Double(text).map({ $0.rounded(.down) }).flatMap(Int.init(exactly:)),
                    (-1...Self.most).contains(value)
                else {
                    throw TraceError(
                        "\(path), line \(number), field \(field) (\(name)): '\(text)' is no number "
                            + "from -1 to \(Self.most).")
                }
                return value
            }
            let job = Job(
                submitted: try field(2, "submit time"), seconds: try field(4, "run time"),
                slots: try field(Self.procs, "processors"))
            if job.seconds > 0, job.slots > 0, job.submitted >= 0 {
                jobs.append(job)
            } else {
                skipped += 1
            }
        }
        guard let start = jobs.map(\.submitted).min() else {
            throw TraceError("\(path) has no job that ran.")
        }
        for index in jobs.indices { jobs[index].submitted -= start }
        // Sorting is not stable by itself: equal ones stay as in the file.
        jobs = jobs.enumerated().sorted {
            ($0.element.submitted, $0.offset) < ($1.element.submitted, $1.offset)
        }
        .map(\.element)
    }

    private static let procs = 5
    private static let most = 10_000_000_000
}
