import FoundationEssentials
import Testing
import TextForms

@testable import AgentHardware

/// Every sample of the corpus, recognised by itself and read as the corpus says, key by key.
@Suite("Saved outputs", .enabled(if: Corpus.isThere))
struct CorpusReadingTests {
    @Test(
        "is read as it should be",
        arguments: ["nvidia/", "npu/", "other/", "cpu/"].flatMap { Corpus.files($0) })
    func reading(file: String) throws {
        let output = SavedOutput(
            text: Corpus.text(file), fileName: String(file.split(separator: "/").last ?? ""))
        let form = try #require(ToolForm.hardware.first { $0.recognizes(output) }, "no form is recognised")
        let said = try JSON(JSONText.write(form.read(output).json))
        let expected = try Corpus.json(file)
        #expect(said == expected, "\(form.name)")
    }

    @Test(
        "cut at any line, a sample of nvidia-smi says less, and nothing else",
        arguments: Corpus.files("nvidia/") + Corpus.files("other/ixsmi"))
    func cut(file: String) throws {
        let text = Corpus.text(file)
        let whole = SavedOutput(text: text, fileName: "")
        let form = try #require(ToolForm.hardware.first { $0.recognizes(whole) })
        let devices = form.read(whole).devices
        let lines = Scan.lines(text)
        // The largest take long: fewer of their lines.
        let step = max(1, lines.count / (lines.count > 1_000 ? 3 : 12))
        for position in Swift.stride(from: 0, to: lines.count, by: step) {
            for part in [lines[..<position], lines[position...]] {
                let output = SavedOutput(text: part.joined(separator: "\r\n"), fileName: "")
                guard form.recognizes(output) else { continue }
                for device in form.read(output).devices {
                    #expect(devices.contains { device.isPart(of: $0) }, "\(position): \(device)")
                }
            }
        }
    }
}

extension DeviceReading {
    /// It has no value that the other does not have.
    func isPart(of whole: DeviceReading) -> Bool {
        func isPart<Value: Equatable>(_ path: KeyPath<DeviceReading, Value?>) -> Bool {
            self[keyPath: path] == nil || self[keyPath: path] == whole[keyPath: path]
        }
        return isPart(\.index) && isPart(\.name) && isPart(\.uuid) && isPart(\.busID)
            && isPart(\.memoryTotalMiB) && isPart(\.memoryUsedMiB) && isPart(\.utilizationPercent)
            && isPart(\.temperatureCelsius)
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

    /// Without what is written for people.
    var withoutNote: JSON {
        guard case .object(var members) = self else { return self }
        members["note"] = nil
        return .object(members)
    }
}
