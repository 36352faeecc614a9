import Platform
import ProtocolMessages
import Testing

@testable import AgentSlots

@Suite("Logs")
struct LogTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/stdout"
    }

    private func log(limitBytes: Int64) -> OutputLog {
        OutputLog(
            task: nil, stream: .stdout, limitBytes: limitBytes, files: SlotFiles(folder: folder.path))
    }

    private func pattern(_ range: Range<Int>) -> [UInt8] { range.map { UInt8(97 + $0 % 26) } }

    private func all(_ reader: LogReader) throws -> String {
        var bytes: [UInt8] = []
        while case let more = try reader.next(limitBytes: 1_000), !more.isEmpty { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `there is no file before the first byte`() {
        let log = log(limitBytes: 4_096)
        log.append([])
        #expect(FileStatus(of: path) == nil)
        log.append(pattern(0..<10)[...])
        #expect(FileStatus(of: path)?.sizeBytes == 10)
    }

    @Test(arguments: ["09223372036854775807", "-0000000000000000005"])
    func `what a command writes may look like a header`(number: String) throws {
        let text = "[mortise: this part begins at byte \(number)]\nmore"
        let log = log(limitBytes: 4_096)
        log.append(Array(text.utf8)[...])
        #expect(try all(LogReader(path: path, tailBytes: nil)) == text)
        #expect(try all(LogReader(path: path, tailBytes: 4)) == "more")
    }

    @Test(arguments: [1, 7, 100, 2_048, 5_000, 60_000])
    func `the newest bytes are kept, whatever the size of the pieces`(piece: Int) throws {
        let log = log(limitBytes: 4_096)
        let total = 60_000
        for start in stride(from: 0, to: total, by: piece) {
            log.append(pattern(start..<min(total, start + piece))[...])
            #expect(log.keptBytes <= 4_096)
        }
        let read = try all(LogReader(path: path, tailBytes: nil))
        let lines = read.split(separator: "\n", maxSplits: 1)
        let kept = try #require(lines.last)
        #expect(kept.utf8.count >= 1_900)
        #expect(lines[0] == "[mortise: the first \(total - kept.utf8.count) bytes were dropped]")
        #expect(Array(kept.utf8) == pattern((total - kept.utf8.count)..<total))
        let tail = try all(LogReader(path: path, tailBytes: 100))
        #expect(Array(tail.utf8) == pattern((total - 100)..<total))
    }

    @Test func `a reader follows a log through its rotations and says what it missed`() throws {
        let log = log(limitBytes: 4_096)
        let reader = LogReader(path: path, tailBytes: nil)
        #expect(try all(reader) == "")
        var read = ""
        for start in stride(from: 0, to: 30_100, by: 700) {
            log.append(pattern(start..<(start + 700))[...])
            read += try all(reader)
        }
        #expect(Array(read.utf8) == pattern(0..<30_100))
        log.append(pattern(30_100..<60_000)[...])
        let rest = try all(reader)
        #expect(rest.contains("bytes were dropped here]\n"))
        #expect(Array(rest.utf8.suffix(1_000)) == pattern(59_000..<60_000))
    }

    @Test func `a stream that cannot be written does not hold up its command`() {
        let log = OutputLog(
            task: nil, stream: .stdout, limitBytes: 4_096, files: SlotFiles(folder: folder.path + "/missing"))
        log.append(pattern(0..<10)[...])
        log.append(pattern(0..<10)[...])
        log.close()
        #expect(log.failure != nil)
        #expect(log.keptBytes == 0)
    }
}
