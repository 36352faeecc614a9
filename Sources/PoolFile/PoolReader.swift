import ClusterTypes
import CoordinatorAutoscale
import CoordinatorCore
import CoordinatorLaunchers
import Yams
import YAMLSections

/// One pool of the file.
enum PoolReader {
    private static let keys = [
        "launcher", "nodes", "node", "price", "weight", "start_up", "lifetime", "idle", "batch",
        "launches_per_minute", "cool_down", "budget", "scale_in", "billing_period", "join_within", "policy",
        "dry_run",
        "hold_failed",
    ]

    static func read(_ name: String, _ node: Node, _ faults: inout FaultList) -> DescribedPool? {
        guard let section = Section(node, path: "pools.\(name)", keys: keys, faults: &faults) else {
            return nil
        }
        let launcher = section.has("launcher") ? LauncherReader.read(section, named: name, &faults) : nil
        let limits = readLimits(section, isLaunched: section.has("launcher"), &faults)
        var pool = PoolConfiguration(name: name, launcher: launcher?.kind, limits: limits)
        pool.template = readTemplate(section, &faults)
        if let price = section.number("price", &faults, Price.parse) { pool.pricePerHour = price }
        if let weight = number(section, "weight", 0...1_000_000, &faults) { pool.weight = weight }
        if let startUp = duration(section, "start_up", &faults) { pool.startUp = startUp }
        pool.lifetime = duration(section, "lifetime", &faults)
        if let hold = duration(section, "hold_failed", &faults) { pool.holdFailed = hold }
        if let budget = section.section("budget", keys: ["node_hours", "money", "period"], &faults) {
            pool.limits.nodeHours = budget.number("node_hours", &faults, Price.parse)
            pool.limits.money = budget.number("money", &faults, Price.parse)
            if let period = duration(budget, "period", &faults) { pool.budgetPeriod = period }
        }
        if let policy = section.choice("policy", &faults, of: PolicyName.self) { pool.policy = policy.policy }
        if let isDryRun = section.flag("dry_run", &faults) { pool.isDryRun = isDryRun }
        return DescribedPool(configuration: pool, launcher: launcher)
    }

    private static func readLimits(
        _ pool: Section, isLaunched: Bool, _ faults: inout FaultList
    ) -> PoolLimits {
        var limits = PoolLimits(max: 0)
        let nodes = pool.section("nodes", keys: ["min", "max", "spares", "keep"], &faults)
        if let nodes {
            if let max = number(nodes, "max", 0...20_000, &faults) { limits.max = max }
            if let min = number(nodes, "min", 0...20_000, &faults) { limits.min = min }
            if let spares = number(nodes, "spares", 0...20_000, &faults) { limits.warmSpares = spares }
            if let keep = number(nodes, "keep", 0...20_000, &faults) { limits.keepAtLeast = keep }
            if isLaunched, nodes.has("max"), limits.min > limits.max {
                faults.add("'\(nodes.name("min"))' is more than 'max'", at: nodes.mark(of: "min"))
            }
        }
        if isLaunched, nodes?.lacks("max") ?? pool.lacks("nodes") {
            faults.add("'\(pool.name("nodes")).max' is missing: how many nodes at most?", at: pool.mark)
        }
        if let idle = duration(pool, "idle", &faults) { limits.idle = idle }
        if let batch = number(pool, "batch", 1...10_000, &faults) { limits.batch = batch }
        limits.perMinute = number(pool, "launches_per_minute", 1...100_000, &faults)
        if let coolDown = pool.section("cool_down", keys: ["launch", "release"], &faults) {
            if let launch = duration(coolDown, "launch", &faults) { limits.launchCoolDown = launch }
            if let release = duration(coolDown, "release", &faults) { limits.releaseCoolDown = release }
        }
        if let scaleIn = pool.choice("scale_in", &faults, of: PoolLimits.ScaleIn.self) {
            limits.scaleIn = scaleIn
        }
        limits.billingPeriod = duration(pool, "billing_period", &faults)
        if let period = limits.billingPeriod {
            if period < .seconds(600) {
                faults.add(
                    "'\(pool.name("billing_period"))' is at least 10m", at: pool.mark(of: "billing_period"))
            }
            if limits.scaleIn == .wholePool {
                faults.add(
                    "'\(pool.name("billing_period"))' does not go with 'scale_in: whole-pool', whose nodes go together",
                    at: pool.mark(of: "billing_period"))
            }
        }
        if let deadline = duration(pool, "join_within", &faults) { limits.registrationDeadline = deadline }
        return limits
    }

    private enum PolicyName: String, CaseIterable {
        case demand, threshold
        case queueIdle = "queue-idle"

        var policy: ScalingPolicy {
            switch self {
            case .demand: .demand()
            case .threshold: .threshold()
            case .queueIdle: .queueIdle()
            }
        }
    }

    // MARK: What its nodes are like

    private static func readTemplate(_ pool: Section, _ faults: inout FaultList) -> NodeCapacity? {
        let keys = ["cpus", "memory", "disk", "devices", "architecture", "labels"]
        guard let section = pool.section("node", keys: keys, &faults) else { return nil }
        var capacity = NodeCapacity()
        for key in ["cpus", "memory"] where section.lacks(key) {
            faults.add("'\(section.name(key))' is missing: what has a node of this pool?", at: section.mark)
        }
        capacity.resources.milliCPU = section.number("cpus", &faults, Quantity.milliCPU) ?? 0
        capacity.resources.memoryBytes = section.value("memory", &faults, Quantity.bytes) ?? 0
        // A disk that nobody speaks of shall not keep work away.
        capacity.resources.diskBytes = section.value("disk", &faults, Quantity.bytes) ?? 1 << 50
        if let architecture = section.choice("architecture", &faults, of: Architecture.self) {
            capacity.architecture = architecture
        }
        capacity.labels = (section.dictionary("labels", &faults) ?? []).map { Label($0.name, $0.value) }
            .sorted()
        capacity.devices = readDevices(section, &faults)
        return capacity
    }

    private static func readDevices(_ node: Section, _ faults: inout FaultList) -> [DeviceCapacity] {
        let keys = ["type", "count", "model", "memory", "vendor"]
        guard let section = node.section("devices", keys: keys, &faults) else { return [] }
        for key in ["type", "count", "model"] where section.lacks(key) {
            faults.add("'\(section.name(key))' is missing", at: section.mark)
        }
        var device = DeviceCapacity(
            type: section.choice("type", &faults, of: DeviceType.self) ?? .gpu,
            model: section.text("model", &faults) ?? "",
            memoryBytes: section.value("memory", &faults, Quantity.bytes) ?? 0)
        device.vendor = section.text("vendor", &faults)
        let count = number(section, "count", 1...128, &faults) ?? 0
        return Array(repeating: device, count: count)
    }

    // MARK: Values

    static func number(
        _ section: Section, _ key: String, _ range: ClosedRange<Int>, _ faults: inout FaultList
    ) -> Int? {
        section.whole(key, in: range, &faults)
    }

    static func duration(_ section: Section, _ key: String, _ faults: inout FaultList) -> Duration? {
        section.value(key, &faults) { text throws(GrammarError) in
            .milliseconds(try Quantity.milliseconds(text))
        }
    }
}

/// An amount of money or hours: digits with at most three after a point.
enum Price {
    static func parse(_ text: String) throws(GrammarError) -> Double {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = UInt32(parts[0]), parts.count < 2 || (1...3).contains(parts[1].utf8.count),
            parts.count < 2 || UInt32(parts[1]) != nil, let price = Double(text)
        else { throw GrammarError("'\(text)' is no amount; write 3, 3.5 or 0.125") }
        _ = whole
        return price
    }
}
