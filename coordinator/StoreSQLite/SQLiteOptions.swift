/// How a `SQLiteStore` uses its file.
package struct SQLiteOptions: Hashable, Sendable {
    /// How long a commit waits for another program that has the file locked. 0...600 s.
    package var busyTimeoutSeconds: Double = 10
    /// The database file may not grow beyond this; nil: as far as the disk goes. Whole pages of 4 KiB.
    package var maximumBytes: Int64?
    /// Connections that read at the same time. 1...64; each has its own page cache of up to 2 MiB.
    package var readers: Int = 4

    package static let defaults = SQLiteOptions()
    package init() {}
}
