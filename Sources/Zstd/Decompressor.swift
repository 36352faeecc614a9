import CZstd

/// Decompresses single zstd frames from outside, within a bound that holds before any memory is taken.
///
/// Owns libzstd's working memory (about 160 KiB, taken at the first use) and uses it again for every call: keep
/// one per thread or event loop, not one per connection.
package final class Decompressor {
    private var context: OpaquePointer?

    package init() {}

    deinit { ZSTD_freeDCtx(context) }

    /// The content of one whole zstd frame.
    ///
    /// - Parameter limitBytes: of the content. A frame that says it is larger is refused by its header alone; one
    ///   that does not say is refused when it gets there.
    /// - Throws: `too_large`, or `malformed` for anything that is not exactly one valid frame.
    package func decompress(_ frame: RawSpan, limitBytes: Int) throws(ZstdError) -> [UInt8] {
        precondition(limitBytes >= 0, "a limit is not negative")
        if context == nil { context = ZSTD_createDCtx() }
        guard let context else {
            throw ZstdError(.outOfMemory, "no memory for a decompression context")
        }
        let declared = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // The header's macros for "unknown" and "error" are not imported: 2^64 - 1 and 2^64 - 2.
        switch declared {
        case .max: return try stream(frame, limitBytes: limitBytes, context: context)
        case .max - 1: throw ZstdError(.malformed, "the bytes do not begin with a zstd frame")
        default: break
        }
        guard declared <= UInt64(limitBytes) else {
            throw ZstdError(.tooLarge, "the frame holds \(declared) bytes; at most \(limitBytes) are taken")
        }
        return try decompressAtOnce(frame, contentBytes: Int(declared), context: context)
    }

    private func decompressAtOnce(_ frame: RawSpan, contentBytes: Int, context: OpaquePointer)
        throws(ZstdError) -> [UInt8]
    {
        var result = 0
        let content = [UInt8](unsafeUninitializedCapacity: contentBytes) { buffer, initializedCount in
            result = frame.withUnsafeBytes { source in
                ZSTD_decompressDCtx(
                    context, buffer.baseAddress, contentBytes, source.baseAddress, source.count)
            }
            initializedCount = ZSTD_isError(result) == 0 ? result : 0
        }
        guard ZSTD_isError(result) == 0 else { throw ZstdError(.malformed, libraryMessage(result)) }
        guard content.count == contentBytes else {
            throw ZstdError(.malformed, "the frame says \(contentBytes) bytes and holds \(content.count)")
        }
        return content
    }

    /// For frames without a content size: the output grows with what has really come out.
    private func stream(_ frame: RawSpan, limitBytes: Int, context: OpaquePointer) throws(ZstdError)
        -> [UInt8]
    {
        try begin(context, limitBytes: limitBytes)
        var content: [UInt8] = []
        var consumedBytes = 0
        let step = min(max(limitBytes, 1), 64 << 10)
        while true {
            let start = content.count
            // One byte more than the limit is enough to know that it is too large.
            let room = min(max(step, start), limitBytes - start + 1)
            content.append(contentsOf: repeatElement(0, count: room))
            var input = ZSTD_inBuffer(src: nil, size: frame.byteCount, pos: consumedBytes)
            var producedBytes = 0
            let result = content.withUnsafeMutableBytes { target in
                frame.withUnsafeBytes { source in
                    input.src = source.baseAddress
                    var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: start)
                    let result = ZSTD_decompressStream(context, &output, &input)
                    producedBytes = output.pos
                    return result
                }
            }
            content.removeLast(content.count - producedBytes)
            guard ZSTD_isError(result) == 0 else { throw ZstdError(.malformed, libraryMessage(result)) }
            guard content.count <= limitBytes else {
                throw ZstdError(.tooLarge, "the frame holds more than \(limitBytes) bytes")
            }
            guard result != 0 else {
                guard input.pos == frame.byteCount else {
                    throw ZstdError(.malformed, "bytes follow the zstd frame")
                }
                return content
            }
            guard producedBytes > start || input.pos > consumedBytes else {
                throw ZstdError(.malformed, "the zstd frame is cut off")
            }
            consumedBytes = input.pos
        }
    }

    /// Forgets an earlier frame and bounds the window that the next one may ask for.
    private func begin(_ context: OpaquePointer, limitBytes: Int) throws(ZstdError) {
        let exponent = Int.bitWidth - max(limitBytes, 1 << 10).leadingZeroBitCount
        for result in [
            ZSTD_DCtx_reset(context, ZSTD_reset_session_only),
            ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(min(exponent, 27))),
        ] where ZSTD_isError(result) != 0 {
            throw ZstdError(.failed, "preparing to decompress: \(libraryMessage(result))")
        }
    }
}
