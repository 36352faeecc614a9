package import CoordinatorCore
package import CoordinatorLaunchers
package import YAMLSections

/// A pool of a pool file.
package struct DescribedPool: Sendable, Hashable {
    package var configuration: PoolConfiguration
    /// nil: it is static.
    package var launcher: LauncherDescription?
}

/// Reads pool files: one YAML document that describes all pools whose nodes are launched. Strict: what it does not know, it
/// refuses.
package enum PoolFileReader {
    /// 1 MiB.
    private static let fileBytes = 1 << 20

    package static func read(path: String) throws(FileError) -> [DescribedPool] {
        try parse(YAMLText.read(path: path, limitBytes: fileBytes), file: path)
    }

    /// - Parameter file: for messages.
    package static func parse(_ text: String, file: String) throws(FileError) -> [DescribedPool] {
        let root = try YAMLText.compose(text, file: file, empty: "it needs at least 'pools'")
        var faults = FaultList(file: file)
        var pools: [DescribedPool] = []
        if let top = Section(root, path: "", keys: ["pools"], faults: &faults) {
            if top.lacks("pools") { faults.add("'pools' is missing", at: top.mark) }
            for (name, value, mark) in top.entries("pools", "{ cloud: { … } }", &faults) ?? [] {
                if !isName(name) {
                    faults.add("'\(name)' is no name of a pool: use a-z A-Z 0-9 . _ -, at most 40", at: mark)
                }
                if let pool = PoolReader.read(name, value, &faults) { pools.append(pool) }
            }
        }
        guard faults.faults.isEmpty else { throw FileError(faults.sorted) }
        return pools
    }

    /// It becomes a part of names in schedulers and clouds.
    private static func isName(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count) && text.first?.isLetter ?? false
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
