import ClusterTypes
import Testing
import Zstd

@Suite struct ZstdTests {
    private func code(_ body: () throws -> some Any) -> ZstdError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? ZstdError)?.code
        }
    }

    @Test func contentComesBackAndContextsAreUsedAgain() throws {
        let compressor = Compressor()
        let decompressor = Decompressor()
        for count in [0, 1, 255, 70_000, 1_000_000] {
            let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 7) }
            let frame = try compressor.compress(content.span.bytes)
            #expect(try decompressor.decompress(frame.span.bytes, limitBytes: count) == content)
        }
    }

    @Test func aPrefixStandsBeforeTheFrame() throws {
        let content = [UInt8](repeating: 9, count: 1_000)
        let compressor = Compressor(level: 3)
        let frame = try compressor.compress(content.span.bytes)
        #expect(try compressor.compress(content.span.bytes, after: [1, 2]) == [1, 2] + frame)
    }

    @Test func theLimitHoldsForDeclaredAndForUndeclaredSizes() throws {
        let decompressor = Decompressor()
        for declaredBytes in [nil, 262_144] as [UInt64?] {
            let frame = zstdBomb(blocks: 2, declaredBytes: declaredBytes)
            let content = try decompressor.decompress(frame.span.bytes, limitBytes: 262_144)
            #expect(content == [UInt8](repeating: 0, count: 262_144))
            #expect(code { try decompressor.decompress(frame.span.bytes, limitBytes: 262_143) } == .tooLarge)
            #expect(code { try decompressor.decompress(frame.span.bytes, limitBytes: 0) } == .tooLarge)
        }
    }

    @Test func aLieAboutTheSizeIsMalformed() {
        let decompressor = Decompressor()
        for declaredBytes in [100, 131_073, 262_143, 262_145] as [UInt64] {
            let frame = zstdBomb(blocks: 2, declaredBytes: declaredBytes)
            #expect(code { try decompressor.decompress(frame.span.bytes, limitBytes: 1 << 20) } == .malformed)
        }
    }

    @Test func anythingButOneWholeFrameIsMalformed() throws {
        let decompressor = Decompressor()
        let whole = zstdBomb(blocks: 3, declaredBytes: nil)
        for count in 0..<whole.count {
            let part = Array(whole.prefix(count))
            #expect(
                code { try decompressor.decompress(part.span.bytes, limitBytes: 1 << 20) } == .malformed,
                "\(count)")
        }
        let trailing = whole + [0]
        #expect(code { try decompressor.decompress(trailing.span.bytes, limitBytes: 1 << 20) } == .malformed)
        #expect(try decompressor.decompress(whole.span.bytes, limitBytes: 1 << 20).count == 3 << 17)
    }
}
