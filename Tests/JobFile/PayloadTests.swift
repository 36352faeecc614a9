import JobFile
import Testing
import YAMLSections

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct LineTests {
    private func lines(_ bytes: [UInt8]) throws -> PayloadList {
        try PayloadList.lines(of: bytes, file: "in.txt")
    }

    private func payloads(_ text: String) throws -> [String] {
        let list = try lines(Array(text.utf8))
        return (0..<list.count).map { list[$0] }
    }

    @Test func `Each line is a task, with or without an end to the last one`() throws {
        #expect(try payloads("a\nb\nc\n") == ["a", "b", "c"])
        #expect(try payloads("a\nb\nc") == ["a", "b", "c"])
        #expect(try payloads("a\r\nb\r\n") == ["a", "b"])
        #expect(try payloads("") == [])
    }

    @Test func `Blanks and other characters stay as they are`() throws {
        #expect(try payloads("  a b \n\tü 図\n \n") == ["  a b ", "\tü 図", " "])
    }

    @Test func `Empty lines are left out and counted`() throws {
        let list = try lines(Array("\na\n\r\n\nb\n".utf8))
        #expect(list.count == 2)
        #expect(list.emptyLines == 3)
        #expect(try lines(Array("a\nb\n".utf8)).emptyLines == 0)
    }

    @Test func `A line that is not UTF-8 is named, and so is every other one`() {
        let bytes = Array("good\n".utf8) + [0xFF, 0x0A] + Array("fine\nx".utf8) + [0xC3, 0x28, 0x0A, 0x00]
        do throws(FileError) {
            _ = try PayloadList.lines(of: bytes, file: "in.txt")
            Issue.record("the lines were taken")
        } catch {
            #expect(
                error.faults.map(\.description) == [
                    "in.txt:2: this line is not UTF-8 text", "in.txt:4: this line is not UTF-8 text",
                    "in.txt:5: a task's text cannot have a zero byte",
                ])
        }
    }

    /// Overlong forms, surrogates, beyond the last character, cut off, a lone continuation.
    @Test(
        arguments: [
            [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF],
            [0xC3], [0xE2, 0x82], [0x80], [0xF5, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func `Bytes that only look like UTF-8 are refused`(bytes: [UInt8]) {
        #expect(throws: FileError.self) { try PayloadList.lines(of: bytes, file: "in.txt") }
    }

    @Test func `A text may be a mebibyte and not a byte more`() throws {
        let longest = [UInt8](repeating: UInt8(ascii: "x"), count: PayloadList.payloadBytes)
        #expect(try lines(longest).count == 1)
        #expect(throws: FileError.self) { try PayloadList.lines(of: longest + [0x78], file: "in.txt") }
    }
}

struct ChunkTests {
    @Test func `Chunks follow each other without loss and within both limits`() {
        let texts = (0..<1_000).map { "task \($0)" }
        let list = PayloadList(texts)
        var position = 0
        var gathered: [String] = []
        while position < list.count {
            let chunk = list.chunk(from: position, maximumCount: 300, maximumBytes: 2_000)
            #expect(!chunk.isEmpty && chunk.count <= 300)
            #expect(chunk.reduce(0) { $0 + $1.utf8.count + 3 } <= 2_000)
            gathered += chunk
            position += chunk.count
        }
        #expect(gathered == texts)
    }

    @Test func `A payload larger than the limit goes alone`() {
        let list = PayloadList(["small", String(repeating: "x", count: 100), "small"])
        #expect(list.chunk(from: 0, maximumCount: 10, maximumBytes: 50).count == 1)
        #expect(list.chunk(from: 1, maximumCount: 10, maximumBytes: 50).count == 1)
    }

    @Test func `Characters that JSON escapes count for what they become`() {
        let list = PayloadList(["\"\"\"\"", "b"])
        #expect(list.chunk(from: 0, maximumCount: 10, maximumBytes: 14) == ["\"\"\"\""])
        #expect(list.chunk(from: 0, maximumCount: 10, maximumBytes: 15).count == 2)
    }

    @Test func `Nothing gives nothing`() {
        #expect(PayloadList().chunk(from: 0, maximumCount: 10, maximumBytes: 10) == [])
    }
}

struct JSONTasksTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/mortise-jobfile-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    private func payloads(_ text: String) throws -> [String] {
        let path = folder + "/tasks.json"
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
        defer {
            unlink(path)
            rmdir(folder)
        }
        let list = try PayloadList.load(.json(path: path))
        return (0..<list.count).map { list[$0] }
    }

    @Test func `Strings are tasks as they are and other values are compact JSON`() throws {
        #expect(
            try payloads(
                #"""
                [ "plain", "with \"quotes\" \\ \/ \n\t\u00e9 \ud83d\ude80", "",
                  1, -0.50, 1E+3, true, false, null,
                  { "a" : [ 1 , 2 ], "b c" : "x  y \u00e9" }, [ ] , { } ]
                """#) == [
                    "plain", "with \"quotes\" \\ / \n\té 🚀", "", "1", "-0.50", "1E+3", "true", "false",
                    "null",
                    #"{"a":[1,2],"b c":"x  y \u00e9"}"#, "[]", "{}",
                ])
    }

    @Test func `Large numbers keep their digits`() throws {
        #expect(try payloads("[12345678901234567890123, 0.1000]") == ["12345678901234567890123", "0.1000"])
    }

    @Test func `An empty array has no tasks`() throws {
        #expect(try payloads(" [ ] \n") == [])
    }

    @Test(arguments: [
        ("{\"a\": 1}", 1, "the file must be a JSON array: [ … ]"),
        ("", 1, "the file must be a JSON array: [ … ]"),
        ("[\n1,\n2", 3, "expected , or ] after an element"), ("[1 2]", 1, "expected , or ] after an element"),
        ("[1,]", 1, "this is no JSON value"), ("[\n01]", 2, "this is no JSON value"),
        ("[tru]", 1, "this is no JSON value"), ("[1.]", 1, "this is no JSON value"),
        ("[\"a\n\"]", 1, "a line end or control character must be escaped in a string"),
        ("[\"a", 1, "the string does not end"), ("[\"\\x\"]", 1, "an unknown escape in a string"),
        ("[\"\\ud800\"]", 1, "half a character in a \\u escape"),
        ("[\"\\u12\"]", 1, "a \\u escape needs four hexadecimal digits"),
        ("[] []", 1, "there is more after the array"),
        ("[{1: 2}]", 1, "expected a key in quotes"), ("[{\"a\" 2}]", 1, "expected : after a key"),
        ("[\n\n\"a\\u0000b\"]", 3, "element 0: a task's text cannot have a zero byte"),
    ])
    func `What is no array of JSON is named with its line`(text: String, line: Int, message: String) throws {
        do {
            _ = try payloads(text)
            Issue.record("the text was taken")
        } catch let error as FileError {
            #expect(error.faults.map(\.message) == [message])
            #expect(error.faults.map(\.line) == [line])
        }
    }

    @Test func `Deep nesting is refused and does not overflow the stack`() throws {
        #expect(throws: FileError.self) {
            try payloads(String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000))
        }
    }
}
