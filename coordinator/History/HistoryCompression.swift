/// How frames of blocks are compressed.
package enum HistoryCompression {
    /// Of zstd; Benchmarks/README.md says what others make of it.
    package static let level = 3
}
