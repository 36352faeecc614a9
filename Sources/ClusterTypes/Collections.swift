/// A table in the order of insertion, with look-up by key: iteration is the same in every process, as a
/// Dictionary's is not. Removal leaves a hole that is closed when half the table is holes.
///
/// Public and inlinable, as nothing else here: so the compiler specialises it in the modules that use it, which
/// makes it three times as fast.
@frozen
public struct OrderedTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline var positions: [Key: Int] = [:]
    @usableFromInline var entries: [(key: Key, value: Value)?] = []

    @inlinable
    public init() {}

    @inlinable
    public var count: Int { positions.count }
    @inlinable
    public var isEmpty: Bool { positions.isEmpty }

    @inlinable
    public subscript(key: Key) -> Value? {
        get {
            guard let position = positions[key] else { return nil }
            return entries[position]?.value
        }
        _modify {
            guard let position = positions[key] else {
                var value: Value? = nil
                yield &value
                if let value { insert(value, for: key) }
                return
            }
            // Taken out while it is changed, so that a change in place copies nothing.
            var value: Value? = entries[position]?.value
            entries[position] = nil
            yield &value
            if let value {
                entries[position] = (key, value)
            } else {
                positions[key] = nil
                closeHoles()
            }
        }
    }

    @inlinable
    public func contains(_ key: Key) -> Bool { positions[key] != nil }

    /// In the order of insertion.
    @inlinable
    public var keys: [Key] { entries.compactMap { $0?.key } }
    @inlinable
    public var values: some Sequence<Value> { entries.lazy.compactMap { $0?.value } }

    @inlinable
    mutating func insert(_ value: Value, for key: Key) {
        positions[key] = entries.count
        entries.append((key, value))
    }

    @inlinable
    mutating func closeHoles() {
        guard entries.count > 32, positions.count < entries.count / 2 else { return }
        entries.removeAll { $0 == nil }
        for (position, entry) in entries.enumerated() {
            if let entry { positions[entry.key] = position }
        }
    }
}

/// Deadlines of things that keep moving them: the earliest is found in O(log n), a later deadline costs nothing
/// until the earlier one comes up.
package struct DeadlineQueue<Key: Hashable & Comparable & Sendable>: Sendable {
    private var heap: [(deadline: Instant, key: Key)] = []
    private var current: [Key: Instant] = [:]

    package init() {}

    package var isEmpty: Bool { current.isEmpty }

    /// Sets or moves the key's deadline.
    package mutating func set(_ key: Key, to deadline: Instant) {
        let earlier = current.updateValue(deadline, forKey: key)
        // A deadline that moved later is found again when its old entry comes up.
        if let earlier, earlier <= deadline { return }
        push((deadline, key))
    }

    package mutating func remove(_ key: Key) { current[key] = nil }

    /// The earliest deadline, or a moment before it.
    package var earliest: Instant? { current.isEmpty ? nil : heap.first?.deadline }

    /// Takes out the keys whose deadline is not after `now`, earliest first; equal ones by key.
    package mutating func popExpired(at now: Instant) -> [Key] {
        var expired: [(deadline: Instant, key: Key)] = []
        while let top = heap.first, top.deadline <= now {
            _ = pop()
            guard let deadline = current[top.key] else { continue }
            if deadline <= now {
                current[top.key] = nil
                expired.append((deadline, top.key))
            } else {
                push((deadline, top.key))
            }
        }
        return expired.sorted { ($0.deadline, $0.key) < ($1.deadline, $1.key) }.map(\.key)
    }

    private mutating func push(_ element: (deadline: Instant, key: Key)) {
        heap.append(element)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func pop() -> (deadline: Instant, key: Key)? {
        guard let top = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2]
                where child < heap.count && isBefore(heap[child], heap[least]) {
                    least = child
                }
                if least == parent { break }
                heap.swapAt(parent, least)
                parent = least
            }
        }
        return top
    }

    private func isBefore(_ left: (deadline: Instant, key: Key), _ right: (deadline: Instant, key: Key))
        -> Bool
    {
        (left.deadline, left.key) < (right.deadline, right.key)
    }
}
