import Platform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What this process's connections to one port have carried, as TCP counts it: TLS included, headers of IP and TCP not.
struct SocketBytes: Sendable {
    var connections = 0
    /// Acknowledged by the other side.
    var sent: UInt64 = 0
    var received: UInt64 = 0

    static func toPort(_ port: Int) -> SocketBytes {
        var sum = SocketBytes()
        #if os(Linux)
            let names = (try? Files.names(in: "/proc/self/fd")) ?? []
            for descriptor in names.compactMap({ Int32($0) }) where peerPort(of: descriptor) == port {
                guard let (sent, received) = counters(of: descriptor) else { continue }
                sum.connections += 1
                sum.sent += sent
                sum.received += received
            }
        #endif
        return sum
    }

    #if os(Linux)
        private static func peerPort(of descriptor: Int32) -> Int? {
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutableBytes(of: &address) { bytes in
                bytes.baseAddress.map {
                    getpeername(descriptor, $0.assumingMemoryBound(to: sockaddr.self), &length)
                } ?? -1
            }
            guard result == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
            return Int(UInt16(bigEndian: address.sin_port))
        }

        /// `tcpi_bytes_acked` and `tcpi_bytes_received` of linux/tcp.h, which the C library's header does not have.
        private static func counters(of descriptor: Int32) -> (sent: UInt64, received: UInt64)? {
            let (sentOffset, receivedOffset, size) = (120, 128, 136)
            var information = [UInt8](repeating: 0, count: 256)
            var length = socklen_t(information.count)
            guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &information, &length) == 0,
                length >= size
            else { return nil }
            return information.withUnsafeBytes {
                (
                    $0.loadUnaligned(fromByteOffset: sentOffset, as: UInt64.self),
                    $0.loadUnaligned(fromByteOffset: receivedOffset, as: UInt64.self)
                )
            }
        }
    #endif
}
