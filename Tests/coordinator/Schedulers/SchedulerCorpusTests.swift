import CoordinatorSchedulers
import FoundationEssentials
import Testing
import TextForms

/// Real outputs of many versions of the schedulers' commands, kept beside the repository and not in it.
@Suite("Saved outputs of schedulers", .enabled(if: SchedulerCorpus.isThere))
struct SchedulerCorpusTests {
    @Test("is read as it should be", arguments: SchedulerCorpus.files)
    func reading(file: String) throws {
        let said = try JSON(SavedReader.schedulers.json(of: SchedulerCorpus.bytes(file)))
        #expect(said == SchedulerCorpus.answers[file]?.withoutNote)
    }

    @Test(
        "cut anywhere, an output is refused, or says less and never nothing", arguments: SchedulerCorpus.files
    )
    func cut(file: String) throws {
        let bytes = SchedulerCorpus.bytes(file)
        let whole = try JSON(SavedReader.schedulers.json(of: bytes))
        let lines = Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { $0.trimmed })
        // Every form looks at each: fewer of the long ones.
        let step = max(1, bytes.count / (bytes.count > 4_096 ? 4 : 16))
        for length in stride(from: 0, to: bytes.count, by: step) {
            guard let text = try? SavedReader.schedulers.json(of: Array(bytes[..<length])) else { continue }
            let said = try JSON(text)
            // A whole header alone is no cut one.
            let last =
                String(decoding: bytes[..<length], as: UTF8.self).split(separator: "\n").last?.trimmed ?? ""
            for list in ["jobs", "nodes", "rows"] where said[list] == .array([]) && !lines.contains(last) {
                #expect(whole[list] == .array([]), "\(length) bytes")
            }
        }
    }
}

extension Substring {
    fileprivate var trimmed: String { Scan.trimmed(self) }
}

enum SchedulerCorpus {
    /// Four folders above this file is the repository.
    private static let directory =
        String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 })
        + "/../shared/corpus/"

    static var isThere: Bool { FileManager.default.fileExists(atPath: directory + "expected.json") }

    static let answers: [String: JSON] = {
        guard let data = FileManager.default.contents(atPath: directory + "expected.json") else { return [:] }
        return (try? JSONDecoder().decode([String: JSON].self, from: data)) ?? [:]
    }()

    static let files = answers.keys.filter { $0.hasPrefix("slurm/") || $0.hasPrefix("torque/") }.sorted()

    static func bytes(_ file: String) -> [UInt8] {
        FileManager.default.contents(atPath: directory + file).map { Array($0) } ?? []
    }
}

/// A value of JSON; numbers are equal where their values are.
indirect enum JSON: Equatable, Decodable, Sendable {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(_ text: String) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    /// Without what is written for people.
    var withoutNote: JSON {
        guard case .object(var members) = self else { return self }
        members["note"] = nil
        return .object(members)
    }
}
