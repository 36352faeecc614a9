import Testing

@testable import TextForms

@Suite("JSON of tools")
struct JSONValueTests {
    private func read(_ text: String) -> JSONValue? { JSONReader.document(text)?.value }

    @Test("values of all kinds are read")
    func kinds() throws {
        let text = #"{"A b (C)": [1, -2.5, 1e3, true, null, NaN], "s": "x\"\\\u00e9\ud83d\ude00\n"}"# + "\n"
        let (value, isComplete) = try #require(JSONReader.document(text))
        #expect(isComplete)
        #expect(
            value.at("abc")
                == .array([.number(1), .number(-2.5), .number(1_000), .boolean(true), .null, .null]))
        #expect(value.at("s") == .string("x\"\\é😀 "))
    }

    @Test("a scalar is text without an exponent, and what is not known is none")
    func scalars() {
        let text =
            #"{"n": 34342961152, "f": 96.66, "e": 1e30, "u": {"value": 10, "unit": "W"}, "x": "N/A"}"# + "\n"
        let value = read(text)
        #expect(value?.at("n")?.text == "34342961152")
        #expect(value?.at("f")?.text == "96.66")
        #expect(value?.at("e")?.text == nil)
        #expect(value?.at("u")?.text == "10 W")
        #expect(value?.at("x")?.text == nil)
        #expect(read("{\"u\": {\"value\": \"N/A\", \"unit\": \"W\"}}\n")?.at("u")?.text == nil)
    }

    @Test("warnings before it and a prompt behind it do not matter")
    func surroundings() {
        let text = "[WARN] no groups\n{not json}\n  {\"gpu\": 0}\r\n$ exit\n"
        #expect(read(text) == .object([JSONValue.Member("gpu", .number(0))]))
        #expect(read("no JSON at all") == nil)
        #expect(read("[]\n") == nil)
    }

    @Test("a text that is cut gives what was whole, and no half of a number or a word")
    func cut() throws {
        let text = "{\"a\": {\"b\": 12, \"c\": 345"
        let (value, isComplete) = try #require(JSONReader.document(text))
        #expect(!isComplete)
        #expect(value.at("a") == .object([JSONValue.Member("b", .number(12))]))
        #expect(read("{\"a\": 1, \"b\": \"hal")?.members == [JSONValue.Member("a", .number(1))])
        #expect(read("{\"a\": 1, \"b\": tru")?.members == [JSONValue.Member("a", .number(1))])
    }

    @Test("elements of an array whose beginning is cut off are still a list")
    func cutHead() throws {
        let (value, isComplete) = try #require(
            JSONReader.document("  \"x\": 1 },\n{\"gpu\": 1},\n{\"gpu\": 2}\n]\n"))
        #expect(!isComplete)
        #expect(value.elements.map { $0.at("gpu")?.text } == ["1", "2"])
    }

    @Test("deep, wide and broken texts end")
    func hostile() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(JSONReader.document(deep)?.isComplete != true)
        let wide = "[" + String(repeating: "[],", count: 300_000) + "[]]\n"
        #expect(JSONReader.document(wide)?.isComplete == false)
        for text in [
            "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,,2]", "{\"\\u12\": 1}", "{\"\\ud800x\": 1}", "{1:2}",
        ] {
            #expect(JSONReader.document(text + "\n")?.isComplete != true || text.contains("\\u"), "\(text)")
        }
    }

    @Test("indented lines hang below the line that is indented less")
    func indented() {
        let root = IndentedText.parse(
            """
            Driver Version   : 1.2
            GPU: 0
                Memory
                    Total    : 5 MiB
                Bus 0000:01:00.0
            GPU: 1
            """)
        #expect(root.at("driverversion")?.text == "1.2")
        #expect(root.at("gpu", "memory", "total")?.text == "5 MiB")
        #expect(root.at("gpu")?.text == "0")
        #expect(root.at("gpu", "bus0000010") == nil)
        #expect(root.members.map(\.name) == ["driverversion", "gpu", "gpu"])
        let deep = (0..<2_000).map { String(repeating: " ", count: $0) + "x" }.joined(separator: "\n")
        #expect(!IndentedText.parse(deep).members.isEmpty)
    }
}
