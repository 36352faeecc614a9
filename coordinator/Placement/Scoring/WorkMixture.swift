/// What work is likely to come.
package struct WorkMixture: Sendable {
    /// Of each class, how much of the work is of it: 1 in sum.
    package let classes: [(work: WorkClass, share: Double)]

    /// - Parameter classes: with how often each was asked for lately, in any unit.
    package init(_ classes: [(work: WorkClass, share: Double)]) {
        let all = classes.reduce(0) { $0 + $1.share }
        self.classes = all > 0 ? classes.map { ($0.work, $0.share / all) } : []
    }

    /// - Parameter shares: 1 in sum, kept to the last bit.
    package init(shares: [(work: WorkClass, share: Double)]) { classes = shares }

    /// That which uses devices; 1 in sum again.
    var withDevices: WorkMixture { WorkMixture(classes.filter { $0.work.devices > 0 && $0.work.shares > 0 }) }
}
