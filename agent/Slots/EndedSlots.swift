import ClusterTypes
import Platform

/// The folders of slots that are over and forgotten but for their logs: the newest are kept.
struct EndedSlots {
    /// At most so many folders …
    static let folderLimit = 1_000
    /// … with so many bytes of logs together.
    static let byteLimit: Int64 = 1 << 30

    let directory: String
    /// Oldest first.
    private var folders: [(key: SlotKey, bytes: Int64)] = []
    private var totalBytes: Int64 = 0

    init(directory: String) { self.directory = directory }

    func folder(of key: SlotKey) -> String { "\(directory)/\(key)" }
    func contains(_ key: SlotKey) -> Bool { FileStatus(of: folder(of: key)) != nil }

    /// Finds what earlier agents kept.
    mutating func read(codec: LocalCodec) throws(SystemError) {
        try Files.makeFolders(directory)
        var found: [(seconds: Int64, key: SlotKey, bytes: Int64)] = []
        for name in try Files.names(in: directory) {
            guard let key = SlotFiles.key(inName: name), let status = FileStatus(of: folder(of: key)) else {
                continue
            }
            let files = SlotFiles(folder: folder(of: key))
            let bytes = SlotEnd(readFrom: files, codec: codec)?.logBytes ?? files.logBytes
            found.append((status.modifiedSeconds, key, bytes))
        }
        found.sort { ($0.seconds, $0.key) < ($1.seconds, $1.key) }
        folders = found.map { ($0.key, $0.bytes) }
        totalBytes = folders.reduce(0) { $0 + $1.bytes }
        prune()
    }

    /// Takes over a slot's folder; returns where it is now, nil when it is gone.
    mutating func keep(_ key: SlotKey, folder: String, logBytes: Int64) -> String? {
        let target = self.folder(of: key)
        guard FileStatus(of: folder) != nil else { return nil }
        do {
            try Files.makeFolders(directory)
            try Files.removeTree(target)
            try Files.move(folder, to: target)
        } catch {
            return nil
        }
        folders.removeAll { $0.key == key }
        folders.append((key, logBytes))
        totalBytes += logBytes
        prune()
        return target
    }

    private mutating func prune() {
        var count = 0
        while folders.count - count > 1,
            folders.count - count > Self.folderLimit || totalBytes > Self.byteLimit
        {
            let oldest = folders[count]
            try? Files.removeTree(folder(of: oldest.key))
            totalBytes -= oldest.bytes
            count += 1
        }
        folders.removeFirst(count)
    }
}
