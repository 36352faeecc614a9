import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A fixed number of places for descriptors that are waited on together.
package struct PollSet {
    private var entries: [pollfd]

    package init(places: Int) {
        entries = Array(repeating: pollfd(fd: -1, events: 0, revents: 0), count: places)
    }

    /// Waits on `descriptor` at this place; nil waits on nothing there.
    package mutating func watch(_ place: Int, _ descriptor: Int32?, forWriting: Bool = false) {
        entries[place].fd = descriptor ?? -1
        entries[place].events = Int16(POLLIN) | (forWriting ? Int16(POLLOUT) : 0)
        entries[place].revents = 0
    }

    /// Until something happens or the time is over; nil waits for ever. A signal may end it early.
    package mutating func wait(microseconds: Int64?) {
        // Rounded up: a wait that ends too early would only be followed by another.
        let milliseconds = microseconds.map { Int32(clamping: max(0, ($0 + 999) / 1_000)) } ?? -1
        if poll(&entries, nfds_t(entries.count), milliseconds) <= 0 {
            for place in entries.indices { entries[place].revents = 0 }
        }
    }

    /// Bytes, an end or an error wait at this place.
    package func isReadable(_ place: Int) -> Bool {
        entries[place].revents & Int16(POLLIN | POLLHUP | POLLERR | POLLNVAL) != 0
    }

    package func isWritable(_ place: Int) -> Bool { entries[place].revents & Int16(POLLOUT) != 0 }
}

/// Signals as readable events instead of interruptions. Blocks them in the thread that makes it.
package struct SignalQueue: ~Copyable {
    package let descriptor: Descriptor

    package init(_ signals: [Int32]) throws(SystemError) {
        let number = mortise_signal_descriptor(signals, signals.count)
        guard number >= 0 else { throw .last("cannot receive signals") }
        descriptor = Descriptor(owning: number)
    }

    /// Takes the next signal that has come.
    package func next() -> Int32? {
        let signal = mortise_signal_next(descriptor.number)
        return signal == 0 ? nil : signal
    }
}

/// Readable once a moment has passed, also when the machine slept in between.
package struct BootTimer: ~Copyable {
    package let descriptor: Descriptor

    package init() throws(SystemError) {
        let number = mortise_boot_timer()
        guard number >= 0 else { throw .last("cannot make a timer") }
        descriptor = Descriptor(owning: number)
    }

    /// At a moment of `SteadyClock.sinceBoot`; nil is never.
    package func set(_ bootMicroseconds: Int64?) {
        _ = mortise_boot_timer_set(descriptor.number, bootMicroseconds.map { max(1, $0) } ?? 0)
    }
}
