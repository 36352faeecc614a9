import ArgumentParser
import CoordinatorCore
import CoordinatorLaunchers
import PoolFile
import Foundation
import YAMLSections
import TLSIdentity

/// Where the pools are described whose nodes are launched.
struct PoolOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The pool file: which pools' nodes are launched, how and how many. It is read again on SIGHUP. Default is \
            pools.yaml in the directory, if it is there. [MORTISE_POOLS]
            """, valueName: "file"))
    var pools: String?

    /// nil: no file is given, and none is there.
    func path(in directory: CoordinatorDirectory) -> String? {
        if let given = pools ?? ProcessInfo.processInfo.environment["MORTISE_POOLS"], !given.isEmpty {
            return given
        }
        let path = directory.path + "/pools.yaml"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }
}

/// The pool file, which may be read again at any time.
struct PoolSource: Sendable {
    private let path: String?
    private let cluster: String
    private let clusterTag: String
    /// As it was read at the start.
    private(set) var first: PoolSet

    /// - Parameter path: nil: no pool is launched.
    /// - Throws: what is wrong in the file.
    init(_ path: String?, _ cluster: String, _ authority: CertificateAuthority) throws {
        self.path = path
        self.cluster = cluster
        clusterTag = String(Secret.hash(authority.certificatePEM).prefix(8))
        first = PoolSet()
        first = try read()
    }

    func read() throws -> PoolSet {
        guard let path else { return PoolSet() }
        let pools: [DescribedPool]
        do {
            pools = try PoolFileReader.read(path: path)
        } catch {
            throw Failure(error.description)
        }
        var set = PoolSet(configurations: pools.map(\.configuration))
        for pool in pools {
            let name = pool.configuration.name
            let scope = LaunchScope(cluster: cluster, clusterTag: clusterTag, pool: name)
            if let launcher = pool.launcher { set.launchers[name] = (launcher, scope) }
        }
        return set
    }
}

/// The pools of a file, each with what launches it.
struct PoolSet: Sendable {
    var configurations: [PoolConfiguration] = []
    var launchers: [String: (description: LauncherDescription, scope: LaunchScope)] = [:]
}
