import Terminal
import Testing

struct TableTests {
    private let columns = [
        Table.Column("job", .right), Table.Column("name", isElastic: true), Table.Column("state"),
    ]

    @Test func `Columns are as wide as their widest field and numbers stand on the right`() {
        let table = Table(
            columns: columns,
            rows: [["7", "thumbnails", "running"], ["1200", "x", "failed"]])
        #expect(
            table.rendered(for: .plain) == """
                 job  name        state
                   7  thumbnails  running
                1200  x           failed

                """)
    }

    @Test func `No line ends with a blank, not even where the last fields are empty`() {
        let table = Table(columns: columns, rows: [["1", "a", ""], ["2", "", ""], ["3", "b", "ready"]])
        for line in table.rendered(for: .plain).split(separator: "\n") {
            #expect(!line.hasSuffix(" "))
        }
        #expect(table.rendered(for: .plain).contains("\n  2\n"))
    }

    @Test func `East Asian characters and emoji count two columns and combining marks none`() {
        let table = Table(
            columns: [Table.Column("name"), Table.Column("x")],
            rows: [["图像处理", "1"], ["e\u{301}tude", "2"], ["🚀", "3"], ["한국어", "4"]])
        #expect(
            table.rendered(for: .plain) == """
                name      x
                图像处理  1
                e\u{301}tude     2
                🚀        3
                한국어    4

                """)
    }

    @Test func `On a terminal elastic columns are cut until a row is one line`() {
        let device = TerminalDevice(isInteractive: true, width: 30, usesColor: false)
        let table = Table(
            columns: columns,
            rows: [["7", "a-very-long-name-of-a-job-that-does-not-fit", "running"]])
        let lines = table.rendered(for: device).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { DisplayWidth.of($0) <= 30 })
        #expect(lines[1] == "  7  a-very-long-nam…  running")
    }

    @Test func `In a pipe nothing is cut`() {
        let name = String(repeating: "n", count: 500)
        let table = Table(columns: columns, rows: [["7", Cell(name), "running"]])
        #expect(table.rendered(for: .plain).contains(name))
    }

    @Test func `Escape sequences and line ends in a field are shown and not obeyed`() {
        let table = Table(columns: [Table.Column("reason")], rows: [["\u{1B}[2Jboom\nnext\u{202E}"]])
        #expect(table.rendered(for: .plain) == "reason\n\\x1b[2Jboom\\nnext\\x202e\n")
    }

    @Test func `Colours appear on a device that has them and nowhere else`() {
        let table = Table(columns: [Table.Column("state")], rows: [[Cell("failed", .bad)]])
        let colored = TerminalDevice(isInteractive: true, width: 80, usesColor: true)
        #expect(table.rendered(for: colored) == "state\n\u{1B}[31mfailed\u{1B}[0m\n")
        #expect(!table.rendered(for: .plain).contains("\u{1B}"))
        #expect(
            !table.rendered(for: TerminalDevice(isInteractive: true, width: 80, usesColor: false))
                .contains("\u{1B}"))
    }

    @Test func `A text is cut between characters and never wider than asked`() {
        #expect(DisplayWidth.truncated("abcdef", to: 6) == "abcdef")
        #expect(DisplayWidth.truncated("abcdef", to: 4) == "abc…")
        #expect(DisplayWidth.truncated("图像处理", to: 4) == "图…")
        #expect(DisplayWidth.truncated("abc", to: 0) == "")
    }
}

struct DisplayTests {
    struct Thing: ListDisplayable, DetailDisplayable {
        var number: Int
        static let columns = [Table.Column("number", .right)]
        var cells: [Cell] { [Cell("\(number)")] }
        var details: [(name: String, value: Cell)] { [("number", Cell("\(number)")), ("colour", "red")] }
        var quietText: String { "\(number)" }
    }

    private func display(_ format: Display.Format, quiet: Bool = false) -> Display {
        Display(format: format, isQuiet: quiet, device: .plain)
    }

    @Test func `A list is a table, or names alone, or its JSON`() {
        let things = [Thing(number: 1), Thing(number: 20)]
        #expect(display(.table).text(list: things) { "[]" } == "number\n     1\n    20\n")
        #expect(display(.table, quiet: true).text(list: things) { "[]" } == "1\n20\n")
        #expect(display(.json).text(list: things) { "[1,20]" } == "[1,20]\n")
        #expect(display(.json, quiet: true).text(list: things) { "[1,20]" } == "[1,20]\n")
    }

    @Test func `One thing is names and values below each other`() {
        #expect(display(.table).text(details: Thing(number: 3)) { "{}" } == "number  3\ncolour  red\n")
        #expect(display(.table, quiet: true).text(details: Thing(number: 3)) { "{}" } == "3\n")
    }

    @Test func `An empty table is nothing, JSON is asked for only where it is printed`() {
        var asked = 0
        let text = display(.table).text(list: [Thing]()) {
            asked += 1
            return "[]"
        }
        #expect(text == "")
        #expect(asked == 0)
    }
}
