import CoordinatorLaunchers
import Foundation
import Platform
import TLSIdentity

/// The environment file of a bridge. Names are those of the Hybrid Cloud agent, whose files do as they are.
struct BridgeEnvironment {
    private var file: EnvironmentFile?
    private var path = ""

    init() {}

    init(path: String) throws {
        self.path = path
        let bytes: [UInt8]?
        do throws(SystemError) { bytes = try AtomicFile.read(path, limitBytes: 1 << 20) } catch {
            throw Failure("The environment file cannot be read: \(error).")
        }
        guard let bytes else { throw Failure("There is no environment file '\(path)'.") }
        do throws(EnvironmentFile.Fault) {
            file = try EnvironmentFile(parsing: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw Failure("The environment file '\(path)', \(error)")
        }
    }

    /// All of them, for the launcher program: what seems to be secret is read by it alone and never shown.
    func apply(to options: inout ExecOptions) {
        var seen: Set<String> = []
        for variable in (file?.variables ?? []).reversed() where seen.insert(variable.name).inserted {
            if Self.secretWords.contains(where: variable.name.uppercased().contains), !variable.value.isEmpty
            {
                setenv(variable.name, variable.value, 1)
                options.secrets.append(SecretVariable(variable.name, .environment(variable.name)))
            } else {
                options.environment.append(EnvironmentVariable(variable.name, variable.value))
            }
        }
    }

    private static let secretWords = ["KEY", "TOKEN", "SECRET", "PASS"]

    var cluster: String? { value("VC_NAME") ?? value("VC_GROUP_NAME") }

    /// Where the file is one of the Hybrid Cloud agent and names none, its default.
    func queue(of scheduler: BridgeCommand.Scheduler) -> String? {
        if let queue = value("QUEUE_NAME") { return queue }
        if value("VC_GROUP_NAME") != nil, scheduler == .slurm { return "normal" }
        return cluster == nil ? nil : "cloud"
    }

    func idleSeconds() throws -> Int64? {
        guard let text = value("CLEANUP_NODE_WAIT_TIME") else { return nil }
        guard let seconds = Int64(text), (1...604_800).contains(seconds) else {
            throw Failure("'\(path)': CLEANUP_NODE_WAIT_TIME is 1 to 604800 seconds, not '\(text)'.")
        }
        return seconds
    }

    private func value(_ name: String) -> String? { file?[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// Names of launches have to be the same after a restart, and others than those of another cluster.
    static func scope(_ cluster: String, _ queue: String) -> LaunchScope {
        let tag = String(Secret.hash("\(cluster)/\(queue)").prefix(8))
        return LaunchScope(cluster: cluster, clusterTag: tag, pool: queue)
    }
}
