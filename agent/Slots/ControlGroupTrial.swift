import ClusterTypes

/// Makes a slot's control group as a supervisor would, and removes it again.
package struct ControlGroupTrial: Sendable {
    /// "memory", "cpu": what slots can be held to.
    package let limits: [String]
    /// Why to nothing.
    package let reason: String?

    /// - Parameter name: a folder's name, not in use.
    package init(name: String) {
        do throws(ControlGroup.Unavailable) {
            let group = try ControlGroup.make(
                name: name, resources: Resources(milliCPU: 1_000, memoryBytes: 64 << 20))
            limits = group.limits
            reason = nil
            group.remove()
        } catch {
            limits = []
            reason = error.reason
        }
    }
}
