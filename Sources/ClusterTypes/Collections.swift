/// A table in the order of insertion, with look-up by key: iteration is the same in every process, as a
/// Dictionary's is not. Removal leaves a hole that is closed when half the table is holes.
///
/// Public and inlinable, as nothing else here, so that the modules that use it specialise it; a value is read in
/// place, without a copy.
@frozen
public struct OrderedTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline var positions: [Key: Int] = [:]
    /// nil at the holes, as in `entries`.
    @usableFromInline var orderedKeys: [Key?] = []
    @usableFromInline var entries: [Value?] = []

    @inlinable
    public init() {}

    @inlinable
    public var count: Int { positions.count }
    @inlinable
    public var isEmpty: Bool { positions.isEmpty }

    @inlinable
    public subscript(key: Key) -> Value? {
        _read {
            if let position = positions[key] {
                yield entries[position]
            } else {
                yield nil
            }
        }
        _modify {
            guard let position = positions[key] else {
                var value: Value? = nil
                yield &value
                if let value { insert(value, for: key) }
                return
            }
            yield &entries[position]
            if entries[position] == nil {
                positions[key] = nil
                orderedKeys[position] = nil
                closeHoles()
            }
        }
    }

    @inlinable
    public func contains(_ key: Key) -> Bool { positions[key] != nil }

    /// In the order of insertion.
    @inlinable
    public var keys: [Key] { orderedKeys.compactMap(\.self) }
    @inlinable
    public var values: some Sequence<Value> { entries.lazy.compactMap { $0 } }

    @inlinable
    mutating func insert(_ value: Value, for key: Key) {
        positions[key] = entries.count
        orderedKeys.append(key)
        entries.append(value)
    }

    @inlinable
    mutating func closeHoles() {
        guard entries.count > 32, positions.count < entries.count / 2 else { return }
        entries.removeAll { $0 == nil }
        orderedKeys.removeAll { $0 == nil }
        for (position, key) in orderedKeys.enumerated() {
            if let key { positions[key] = position }
        }
    }
}

/// Deadlines of things that keep moving them: the earliest is known, a later deadline costs nothing until the earlier
/// one comes to the top of the heap.
@frozen
public struct DeadlineQueue<Key: Hashable & Comparable & Sendable>: Sendable {
    @usableFromInline var heap: [(deadline: Instant, key: Key)] = []
    @usableFromInline var current: [Key: Instant] = [:]

    @inlinable
    public init() {}

    @inlinable
    public var isEmpty: Bool { current.isEmpty }

    /// Sets or moves the key's deadline.
    @inlinable
    public mutating func set(_ key: Key, to deadline: Instant) {
        let earlier = current.updateValue(deadline, forKey: key)
        // A deadline that moved later is found again when its old entry is at the top.
        if let earlier, earlier <= deadline {
            if heap.first?.key == key { settleTop() }
        } else {
            push((deadline, key))
        }
    }

    @inlinable
    public mutating func remove(_ key: Key) {
        current[key] = nil
        if heap.first?.key == key { settleTop() }
    }

    @inlinable
    public func deadline(of key: Key) -> Instant? { current[key] }

    /// The earliest deadline.
    @inlinable
    public var earliest: Instant? { heap.first?.deadline }

    /// Takes out the keys whose deadline is not after `now`, earliest first; equal ones by key.
    @inlinable
    public mutating func popExpired(at now: Instant) -> [Key] {
        var expired: [(deadline: Instant, key: Key)] = []
        while let top = heap.first, top.deadline <= now {
            current[top.key] = nil
            expired.append(top)
            settleTop()
        }
        return expired.sorted { ($0.deadline, $0.key) < ($1.deadline, $1.key) }.map(\.key)
    }

    /// Until the top is the deadline of its key.
    @inlinable
    mutating func settleTop() {
        while let top = heap.first {
            let deadline = current[top.key]
            if deadline == top.deadline { return }
            _ = pop()
            if let deadline { push((deadline, top.key)) }
        }
    }

    @inlinable
    mutating func push(_ element: (deadline: Instant, key: Key)) {
        heap.append(element)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    @inlinable
    mutating func pop() -> (deadline: Instant, key: Key)? {
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

    @inlinable
    func isBefore(_ left: (deadline: Instant, key: Key), _ right: (deadline: Instant, key: Key))
        -> Bool
    {
        left.deadline != right.deadline ? left.deadline < right.deadline : left.key < right.key
    }
}
