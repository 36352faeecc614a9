import CZstd

/// What both sides know before the first byte: small messages of one kind become a fraction of their size with it.
///
/// Digested once, never changed, used by any number of threads at once. Frames made with it carry neither zstd's
/// magic number nor the dictionary's id: whoever sends one says in its own words which it is.
package final class ZstdDictionary: @unchecked Sendable {
    fileprivate let compressing: OpaquePointer
    fileprivate let decompressing: OpaquePointer

    /// - Parameters:
    ///   - content: as `zstd --train` makes it.
    ///   - level: of what is compressed with it, 1...19.
    /// - Throws: `out_of_memory`, or `malformed` where it is no trained dictionary.
    package init(_ content: [UInt8], level: Int32) throws(ZstdError) {
        guard content.withUnsafeBytes({ ZSTD_getDictID_fromDict($0.baseAddress, $0.count) }) != 0 else {
            throw ZstdError(.malformed, "\(content.count) bytes are no zstd dictionary")
        }
        guard let compressing = content.withUnsafeBytes({ ZSTD_createCDict($0.baseAddress, $0.count, level) })
        else { throw ZstdError(.outOfMemory, "no memory for a dictionary of \(content.count) bytes") }
        guard let decompressing = content.withUnsafeBytes({ ZSTD_createDDict($0.baseAddress, $0.count) })
        else {
            ZSTD_freeCDict(compressing)
            throw ZstdError(.outOfMemory, "no memory for a dictionary of \(content.count) bytes")
        }
        self.compressing = compressing
        self.decompressing = decompressing
    }

    deinit {
        ZSTD_freeCDict(compressing)
        ZSTD_freeDDict(decompressing)
    }
}

/// zstd's magic number, little-endian: the first bytes of every frame.
private let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

/// Compresses small messages with a dictionary. Owns working memory, as `Compressor` does.
package final class DictionaryCompressor {
    private var context: OpaquePointer?
    private var room: [UInt8] = []

    package init() {}

    deinit { ZSTD_freeCCtx(context) }

    /// The bytes as one frame without its magic number, after `prefix`.
    ///
    /// - Throws: `out_of_memory` without working memory, `failed` for anything else the library reports.
    package func compress(_ bytes: RawSpan, with dictionary: ZstdDictionary, after prefix: [UInt8])
        throws(ZstdError) -> [UInt8]
    {
        if context == nil { context = ZSTD_createCCtx() }
        guard let context else { throw ZstdError(.outOfMemory, "no memory for a compression context") }
        let capacity = ZSTD_compressBound(bytes.byteCount)
        if room.count < capacity { room = [UInt8](repeating: 0, count: capacity) }
        for result in [
            ZSTD_CCtx_reset(context, ZSTD_reset_session_only),
            ZSTD_CCtx_refCDict(context, dictionary.compressing),
            ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0),
        ] where ZSTD_isError(result) != 0 {
            throw ZstdError(.failed, "preparing to compress: \(libraryMessage(result))")
        }
        let result = room.withUnsafeMutableBytes { target in
            bytes.withUnsafeBytes { source in
                ZSTD_compress2(context, target.baseAddress, target.count, source.baseAddress, source.count)
            }
        }
        guard ZSTD_isError(result) == 0, result > magic.count else {
            throw ZstdError(.failed, "compressing \(bytes.byteCount) bytes: \(libraryMessage(result))")
        }
        return prefix + room[magic.count..<result]
    }
}

/// The other direction. Owns working memory, as `Decompressor` does.
package final class DictionaryDecompressor {
    private var context: OpaquePointer?
    private var frame: [UInt8] = []

    package init() {}

    deinit { ZSTD_freeDCtx(context) }

    /// The content of one whole frame that lacks its magic number.
    ///
    /// - Parameter limitBytes: of the content, checked before any memory is taken for it.
    /// - Throws: `too_large`, or `malformed` for anything else that is not exactly one frame that names its size.
    package func decompress(_ bytes: RawSpan, with dictionary: ZstdDictionary, limitBytes: Int)
        throws(ZstdError) -> [UInt8]
    {
        if context == nil { context = ZSTD_createDCtx() }
        guard let context else { throw ZstdError(.outOfMemory, "no memory for a decompression context") }
        frame.removeAll(keepingCapacity: true)
        frame.append(contentsOf: magic)
        bytes.withUnsafeBytes { frame.append(contentsOf: $0) }
        let declared = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // 2^64 - 1 and 2^64 - 2 stand for "unknown" and "no frame".
        guard declared < .max - 1 else {
            throw ZstdError(.malformed, "the bytes do not begin with a zstd frame that names its size")
        }
        guard declared <= UInt64(limitBytes) else {
            throw ZstdError(.tooLarge, "the frame holds \(declared) bytes; at most \(limitBytes) are taken")
        }
        let contentBytes = Int(declared)
        var result = 0
        let content = [UInt8](unsafeUninitializedCapacity: contentBytes) { buffer, initializedCount in
            result = frame.withUnsafeBytes { source in
                ZSTD_decompress_usingDDict(
                    context, buffer.baseAddress, contentBytes, source.baseAddress, source.count,
                    dictionary.decompressing)
            }
            initializedCount = ZSTD_isError(result) == 0 ? result : 0
        }
        guard ZSTD_isError(result) == 0 else { throw ZstdError(.malformed, libraryMessage(result)) }
        guard content.count == contentBytes else {
            throw ZstdError(.malformed, "the frame says \(contentBytes) bytes and holds \(content.count)")
        }
        return content
    }
}
