import CZstd

/// Compresses whole buffers into single zstd frames that name their content size.
///
/// Owns libzstd's working memory (at level 1 up to about 1 MiB, taken at the first use) and uses it again for
/// every call: keep one per thread or event loop, not one per connection.
package final class Compressor {
    /// 1 (fastest) to 19.
    package let level: Int
    private var context: OpaquePointer?

    package init(level: Int = 1) {
        precondition((1...19).contains(level), "a zstd level is 1...19")
        self.level = level
    }

    deinit { ZSTD_freeCCtx(context) }

    /// The bytes as one zstd frame, after `prefix` (a caller's own header, put there without a copy).
    ///
    /// - Throws: `out_of_memory` without working memory, `failed` for anything else the library reports.
    package func compress(_ bytes: RawSpan, after prefix: [UInt8] = []) throws(ZstdError) -> [UInt8] {
        if context == nil { context = ZSTD_createCCtx() }
        guard let context else {
            throw ZstdError(.outOfMemory, "no memory for a compression context")
        }
        let capacity = prefix.count + ZSTD_compressBound(bytes.byteCount)
        var result = 0
        let frame = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initializedCount in
            _ = buffer.update(fromContentsOf: prefix)
            let target = UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[prefix.count...])
            result = bytes.withUnsafeBytes { source in
                ZSTD_compressCCtx(
                    context, target.baseAddress, target.count, source.baseAddress, source.count, Int32(level))
            }
            initializedCount = ZSTD_isError(result) == 0 ? prefix.count + result : 0
        }
        guard ZSTD_isError(result) == 0 else {
            throw ZstdError(.failed, "compressing \(bytes.byteCount) bytes: \(libraryMessage(result))")
        }
        return frame
    }
}

func libraryMessage(_ result: Int) -> String {
    ZSTD_getErrorName(result).map { String(cString: $0) } ?? "unknown error \(result)"
}
