import CPlatform

/// How many files, sockets included, this process may have open.
package enum OpenFiles {
    /// Raises the limit as far as this user may.
    /// - Returns: the limit; nil where it cannot be known.
    package static func raiseLimit() -> Int? {
        let limit = mortise_raise_open_files()
        return limit == 0 ? nil : Int(clamping: limit)
    }
}
