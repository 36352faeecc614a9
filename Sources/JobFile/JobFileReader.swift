import APITypes
import ClusterTypes
import Yams

/// Reads job files: one YAML document that is one job. Strict: what it does not know, it refuses.
package enum JobFileReader {
    /// 16 MiB: large task lists belong into a file of lines.
    package static let fileBytes = 16 << 20

    /// - Parameter path: `-` is standard input. Paths inside the file are relative to the file's own folder.
    package static func read(path: String) throws(JobFileError) -> Submission {
        let bytes = try InputFile.read(path, limitBytes: fileBytes)
        if let offset = UTF8Check.firstFault(in: bytes[...]) {
            throw JobFileError([
                Fault(
                    file: path, line: UTF8Check.line(of: offset, in: bytes),
                    message: "this line is not UTF-8 text")
            ])
        }
        return try parse(String(decoding: bytes, as: UTF8.self), file: path)
    }

    /// - Parameter file: for messages, and to resolve the paths that are inside.
    package static func parse(_ text: String, file: String) throws(JobFileError) -> Submission {
        let root = try compose(text, file: file)
        var faults = FaultList(file: file)
        let submission = JobReader.read(root, faults: &faults)
        guard faults.faults.isEmpty, let submission else { throw JobFileError(faults.sorted) }
        return submission
    }

    private static func compose(_ text: String, file: String) throws(JobFileError) -> Node {
        do {
            // The basic resolver gives no meaning to words, so that `no` and `1e3` stay what was written.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            if let root = try parser.singleRoot() { return root }
        } catch {
            throw JobFileError([fault(of: error, in: text, file: file)])
        }
        throw JobFileError([
            Fault(file: file, message: "the file is empty; a job needs at least job and command")
        ])
    }

    private static func fault(of error: any Error, in text: String, file: String) -> Fault {
        guard let error = error as? YamlError else {
            return Fault(file: file, message: "this is no YAML: \(error)")
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = context.map { " (\($0.text) that begins in line \($0.mark.line))" } ?? ""
            return Fault(
                file: file, line: mark.line, column: mark.column,
                message: "this is no YAML: \(problem)\(place)")
        case .reader(let problem, let offset, _, _):
            let line = offset.map { text.prefix($0).count { $0.isNewline } + 1 }
            return Fault(file: file, line: line, message: "this is no YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            return Fault(
                file: file, line: context.mark.line, column: context.mark.column,
                message: "the key '\(keys.first ?? "")' is given more than once")
        default:
            return Fault(file: file, message: "this is no YAML: \(error)")
        }
    }
}
