import AgentHardware
import FoundationEssentials
import Testing
import TextForms

@Suite("Reader of saved outputs")
struct SavedReaderTests {
    private let list = "GPU 0: NVIDIA A30 (UUID: GPU-7f3a0c55-1111-2222-3333-444455556666)\n"

    private func json(_ text: String, fileName: String = "", form: String? = nil) throws -> JSON {
        try JSON(SavedReader.hardware.json(of: Array(text.utf8), fileName: fileName, form: form))
    }

    @Test("each form has a name of its own, which is one word, and a command")
    func names() {
        let names = SavedReader.hardware.forms.map(\.name)
        #expect(names.count > 30)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { !$0.isEmpty && !$0.contains { $0.isWhitespace || $0 == "," } })
        #expect(SavedReader.hardware.forms.allSatisfy { !$0.command.isEmpty })
    }

    @Test("each form is documented, with its command")
    func documented() throws {
        let root = String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 })
        let data = try #require(FileManager.default.contents(atPath: root + "/docs/hardware.md"))
        let page = String(decoding: data, as: UTF8.self)
        for form in SavedReader.hardware.forms {
            let command = form.command.replacing("|", with: "\\|")
            #expect(page.contains("\n| `\(form.name)` | `\(command)` |\n"), "\(form.name)")
        }
    }

    @Test("the form is recognised, and may be named")
    func recognized() throws {
        let said = try json(list)
        #expect(try json(list, form: "nvidia-smi-list") == said)
        guard case .array(let devices) = said["devices"] else {
            Issue.record("\(said)")
            return
        }
        #expect(devices.count == 1 && said["error"] == .null)
        #expect(devices.first?["name"] == .string("NVIDIA A30") && devices.first?["index"] == .number(0))
        #expect(devices.first?["memory_total_mib"] == .null)
    }

    @Test("the file's name tells what a single number is")
    func fileName() throws {
        let said = try json("4294967296\n", fileName: "memory.max")
        #expect(said["memory_limit_bytes"] == .number(4_294_967_296))
        #expect(throws: SavedReader.Fault.isNotRecognized) { try json("4294967296\n") }
    }

    @Test("a file of PowerShell says the same as one of UTF-8", arguments: [false, true])
    func wide(isBigEndian: Bool) throws {
        let bytes = ("\u{FEFF}" + list.replacing("\n", with: "\r\n")).utf16.flatMap { unit in
            isBigEndian
                ? [UInt8(unit >> 8), UInt8(unit & 255)] : [UInt8(unit & 255), UInt8(unit >> 8)]
        }
        #expect(try JSON(SavedReader.hardware.json(of: bytes)) == json(list))
        #expect(
            try JSON(SavedReader.hardware.json(of: bytes + [0])) == json(list), "half a character at the end")
    }

    @Test("a file whose end a crash has left as zeros is read, an archive is not")
    func binary() throws {
        let isText = Array(list.utf8) + [0, 0, 0xFF]
        #expect(try JSON(SavedReader.hardware.json(of: isText)) == json(list))
        let archive: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + (0...255)
        #expect(throws: SavedReader.Fault.isBinary) { try SavedReader.hardware.json(of: archive) }
        #expect(throws: SavedReader.Fault.isBinary) {
            try SavedReader.hardware.json(of: archive, form: "nvidia-smi-list")
        }
    }

    @Test("what no form knows is refused, also by the form that was named")
    func refused() throws {
        for text in ["", " \n\n"] {
            #expect(throws: SavedReader.Fault.isEmpty) { try json(text) }
            #expect(throws: SavedReader.Fault.isEmpty) { try json(text, form: "nvidia-smi-xml") }
        }
        for text in ["hello\n", "GPU\n"] {
            #expect(throws: SavedReader.Fault.isNotRecognized, "\(text)") { try json(text) }
            #expect(throws: SavedReader.Fault.isNot(form: "nvidia-smi-xml"), "\(text)") {
                try json(text, form: "nvidia-smi-xml")
            }
        }
        #expect(throws: SavedReader.Fault.unknownForm("nvidia")) { try json(list, form: "nvidia") }
    }

    @Test("a complaint of a tool is an answer")
    func complaint() throws {
        let said = try json("No devices were found\n")
        #expect(said["error"] == .string("no_devices") && said["devices"] == .array([]))
    }

    @Test(
        "a form that is named without reason crashes at nothing",
        arguments: SavedReader.hardware.forms.map(\.name))
    func mistaken(form: String) throws {
        let texts = [
            "", " ", "\r\n", "max", "-1", "7", "a b c\n", "-", ":", "| |", "{}", "[]", "<a", "\u{1B}[",
            "max max",
            "99999999999999999999 0\n", "-9223372036854775808\n", "0 0\n", ",\n,\n", "\u{FFFD}", "é: 1\n",
        ]
        for text in texts + [list, "+---+\n| 0 |\n+---+"] {
            do throws(SavedReader.Fault) {
                let said = try SavedReader.hardware.json(of: Array(text.utf8), form: form)
                #expect(throws: Never.self, "\(text.debugDescription)") { try JSON(said) }
            } catch {
                #expect(error == .isNot(form: form) || error == .isEmpty)
            }
        }
    }
}
