/// What Package.swift says of the modules.
struct Manifest {
    enum Kind: String {
        case pure, shell, program, tests
    }

    struct Module {
        let kind: Kind
        let name: String
        let folder: String
        /// Modules of this package; products of other packages are left out.
        let dependencies: [String]
    }

    let modules: [Module]
    /// Of targets that are written out (`path: "…"`).
    let otherFolders: [String]

    init(_ text: String) throws {
        let call = try Regex(
            #"\b(pure|shell|program|tests)\(\s*"([^"]+)",\s*"([^"]+)"(?:,\s*\[([^\]]*)\])?"#,
            as: (Substring, Substring, Substring, Substring, Substring?).self
        ).wordBoundaryKind(.simple)
        let word = /"([^"]+)"/
        modules = text.matches(of: call).compactMap { match in
            guard let kind = Kind(rawValue: String(match.output.1)) else { return nil }
            let prefix = kind == .tests ? "Tests/" : ""
            return Module(
                kind: kind, name: String(match.output.2), folder: prefix + match.output.3,
                dependencies: (match.output.4 ?? "").matches(of: word).map { String($0.output.1) })
        }
        otherFolders = text.matches(of: /path: "([^"]+)"/).map { String($0.output.1) }.filter {
            $0 != "Tests/"
        }
    }

    static func load() throws -> Manifest { try Manifest(Repository.text(of: "Package.swift")) }

    func module(_ name: String) -> Module? { modules.first { $0.name == name } }
    func names(_ kind: Kind) -> Set<String> { Set(modules.filter { $0.kind == kind }.map(\.name)) }

    /// The module and everything of this package that it is built from.
    func closure(of name: String) -> [Module] {
        var seen: Set<String> = []
        var pending = [name]
        var modules: [Module] = []
        while let next = pending.popLast() {
            guard seen.insert(next).inserted, let module = module(next) else { continue }
            modules.append(module)
            pending += module.dependencies
        }
        return modules
    }
}
