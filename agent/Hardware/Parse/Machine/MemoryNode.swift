import ClusterTypes
import TextForms

/// A NUMA node: processors and the memory that is near to them, from `/sys/devices/system/node/nodeN`.
package struct MemoryNode: Hashable, Sendable {
    package var number: Int
    /// Empty for a node of memory alone (CXL, persistent memory).
    package var processors: [Int]
    package var totalBytes: Int64?
    package var freeBytes: Int64?
    /// To each online node in their order, as the firmware says: 10 is the node itself.
    package var distances: [UInt32]

    /// - Parameters:
    ///   - processors: text of `cpulist`.
    ///   - memory: text of `meminfo`.
    ///   - distances: text of `distance`.
    package init(number: Int, processors: String, memory: String, distances: String) {
        self.number = number
        self.processors = ProcessorList.parse(processors) ?? []
        let memory = MemoryInfo(parsing: memory)
        totalBytes = memory.totalBytes
        freeBytes = memory.freeBytes
        let words = Scan.words(distances).prefix(1_024)
        let numbers = words.compactMap { UInt32($0) }
        self.distances = numbers.count == words.count ? numbers : []
    }
}
