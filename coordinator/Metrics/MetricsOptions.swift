/// What `/metrics` tells, and how much of it.
package struct MetricsOptions: Sendable, Hashable {
    /// Series of single nodes, devices and slots; pools and jobs are told all the same.
    package var hasNodes = true
    /// Of nodes, devices and slots together. 0...10,000,000; a series is about 150 bytes of text.
    package var nodeSeriesLimit = 100_000
    /// The newest ones.
    package var jobsLimit = 1_000
    /// Names that DLWS's exporters had, besides our own.
    package var hasDLWSNames = false
    /// A heartbeat that is older says nothing of the node's load any more.
    package var beatExpirySeconds = 30.0

    package static let defaults = MetricsOptions()
    package init() {}

    /// Every fault, each as `field: what`; empty for good ones.
    package func validate() -> [String] {
        guard !(0...10_000_000).contains(nodeSeriesLimit) else { return [] }
        return ["nodeSeriesLimit: is \(nodeSeriesLimit), must be in 0...10000000"]
    }
}
