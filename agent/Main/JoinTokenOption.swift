import ArgumentParser
import Platform

/// Where a join token comes from; never an argument, which other users could read.
struct JoinTokenOption: ParsableArguments {
    @Option(help: ArgumentHelp("File with a join token, '-' for standard input.", valueName: "file"))
    var joinFile: String?

    /// nil: none is given, here or by MORTISE_JOIN_TOKEN.
    func text() throws -> String? {
        if let joinFile {
            let path = joinFile == "-" ? "/dev/stdin" : joinFile
            do {
                guard let bytes = try AtomicFile.read(path, limitBytes: 64 << 10) else {
                    throw Failure("There is no file \(joinFile) with a join token.")
                }
                return String(decoding: bytes, as: UTF8.self)
            } catch let error as SystemError {
                throw Failure("Cannot read the join token from \(joinFile): \(error)")
            }
        }
        if let text = Host.variable("MORTISE_JOIN_TOKEN"), !text.isEmpty { return text }
        return nil
    }
}
