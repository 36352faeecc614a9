package import Yams

/// One YAML document, taken as it is written.
package enum YAMLText {
    /// - Parameter path: `-` is standard input.
    package static func read(path: String, limitBytes: Int) throws(FileError) -> String {
        let bytes = try InputFile.read(path, limitBytes: limitBytes)
        if let offset = UTF8Check.firstFault(in: bytes[...]) {
            throw FileError([
                Fault(
                    file: path, line: UTF8Check.line(of: offset, in: bytes),
                    message: "this line is not UTF-8 text")
            ])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Parameter empty: what a file that says nothing lacks, for its message.
    package static func compose(
        _ text: String, file: String, empty: String
    ) throws(FileError) -> Node {
        do {
            // The basic resolver gives no meaning to words, so that `no` and `1e3` stay what was written.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            if let root = try parser.singleRoot() { return root }
        } catch {
            throw FileError([fault(of: error, in: text, file: file)])
        }
        throw FileError([
            Fault(file: file, message: "the file is empty; \(empty)")
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
