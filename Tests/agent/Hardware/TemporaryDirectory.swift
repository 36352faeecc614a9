import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A directory of one test, gone with it.
final class TemporaryDirectory {
    let path: String

    struct Failure: Error {}

    init() throws {
        var template = Array((Place.value + "/mortise-hardware-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure() }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String, isProgram: Bool = false) throws -> String {
        let file = path + "/" + name
        guard FileManager.default.createFile(atPath: file, contents: Data(text.utf8)) else { throw Failure() }
        chmod(file, isProgram ? 0o755 : 0o644)
        return file
    }

    func read(_ name: String) -> String {
        FileManager.default.contents(atPath: path + "/" + name).map { String(decoding: $0, as: UTF8.self) }
            ?? ""
    }

    private enum Place {
        static var value: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }
    }
}
