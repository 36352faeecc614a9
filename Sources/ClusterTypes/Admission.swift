/// What must hold on the node before a slot's command, or a task of it, begins. The node looks itself, again and again
/// until it holds; all of it must hold.
package struct Admission: Hashable, Sendable, Codable {
    /// A path and an amount that belongs to it.
    package struct PathAmount: Hashable, Sendable, Codable {
        /// Absolute.
        package var path: String
        /// At least 1.
        package var bytes: Int64

        package init(_ path: String, _ bytes: Int64) {
            self.path = path
            self.bytes = bytes
        }
    }

    /// The file systems of these paths have at least so much free space.
    package var freeSpace: [PathAmount] = []
    /// These directories take less disk space than that.
    package var directoryQuota: [PathAmount] = []
    /// A line for `/bin/sh` that ends with 0; nil: none.
    package var check: String?
    /// A yes holds so long, after a no the node looks again then. 1...3600 s.
    package var intervalSeconds: UInt32 = 10

    package init() {}
}
