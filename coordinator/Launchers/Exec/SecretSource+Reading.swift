import CoordinatorCore
import Platform

extension SecretSource {
    static let limitBytes = 64 << 10
    static let commandDeadline = Duration.seconds(30)

    /// Blocks: reads the file or runs the command.
    ///
    /// - Parameter name: of the variable that it is for.
    func read(_ name: String, with runner: ToolRunner) throws(LaunchFailure) -> String {
        let bytes = try bytes(for: name, with: runner)
        let text = String(decoding: bytes, as: UTF8.self)
        let value = String(
            text[..<(text.lastIndex { !$0.isNewline }.map(text.index(after:)) ?? text.startIndex)])
        guard !value.isEmpty else {
            throw LaunchFailure(.unavailable, "The secret \(name) is empty: \(place) has nothing in it.")
        }
        guard !value.utf8.contains(0) else {
            throw LaunchFailure(
                .refused, "The secret \(name) from \(place) has a NUL in it, which no environment can hold.")
        }
        return value
    }

    private func bytes(for name: String, with runner: ToolRunner) throws(LaunchFailure) -> [UInt8] {
        switch self {
        case .environment(let variable):
            guard let value = Host.variable(variable) else {
                throw LaunchFailure(
                    .refused,
                    "The secret \(name) is to come from the variable \(variable), which the coordinator does not "
                        + "have. Set it in the coordinator's environment (a service's EnvironmentFile) and start it "
                        + "again.")
            }
            return Array(value.utf8)
        case .file(let path):
            do throws(SystemError) {
                if let bytes = try AtomicFile.read(path, limitBytes: Self.limitBytes) { return bytes }
            } catch {
                throw LaunchFailure(.unavailable, "The secret \(name) cannot be read: \(error).")
            }
            throw LaunchFailure(.unavailable, "The secret \(name) cannot be read: there is no file \(path).")
        case .command(let words):
            return try output(of: words, for: name, with: runner)
        }
    }

    private func output(
        of words: [String], for name: String, with runner: ToolRunner
    ) throws(LaunchFailure) -> [UInt8] {
        let result = runner.run(
            words.first ?? "", Array(words.dropFirst()), deadline: Self.commandDeadline,
            outputLimit: Self.limitBytes)
        if case .exited(0, let output, _) = result { return output }
        // What it printed may be the secret; what it complained of is not.
        throw LaunchFailure(
            .unavailable,
            "The secret \(name) cannot be had: \(ToolEnd(result, deadline: Self.commandDeadline).sentence(of: place))"
        )
    }

    /// For messages.
    private var place: String {
        switch self {
        case .file(let path): path
        case .environment(let variable): "the variable \(variable)"
        case .command(let words): "'\(words.first ?? "")'"
        }
    }
}
