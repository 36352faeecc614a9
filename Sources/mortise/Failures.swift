import YAMLSections

/// What any error of a command means for the user; nil for those of the argument parser, which prints them itself.
func failure(of error: any Error) -> CommandFailure? {
    switch error {
    case let failure as CommandFailure: failure
    case let error as ClientError: CommandFailure(error.status, error.message)
    case let error as FileError:
        CommandFailure(
            .invalidInput,
            error.faults.count == 1
                ? error.description : "\(error.faults.count) things are wrong:\n\(error.description)")
    case let error as GrammarError: CommandFailure(.invalidInput, error.message)
    default: nil
    }
}
