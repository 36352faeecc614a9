import ClusterTypes
import CoordinatorLaunchers
import Yams
import YAMLSections

/// How pods are made for a pool.
enum KubernetesReader {
    private static let keys = [
        "kubeconfig", "context", "namespace", "image", "agent", "resources", "node_selector", "environment",
        "labels", "user", "spec", "owner", "grace", "timeout",
    ]

    static func read(_ launcher: Section, _ faults: inout FaultList) -> KubernetesOptions? {
        guard let section = launcher.section("kubernetes", keys: keys, &faults) else { return nil }
        LauncherReader.need(section, "image", "of the pods", &faults)
        var options = KubernetesOptions(image: section.text("image", &faults) ?? "")
        if let path = section.text("kubeconfig", &faults) {
            options.access = .configuration(path: path, context: section.text("context", &faults))
        } else if section.has("context") {
            faults.add("'\(section.name("context"))' needs 'kubeconfig'", at: section.mark(of: "context"))
        }
        options.namespace = section.text("namespace", &faults)
        if let program = section.text("agent", &faults) { options.program = program }
        options.resources = words(section, "resources", &faults)
        options.nodeSelector = words(section, "node_selector", &faults)
        options.labels = words(section, "labels", &faults)
        options.environment = LauncherReader.variables(section, "environment", &faults)
        if let text = section.text("user", &faults) {
            options.user = ContainerUser(parsing: text)
            if options.user == nil {
                faults.add(
                    "'\(section.name("user"))': '\(text)' is no UID or UID:GID", at: section.mark(of: "user"))
            }
        }
        if let spec = section.node("spec") { options.specification = tree(spec) }
        if let owner = section.section("owner", keys: ["version", "kind", "name"], &faults) {
            for key in ["kind", "name"] { LauncherReader.need(owner, key, "of what owns the pods", &faults) }
            options.owner = KubernetesOptions.Owner(
                version: owner.text("version", &faults) ?? "v1", kind: owner.text("kind", &faults) ?? "",
                name: owner.text("name", &faults) ?? "")
        }
        if let grace = PoolReader.duration(section, "grace", &faults) {
            options.graceSeconds = Int(grace.components.seconds)
        }
        if let timeout = PoolReader.duration(section, "timeout", &faults) { options.timeout = timeout }
        return options
    }

    private static func words(
        _ section: Section, _ key: String, _ faults: inout FaultList
    ) -> [String: String] {
        var words: [String: String] = [:]
        for (name, value, _) in section.dictionary(key, &faults) ?? [] { words[name] = value }
        return words
    }

    /// As Kubernetes itself reads YAML: words without quotes may be numbers, truths and null.
    private static func tree(_ node: Node) -> JSONTree {
        switch node {
        case .mapping(let mapping):
            var object: [String: JSONTree] = [:]
            for (key, value) in mapping { object[key.string ?? ""] = tree(value) }
            return .object(object)
        case .sequence(let items): return .list(items.map(tree))
        case .scalar(let scalar):
            guard scalar.style == .plain else { return .text(scalar.string) }
            switch scalar.string {
            case "", "~", "null": return .null
            case "true": return .bool(true)
            case "false": return .bool(false)
            default:
                if let number = Int64(scalar.string) { return .integer(number) }
                return .text(scalar.string)
            }
        case .alias: return .null
        }
    }
}
