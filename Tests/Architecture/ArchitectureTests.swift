import Foundation
import Testing

@Suite struct ArchitectureTests {
    private let manifest: Manifest

    init() throws { manifest = try Manifest.load() }

    @Test func everyFolderOfThePackageExists() {
        #expect(manifest.modules.count > 30)
        for folder in manifest.modules.map(\.folder) + manifest.otherFolders {
            #expect(Repository.isFolder(folder), "Package.swift names \(folder)")
        }
    }

    @Test func aModuleIsNamedLikeItsFolder() {
        for module in manifest.modules where [.pure, .shell].contains(module.kind) {
            let words = module.folder.split(separator: "/")
            // protocol/Codec is ProtocolCodec; Sources/Zstd is Zstd.
            let path = words.first == "Sources" ? words.dropFirst() : words[...]
            let name = path.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
            #expect(module.name == name, "\(module.folder)")
        }
    }

    @Test func pureModulesImportOnlyPureModules() throws {
        let pure = manifest.names(.pure)
        #expect(pure.contains("ClusterTypes"))
        for module in manifest.modules where module.kind == .pure {
            #expect(Set(module.dependencies).subtracting(pure) == [], "\(module.name) in Package.swift")
            for path in Repository.swiftFiles(under: module.folder) {
                let imports = Set(Rules.imports(of: try Repository.source(of: path)))
                #expect(imports.subtracting(pure) == [], "\(path)")
            }
        }
    }

    @Test func pureModulesHaveNoClockNoChanceAndNoSuspension() throws {
        for module in manifest.modules where module.kind == .pure {
            for path in Repository.swiftFiles(under: module.folder) {
                #expect(Rules.impurities(of: try Repository.source(of: path)) == [], "\(path)")
            }
        }
    }

    @Test func pureModulesDoNotIterateDictionariesOrSets() throws {
        for module in manifest.modules where module.kind == .pure {
            // Coordinator.swift and Coordinator+Nodes.swift share their properties.
            let groups = Dictionary(grouping: Repository.swiftFiles(under: module.folder)) { path in
                String(
                    path.split(separator: "/").last?.split(separator: "+").first?.split(separator: ".").first
                        ?? "")
            }
            for (name, paths) in groups {
                let faults = Rules.unorderedIterations(of: try paths.map(Repository.source(of:)))
                #expect(faults == [], "\(module.folder)/\(name)")
            }
        }
    }

    @Test func nothingInTheAgentUsesFullFoundation() throws {
        let agent = manifest.closure(of: "mortise-agent")
        #expect(agent.contains { $0.name == "ProtocolGenerated" })
        for module in agent {
            for path in Repository.swiftFiles(under: module.folder) {
                let text = try Repository.text(of: path)
                #expect(!Rules.importsBesidesFallbacks(of: text).contains("Foundation"), "\(path)")
                #expect(Rules.heavyFoundation(in: SourceText(text)) == [], "\(path)")
            }
        }
    }

    /// The store's protocol is what the driver and the stores have in common, and its rows what the stores have.
    @Test func shellsDoNotImportEachOther() throws {
        let shells = manifest.modules.filter {
            $0.kind == .shell && ($0.folder.hasPrefix("agent/") || $0.folder.hasPrefix("coordinator/"))
        }
        let others = Set(shells.map(\.name)).subtracting(["CoordinatorStore", "CoordinatorStoreRows"])
        #expect(others.count > 5)
        for module in shells {
            #expect(others.intersection(module.dependencies) == [], "\(module.name) in Package.swift")
            for path in Repository.swiftFiles(under: module.folder) {
                let imports = Rules.imports(of: try Repository.source(of: path))
                #expect(others.intersection(imports) == [], "\(path)")
            }
        }
    }

    @Test func noSourceIsLongerThan500Lines() throws {
        for path in Repository.files where path.hasSuffix(".swift") && !path.hasPrefix("protocol/Generated/")
        {
            let count = try Repository.text(of: path).split(separator: "\n", omittingEmptySubsequences: false)
                .count
            #expect(count <= 501, "\(path)")
        }
    }

    @Test func nothingIsForcedInTheProducts() throws {
        for path in Repository.files
        where path.hasSuffix(".swift") && !path.hasPrefix("Tests/") && !path.hasPrefix("protocol/Generated/")
        {
            #expect(Rules.forcedOperations(in: try Repository.source(of: path)) == [], "\(path)")
        }
    }

    @Test func noFileNamesAPathOfOnePersonsMachine() throws {
        let checkout =
            Repository.root.path.hasSuffix("/")
            ? String(Repository.root.path.dropLast()) : Repository.root.path
        for path in Repository.files {
            // What is no text (test data, images) is not searched.
            guard let text = try? Repository.text(of: path) else { continue }
            #expect(Rules.personalPaths(in: text, checkout: checkout) == [], "\(path)")
        }
    }
}
