import FoundationEssentials

/// Real outputs of many versions of the tools, kept beside the repository and not in it.
enum Corpus {
    // The keys of expected.json, as they stand there.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    struct Answer: Decodable {
        struct Device: Decodable {
            var index: UInt32
            var chip: UInt32?
            var name: String?
            var uuid: String?
            var bus_id: String?
            var minor_number: UInt32?
            var memory_total_mib: Int64?
            var memory_used_mib: Int64?
            var utilization_percent: UInt32?
            var temperature_c: Int32?
            var power_w: Double?
            var health: String?
            var phy_id: UInt32?
            var logic_id: UInt32?
            var hbm_usage_percent: UInt32?
            var mig_mode: String?
            var mig_devices: [MIGDevice]?
        }
        struct MIGDevice: Decodable {}

        /// A number, or words where the answer stands in another file.
        struct Limit: Decodable {
            var number: Double?
            init(from decoder: any Decoder) throws {
                number = try? decoder.singleValueContainer().decode(Double.self)
            }
        }

        var devices: [Device]
        var error: String?
        var driver_version: String?
        var tool_version: String?
        var model: String?
        var logical_cpus: Int?
        var sockets: UInt32?
        var cores_per_socket: UInt32?
        var implementer: String?
        var vendor: String?
        var hardware: String?
        var part: [String]?
        var mem_total_kib: Int64?
        var mem_available_kib: Int64?
        var cpu_limit_cores: Limit?
        var cpu_quota_us: Int64?
        var memory_limit_bytes: Int64?
        var cpuset_cpus: Int?
        var addresses: [String]?
    }

    struct Missing: Error {}

    /// Other groups of samples have answers of other shapes.
    struct AnyAnswer: Decodable {
        var answer: Answer?
        init(from decoder: any Decoder) throws { answer = try? Answer(from: decoder) }
    }

    /// Four folders above this file is the repository.
    static let directory =
        String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 })
        + "/../shared/corpus/"

    static let answers: [String: AnyAnswer] = {
        guard let data = FileManager.default.contents(atPath: directory + "expected.json") else { return [:] }
        return (try? JSONDecoder().decode([String: AnyAnswer].self, from: data)) ?? [:]
    }()

    static var isThere: Bool { FileManager.default.fileExists(atPath: directory + "expected.json") }

    static func files(_ prefix: String) -> [String] { answers.keys.filter { $0.hasPrefix(prefix) }.sorted() }

    static func expected(_ file: String) throws -> Answer {
        guard let answer = answers[file]?.answer else { throw Missing() }
        return answer
    }

    static let readings: [String: JSON] = {
        guard let data = FileManager.default.contents(atPath: directory + "expected.json") else { return [:] }
        return (try? JSONDecoder().decode([String: JSON].self, from: data)) ?? [:]
    }()

    static func json(_ file: String) throws -> JSON {
        guard let reading = readings[file] else { throw Missing() }
        return reading.withoutNote
    }

    static func text(_ file: String) -> String {
        FileManager.default.contents(atPath: directory + file).map { String(decoding: $0, as: UTF8.self) }
            ?? ""
    }
}
