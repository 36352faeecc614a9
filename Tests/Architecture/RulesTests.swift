import Testing

/// A rule that finds nothing must be able to find something.
@Suite struct RulesTests {
    @Test func commentsAndStringsAreNoCode() {
        let source = SourceText(
            """
            let a = "try! \\(b["as!"]) x" // try!
            /* try! /* as! */ try! */ let c = try! d
            let e = #"a " try! "# + f
            let g = \"""
                try! " as!
                \"""
            let h = "it's \\"try!\\"" + i
            """)
        #expect(Rules.forcedOperations(in: source) == ["2: /* try! /* as! */ try! */ let c = try! d"])
        #expect(source.code.count == 7)
        #expect(source.code[2].hasSuffix("+ f"))
        #expect(source.code[6].hasSuffix("+ i"))
    }

    @Test func importsOfEveryFormAreFound() {
        let source = SourceText(
            """
            import A
            package import B
            @testable import C
            @preconcurrency package import D
            internal import struct E.F
            // import G
            """)
        #expect(Rules.imports(of: source) == ["A", "B", "C", "D", "E"])
    }

    @Test func foundationAsAFallbackIsNoImport() {
        let fallback =
            "#if canImport(FoundationEssentials)\n    package import FoundationEssentials\n#else\n"
            + "    package import Foundation\n#endif\nimport A\n"
        #expect(Rules.importsBesidesFallbacks(of: fallback) == ["FoundationEssentials", "A"])
        #expect(
            Rules.importsBesidesFallbacks(of: "#if os(Linux)\nimport Foundation\n#endif") == ["Foundation"])
    }

    @Test(arguments: [
        "func f() async {", "let x = await y", "let now = Date()", "Int.random(in: 0...3)", "list.shuffled()",
        "Task { }", "print(x)", "let h = x.hashValue", "ContinuousClock.now",
    ])
    func anImpurityIsFound(line: String) {
        #expect(Rules.impurities(of: SourceText(line)).count == 1)
    }

    @Test(arguments: [
        "Int.random(in: 0...3, using: &random)", "// await", "let text = \"async\"", "case .print: x",
        "let dateline = 1",
        "func move(async: Int)", "TaskIndex(3)",
    ])
    func whatIsPureIsLeftAlone(line: String) {
        #expect(Rules.impurities(of: SourceText(line)) == [])
    }

    @Test(arguments: [
        "var nodes: [NodeID: Node] = [:]\nfor (id, node) in nodes {", "var nodes = [:]\nlet x = nodes.values",
        "let seen: Set<Int> = []\nfor id in seen where id > 1 {",
        "var nodes = [NodeID: Int]()\nnodes.keys.map { $0 }",
        "private var nodes: [NodeID: Node]\nself.nodes.forEach { _ in }",
        "let nodes = Set(list)\nfor id in self.nodes {",
    ])
    func iterationOverADictionaryOrSetIsFound(source: String) {
        #expect(Rules.unorderedIterations(of: [SourceText(source)]).count == 1, "\(source)")
    }

    @Test(arguments: [
        "var nodes: [NodeID: Node] = [:]\nlet x = nodes[id]", "var nodes: [Node] = []\nfor node in nodes {",
        "var nodes: OrderedTable<Int, Int>\nfor key in nodes.keys {",
        "var nodes: [NodeID: Node] = [:]\n// order-free: a sum\nlet x = nodes.values.reduce(0, +)",
    ])
    func orderedIterationIsLeftAlone(source: String) {
        #expect(Rules.unorderedIterations(of: [SourceText(source)]) == [], "\(source)")
    }

    @Test func heavyFoundationIsFound() {
        let source = SourceText(
            "let a = String(format: b)\nlet c = NSLock()\nlet d = ProcessReport(e)\nlet f = Process()")
        #expect(Rules.heavyFoundation(in: source).count == 3)
    }

    @Test func pathsOfOnePersonsMachineAreFound() {
        let home = "/ho" + "me/"
        let text =
            "see \(home)carol/x\nsee \(home)alice/x\nsee \(home)NAME\nsee /Us"
            + "ers/carol\nin /a/b/c\nin /opt"
        #expect(Rules.personalPaths(in: text, checkout: "/a/b").count == 3)
        #expect(Rules.personalPaths(in: text, checkout: "/opt").count == 2)
    }

    @Test func theManifestIsRead() throws {
        let manifest = try Manifest(
            """
            func pure(_ name: String, _ path: String) {}
            pure("A", "Sources/A"),
            shell(
                "B", "agent/B", ["A", .nioCore], exclude: ["x"]),
            program("c", "agent/Main", ["B"]), tests("T", "x", ["A"]),
            .target(name: "D", path: "Sources/D"),
            """)
        #expect(manifest.modules.map(\.name) == ["A", "B", "c", "T"])
        #expect(manifest.modules.map(\.folder) == ["Sources/A", "agent/B", "agent/Main", "Tests/x"])
        #expect(manifest.modules[1].dependencies == ["A"])
        #expect(manifest.closure(of: "c").map(\.name) == ["c", "B", "A"])
        #expect(manifest.otherFolders == ["Sources/D"])
    }
}
