import APITypes
import ClusterTypes
import Yams
package import YAMLSections

/// Reads job files: one YAML document that is one job. Strict: what it does not know, it refuses.
package enum JobFileReader {
    /// 16 MiB: large task lists belong into a file of lines.
    package static let fileBytes = 16 << 20

    /// - Parameter path: `-` is standard input. Paths inside the file are relative to the file's own folder.
    package static func read(path: String) throws(FileError) -> Submission {
        try parse(YAMLText.read(path: path, limitBytes: fileBytes), file: path)
    }

    /// - Parameter file: for messages, and to resolve the paths that are inside.
    package static func parse(_ text: String, file: String) throws(FileError) -> Submission {
        let root = try YAMLText.compose(
            text, file: file, empty: "a job needs at least job and command")
        var faults = FaultList(file: file)
        let submission = JobReader.read(root, faults: &faults)
        guard faults.faults.isEmpty, let submission else { throw FileError(faults.sorted) }
        return submission
    }
}
