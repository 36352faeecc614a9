import Foundation

/// The programs, as they were built together with this test.
enum Programs {
    static let coordinator = folder + "/mortise-coordinator"
    static let agent = folder + "/mortise-agent"
    static let commandLine = folder + "/mortise"
    static let bench = folder + "/mortise-bench"

    /// The test's own executable stands beside them; where it is run by another program, the build folder is known
    /// from this file.
    private static let folder: String = {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        var candidates = [own.deletingLastPathComponent().path]
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        candidates.append(root.appendingPathComponent(".build/debug").path)
        let found = candidates.first {
            FileManager.default.isExecutableFile(atPath: $0 + "/mortise-coordinator")
        }
        return found ?? candidates[0]
    }()

    /// What a program gets of this process's environment, with a home of its own.
    static func environment(home: String, _ more: [String: String] = [:]) -> [String: String] {
        var variables: [String: String] = ["HOME": home, "XDG_CONFIG_HOME": home + "/config", "TMPDIR": home]
        for name in ["PATH", "LD_LIBRARY_PATH", "LANG"] {
            variables[name] = ProcessInfo.processInfo.environment[name]
        }
        return variables.merging(more) { $1 }
    }
}
