import CPlatform

/// What `malloc` is told of how this program uses memory.
package enum Heap {
    /// Gives allocations of this size and more pages of their own, of which only those count that were written to,
    /// and which go back to the system when they are freed.
    ///
    /// For the start of a program. Does nothing where the C library is not glibc: others do so by themselves.
    package static func mapAllocations(fromBytes bytes: Int) { mortise_map_allocations(bytes) }
}
