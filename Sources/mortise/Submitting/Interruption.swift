import Synchronization
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Ctrl-C: says what goes on without us, then ends with 130.
enum Interruption {
    private static let lastWords = Mutex("")

    /// Prints `words` if Ctrl-C comes during `work`.
    static func saying<Value>(_ words: String, during work: () async throws -> Value) async rethrows -> Value
    {
        let before = lastWords.withLock { current in
            defer { current = words }
            return current
        }
        defer { lastWords.withLock { $0 = before } }
        return try await work()
    }

    /// From now on Ctrl-C prints the last words and ends the program with 130.
    ///
    /// The handler only writes a byte; a thread of its own, which may take locks, does the rest. (Blocking the signal
    /// and waiting for it is no way: the main thread of an async program unblocks all signals while it idles.)
    static func watch() {
        var descriptors: [Int32] = [-1, -1]
        guard pipe(&descriptors) == 0 else { return }
        _ = fcntl(descriptors[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptors[1], F_SETFD, FD_CLOEXEC)
        readDescriptor = descriptors[0]
        writeDescriptor = descriptors[1]
        #if canImport(Darwin)
            var thread: pthread_t?
            let status = pthread_create(&thread, nil, { _ in Interruption.finishWhenWoken() }, nil)
        #else
            var thread = pthread_t()
            let status = pthread_create(&thread, nil, { _ in Interruption.finishWhenWoken() }, nil)
        #endif
        guard status == 0 else { return }
        // A shell that started us in the background has SIGINT ignored, and it stays so.
        let previous = signal(SIGINT) { _ in Interruption.wake() }
        if unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
            signal(SIGINT, SIG_IGN)
        }
    }

    // Both are written once, before the handler and the thread can read them.
    private nonisolated(unsafe) static var readDescriptor: Int32 = -1
    private nonisolated(unsafe) static var writeDescriptor: Int32 = -1

    /// In the signal handler: nothing but `write` is safe there.
    private static func wake() {
        var byte: UInt8 = 1
        let error = errno
        _ = write(writeDescriptor, &byte, 1)
        errno = error
    }

    private static func finishWhenWoken() -> UnsafeMutableRawPointer? {
        var byte: UInt8 = 0
        while read(readDescriptor, &byte, 1) != 1 {}
        let words = lastWords.withLock { $0 }
        if !words.isEmpty { StandardStream.writeError("\n\(words)\n") }
        exit(CommandStatus.interrupted.rawValue)
    }
}
