import Foundation
import Platform

/// Processes that know a folder: by their command line or their environment, so supervisors and commands too.
enum Leftovers {
    static func processes(of folder: String) -> [Int32] {
        let own = ProcessInfo.processInfo.processIdentifier
        let name = Array(folder.utf8)
        return ProcessTable.all().filter { process in
            guard process != own else { return false }
            return ["cmdline", "environ"].contains { file in
                guard let bytes = try? AtomicFile.read("/proc/\(process)/\(file)") else { return false }
                return contains(bytes, name)
            }
        }
    }

    private static func contains(_ bytes: [UInt8], _ name: [UInt8]) -> Bool {
        Data(bytes).range(of: Data(name)) != nil
    }

    /// Kills them, and those that they start meanwhile.
    static func kill(in folder: String) async throws {
        try await eventually("nothing of \(folder) runs any more") {
            let left = processes(of: folder)
            for process in left { Children.signal(process, 9) }
            return left.isEmpty
        }
    }
}
