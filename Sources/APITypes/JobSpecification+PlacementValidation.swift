import ClusterTypes

// What a job may ask of its places.
extension JobSpecification {
    func checkConstraints(into faults: inout Faults) {
        faults.checkConstraints(constraints, "constraints")
        for (position, constraint) in constraints.prefix(JobLimits.constraints).enumerated()
        where constraint == .with(job: job) {
            faults.add("constraints[\(position)]", "is the job itself: its first slot would find no node")
        }
    }

    func checkPlacement(into faults: inout Faults) {
        faults.check(
            placement.alternatives.count <= JobLimits.alternatives, "placement.alternatives",
            "are more than \(JobLimits.alternatives)")
        for (position, request) in placement.alternatives.prefix(JobLimits.alternatives).enumerated() {
            faults.checkRequest(request, "placement.alternatives[\(position)]")
        }
        checkPreferences(into: &faults)
        if let slotsPerNode = placement.slotsPerNode {
            faults.checkRange(slotsPerNode, 1...JobLimits.slots, "placement.slotsPerNode")
        }
        if let spread = placement.spread { faults.checkLabelKey(spread, "placement.spread") }
        if let name = placement.virtualCluster { faults.checkName(name, "placement.virtualCluster") }
        faults.check(placement.startsPerMinute != 0, "placement.startsPerMinute", "is 0, must be at least 1")
        if let name = placement.priorityClass { faults.checkName(name, "placement.priorityClass") }
        checkGang(into: &faults)
    }

    private func checkPreferences(into faults: inout Faults) {
        let path = "placement.preferences"
        faults.checkConstraints(placement.preferences, path)
        for (position, preference) in placement.preferences.prefix(JobLimits.constraints).enumerated() {
            guard case .nodes(_, .some) = preference else { continue }
            faults.add("\(path)[\(position)]", "has a count of slots; only a constraint limits them")
        }
    }

    private func checkGang(into faults: inout Faults) {
        guard let gang = placement.gang else { return }
        faults.check(
            kind != .tasks, "placement.gang",
            "is for batch and service jobs; this is a tasks job, whose tasks run one by one")
        faults.check(
            slots.minimum == slots.maximum, "placement.gang",
            "needs a fixed number of slots; minimum is \(slots.minimum), maximum \(slots.maximum)")
        faults.check(
            JobLimits.gangSlots.contains(slots.maximum), "placement.gang",
            "is of \(slots.maximum) slots, must be of \(JobLimits.gangSlots.lowerBound)"
                + "...\(JobLimits.gangSlots.upperBound)")
        faults.checkRange(gang.port, 1...UInt16.max, "placement.gang.port")
        faults.checkRange(gang.startSeconds, JobLimits.gangStartSeconds, "placement.gang.startSeconds")
        faults.check(
            placement.startsPerMinute == nil, "placement.startsPerMinute",
            "does not go with a gang, whose slots start together")
    }
}

extension Faults {
    /// What one slot needs.
    mutating func checkRequest(_ request: ResourceRequest, _ path: String) {
        let wanted = request.resources
        checkRange(wanted.milliCPU, 0...JobLimits.milliCPU, path + ".resources.milliCPU")
        checkRange(wanted.memoryBytes, 0...JobLimits.bytes, path + ".resources.memoryBytes")
        checkRange(wanted.diskBytes, 0...JobLimits.bytes, path + ".resources.diskBytes")
        checkCounted(request.counted, path + ".counted")
        guard let devices = request.devices else { return }
        checkRange(devices.count, 1...JobLimits.devicesPerSlot, path + ".devices.count")
        checkRange(devices.shares, 1...wholeDeviceShares, path + ".devices.shares")
        if let bytes = devices.memoryShareBytes {
            checkRange(bytes, 1...JobLimits.bytes, path + ".devices.memoryShareBytes")
            check(
                devices.shares == wholeDeviceShares, path + ".devices.memoryShareBytes",
                "does not go with shares: give one of them")
        }
        checkRange(devices.memoryBytes, 0...JobLimits.bytes, path + ".devices.memoryBytes")
        if let model = devices.model {
            checkName(model, path + ".devices.model")
            if devices.models.count > 1 {
                check(
                    !devices.models.contains(""), path + ".devices.model",
                    "'\(model)' names no model before, between or after '|'")
            }
        }
    }

    private mutating func checkCounted(_ counted: [CountedResource], _ path: String) {
        check(
            counted.count <= JobLimits.countedResources, path, "are more than \(JobLimits.countedResources)")
        var seen: Set<String> = []
        for (position, resource) in counted.prefix(JobLimits.countedResources).enumerated() {
            checkLabelKey(resource.name, "\(path)[\(position)].name")
            check(resource.count >= 1, "\(path)[\(position)].count", "is 0, must be at least 1")
            check(
                seen.insert(resource.name).inserted, "\(path)[\(position)]",
                "names '\(resource.name)' a second time")
        }
    }

    /// Constraints or preferences.
    mutating func checkConstraints(_ constraints: [Constraint], _ path: String) {
        check(constraints.count <= JobLimits.constraints, path, "are more than \(JobLimits.constraints)")
        for (position, constraint) in constraints.prefix(JobLimits.constraints).enumerated() {
            checkConstraint(constraint, "\(path)[\(position)]")
        }
    }

    private mutating func checkConstraint(_ constraint: Constraint, _ path: String) {
        switch constraint {
        case .architecture: break
        case .pool(let name), .node(let name), .with(let name), .apart(let name): checkName(name, path)
        case .hasLabel(let key), .lacksLabel(let key): checkLabelKey(key, path)
        case .label(let key, let value):
            checkLabelKey(key, path)
            if !value.isEmpty { checkName(value, path) }
        case .labelAmong(let key, let values):
            checkLabelKey(key, path)
            checkLabelValues(values, path)
        case .nodes(let pattern, let slots):
            checkPattern(pattern, path)
            check(
                slots.map((1...JobLimits.slots).contains) ?? true, path,
                "limits a node to \(slots ?? 0) slots, must be in 1...\(JobLimits.slots)")
        }
    }

    private mutating func checkLabelValues(_ values: [String], _ path: String) {
        check(!values.isEmpty, path, "names no value of the label; give at least one")
        check(
            values.count <= JobLimits.labelValues, path,
            "names more than \(JobLimits.labelValues) values of the label")
        for value in values.prefix(JobLimits.labelValues) where !value.isEmpty {
            checkName(value, path)
            check(
                !value.utf8.contains(UInt8(ascii: ",")), path,
                "holds the value '\(value)' with a comma, which divides values")
        }
    }

    private mutating func checkPattern(_ pattern: String, _ path: String) {
        guard pattern.unicodeScalars.allSatisfy(isPrintable) else {
            add(path, "holds a character that cannot be printed")
            return
        }
        do throws(NamePatternError) {
            _ = try NamePattern(pattern)
        } catch {
            add(path, "'\(pattern)' is no pattern of node names: \(error)")
        }
    }

    mutating func checkLabelKey(_ key: String, _ path: String) {
        checkName(key, path)
        check(!key.utf8.contains(UInt8(ascii: "=")), path, "holds '=', which ends the name of a label")
    }
}
