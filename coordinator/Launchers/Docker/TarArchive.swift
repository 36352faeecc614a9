/// A small tar archive (ustar), in which files are put into a container.
struct TarArchive {
    private static let blockBytes = 512
    private(set) var bytes: [UInt8] = []
    private let owner: ContainerUser

    init(owner: ContainerUser) { self.owner = owner }

    /// - Parameter path: without a slash in front, at most 99 bytes.
    mutating func addFolder(_ path: String, mode: Int) { add(path + "/", mode: mode, type: "5", []) }

    mutating func addFile(_ path: String, mode: Int, _ contents: [UInt8]) {
        add(path, mode: mode, type: "0", contents)
        let rest = contents.count % Self.blockBytes
        if rest > 0 { bytes += [UInt8](repeating: 0, count: Self.blockBytes - rest) }
    }

    /// With the two empty blocks that end it.
    consuming func finished() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 2 * Self.blockBytes) }

    private mutating func add(_ path: String, mode: Int, type: Unicode.Scalar, _ contents: [UInt8]) {
        var header = [UInt8](repeating: 0, count: Self.blockBytes)
        func put(_ text: String, at offset: Int) {
            for (position, byte) in text.utf8.enumerated() { header[offset + position] = byte }
        }
        /// Octal digits with an end.
        func put(_ number: Int, at offset: Int, digits: Int) {
            let octal = String(number, radix: 8)
            put(String(repeating: "0", count: max(0, digits - octal.count)) + octal, at: offset)
        }
        put(String(path.prefix(99)), at: 0)
        put(mode, at: 100, digits: 7)
        put(Int(owner.user), at: 108, digits: 7)
        put(Int(owner.group), at: 116, digits: 7)
        put(contents.count, at: 124, digits: 11)
        put(0, at: 136, digits: 11)
        put("        ", at: 148)
        put(String(type), at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(sum, at: 148, digits: 6)
        header[154] = 0
        bytes += header + contents
    }
}

/// Numbers of a user and a group, as a container has them.
package struct ContainerUser: Sendable, Hashable, CustomStringConvertible {
    package var user: UInt32
    package var group: UInt32

    package static let root = ContainerUser(user: 0, group: 0)

    package init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }

    /// `1000:1000`, or `1000` with the group of that number. Names are no good: only the image knows them.
    package init?(parsing text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
        // What a tar header holds.
        guard (1...2).contains(parts.count), let user = parts[0], let group = parts[parts.count - 1],
            max(user, group) < 1 << 21
        else { return nil }
        self.init(user: user, group: group)
    }

    package var description: String { "\(user):\(group)" }
}
