import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Local stream sockets in a folder; the folder's path may be of any length.
package enum UnixSocket {
    /// Listens at `name`, for this user alone; an old socket of that name is replaced.
    package static func listen(_ name: String, in folder: borrowing Descriptor) throws(SystemError)
        -> Descriptor
    {
        let number = mortise_unix_listen(folder.number, name)
        guard number >= 0 else { throw .last("cannot listen at '\(name)'") }
        return Descriptor(owning: number)
    }

    /// Connects without waiting. ECONNREFUSED: nobody listens any more.
    package static func connect(_ name: String, in folder: borrowing Descriptor) throws(SystemError)
        -> Descriptor
    {
        let number = mortise_unix_connect(folder.number, name)
        guard number >= 0 else { throw .last("cannot connect to '\(name)'") }
        return Descriptor(owning: number)
    }

    /// The next connection of this user's processes; nil when there is none (any more).
    package static func accept(_ listener: borrowing Descriptor) -> Descriptor? {
        let number = mortise_unix_accept(listener.number)
        return number < 0 ? nil : Descriptor(owning: number)
    }

    package static func isListening(_ descriptor: Int32) -> Bool { mortise_is_listening(descriptor) == 1 }

    /// How many bytes were taken; 0 when none fit now; nil when the connection is gone.
    package static func send(_ bytes: ArraySlice<UInt8>, to connection: borrowing Descriptor) -> Int? {
        let count = bytes.withUnsafeBytes { mortise_send(connection.number, $0.baseAddress, $0.count) }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : nil
    }

    /// What `receive` found.
    package enum Received {
        case bytes(Int)
        case nothing
        case end
    }

    /// Into `buffer`, as much as is there and fits, without waiting.
    package static func receive(from descriptor: borrowing Descriptor, into buffer: inout [UInt8]) -> Received
    {
        let count = read(descriptor.number, into: &buffer)
        if count > 0 { return .bytes(count) }
        if count < 0, errno == EAGAIN || errno == EWOULDBLOCK { return .nothing }
        return .end
    }
}
