import CPlatform

/// Which processors a process runs on.
package enum ProcessorBinding {
    /// Binds this process, and what it starts from now on, to these; of them to those that it may use.
    ///
    /// - Throws: where it may use none of them, and on systems without such binding.
    package static func bind(to processors: [Int]) throws(SystemError) {
        let numbers = processors.map { Int32(clamping: $0) }
        guard mortise_bind_processors(numbers, numbers.count) == 0 else {
            throw .last("cannot be bound to processors")
        }
    }
}
