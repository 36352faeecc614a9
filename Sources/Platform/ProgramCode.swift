#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The pages of this program's own code.
package enum ProgramCode {
    /// Lets go of those that only the start has used. What is needed comes back from the file (or from the kernel's
    /// cache of it) by itself; nothing that was ever written is among them. For a process that waits for days.
    package static func releasePages() {
        #if os(Linux)
            guard let bytes = try? AtomicFile.read("/proc/self/maps", limitBytes: 4 << 20),
                let program = try? programPath()
            else { return }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
                guard let range = codeRange(in: line, of: program),
                    let begin = UnsafeMutableRawPointer(bitPattern: range.lowerBound)
                else { continue }
                madvise(begin, range.count, MADV_DONTNEED)
            }
        #endif
    }

    /// `55d0-55e0 r-xp 0000 fe:00 12 /path`: the range of a line that maps this program's code.
    package static func codeRange(in line: Substring, of program: String) -> Range<UInt>? {
        let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }) == program else {
            return nil
        }
        let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        guard ends.count == 2, ends[0] < ends[1] else { return nil }
        return ends[0]..<ends[1]
    }

    private static func programPath() throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { throw .last("cannot read '/proc/self/exe'") }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
