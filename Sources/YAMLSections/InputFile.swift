#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whole files and standard input.
package enum InputFile {
    /// - Parameter path: `-` is standard input.
    package static func read(_ path: String, limitBytes: Int) throws(FileError) -> [UInt8] {
        let isInput = path == "-"
        let descriptor = isInput ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, "cannot be opened") }
        defer { if !isInput { close(descriptor) } }
        var bytes: [UInt8] = []
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_size > 0 {
            bytes.reserveCapacity(min(Int(status.st_size), limitBytes))
        }
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = piece.withUnsafeMutableBytes { systemRead(descriptor, $0) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(path, "cannot be read")
            }
            guard bytes.count + count <= limitBytes else {
                throw FileError([
                    Fault(file: path, message: "the file is larger than \(limitBytes >> 20) MiB")
                ])
            }
            bytes.append(contentsOf: piece[..<count])
        }
    }

    private static func failure(_ path: String, _ what: String) -> FileError {
        FileError([Fault(file: path, message: "\(what): \(String(cString: strerror(errno)))")])
    }

    private static func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}

/// Finds bytes that are no UTF-8 (RFC 3629: no overlong forms, no surrogates).
package enum UTF8Check {
    /// Offset of the first wrong sequence; nil where all is right.
    package static func firstFault(in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBufferPointer { buffer in
            var offset = 0
            while offset < buffer.count {
                let lead = buffer[offset]
                if lead < 0x80 {
                    offset += 1
                    continue
                }
                guard let (length, second) = sequence(lead), offset + length <= buffer.count,
                    second.contains(buffer[offset + 1]),
                    (2..<max(2, length)).allSatisfy({ buffer[offset + $0] & 0xC0 == 0x80 })
                else { return offset + bytes.startIndex }
                offset += length
            }
            return nil
        }
    }

    /// Counted from 1.
    package static func line(of offset: Int, in bytes: [UInt8]) -> Int {
        bytes[..<offset].count { $0 == UInt8(ascii: "\n") } + 1
    }

    private static func sequence(_ lead: UInt8) -> (length: Int, second: ClosedRange<UInt8>)? {
        switch lead {
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xE1...0xEF: (3, 0x80...0xBF)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        default: nil
        }
    }
}
