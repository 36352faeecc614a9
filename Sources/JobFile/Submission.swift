package import ClusterTypes

/// What a job file or a command line asks for.
package struct Submission: Hashable, Sendable {
    package var specification: JobSpecification
    package var tasks: TaskSource

    package init(specification: JobSpecification, tasks: TaskSource) {
        self.specification = specification
        self.tasks = tasks
    }
}

/// Where the tasks' payloads come from.
package enum TaskSource: Hashable, Sendable {
    /// No payloads: a batch or service job, or the indices of the specification's array.
    case none
    case list([String])
    /// A text file with one payload a line.
    case lines(path: String)
    /// A file with a JSON array.
    case json(path: String)
    /// One payload a line.
    case standardInput
}
