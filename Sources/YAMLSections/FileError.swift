/// One thing that is wrong in a file, and where.
package struct Fault: Hashable, Sendable, CustomStringConvertible {
    /// As it was given by the user.
    package var file: String
    /// Counted from 1; nil where the whole file is meant.
    package var line: Int?
    package var column: Int?
    /// Says which key, what is wrong with it and what would be right.
    package var message: String

    package init(file: String, line: Int? = nil, column: Int? = nil, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// `job.yaml:7:3: unknown key 'retry'; did you mean 'retries'?`
    package var description: String {
        var place = file
        if let line { place += ":\(line)" }
        if line != nil, let column { place += ":\(column)" }
        return "\(place): \(message)"
    }
}

/// A file that cannot be used: everything that is wrong in it, in the order of its lines.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one.
    package let faults: [Fault]

    package init(_ faults: [Fault]) {
        precondition(!faults.isEmpty, "An error needs a fault.")
        self.faults = faults
    }

    /// One line for each fault.
    package var description: String { faults.map(\.description).joined(separator: "\n") }
}
