import ArgumentParser

struct Version: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version of this program.",
        discussion: "Example: mortise version. The coordinator's is in 'mortise cluster show'.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let version = MortiseVersion.current
        try common.confirm("mortise \(version)", quietText: version, json: ["version": version])
    }
}
