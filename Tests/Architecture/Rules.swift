// Unicode's own word boundaries, the default, see none in `a.b`: every pattern asks for the simple ones.

/// The rules of the sources, each a function from a text to its faults, so that each can be shown to find one.
enum Rules {
    /// The modules that a source imports.
    static func imports(of source: SourceText) -> [String] {
        let pattern =
            /^\s*(?:@\w+(?:\(\w+\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+(?:(?:struct|class|enum|func|protocol|typealias|let|var)\s+)?(\w+)/
        return source.code.compactMap { $0.firstMatch(of: pattern).map { String($0.output.1) } }
    }

    /// As above, without `import Foundation` where it only stands in for a missing FoundationEssentials.
    static func importsBesidesFallbacks(of text: String) -> [String] {
        let fallback =
            /#if canImport\(FoundationEssentials\)\s+(?:\w+ )?import FoundationEssentials\s+#else\s+(?:\w+ )?import Foundation\s+#endif/
        return imports(of: SourceText(text.replacing(fallback, with: "import FoundationEssentials")))
    }

    /// Clock, chance, suspension and output have no place in a pure module.
    static func impurities(of source: SourceText) -> [String] {
        let words =
            /\b(?:async|await|Task|actor|print|debugPrint|Hasher|SystemRandomNumberGenerator|ContinuousClock|SuspendingClock|Date|UUID|ProcessInfo|Thread)\b(?!:)|\.hashValue\b/
            .wordBoundaryKind(.simple)
        let chance = /\.(?:random|randomElement|shuffle|shuffled)\((?!.*using:)/
        return source.lines(matching: words).filter { !isName($0) } + source.lines(matching: chance)
    }

    /// `case .print`, `.Task` and the like are names of our own.
    private static func isName(_ line: String) -> Bool {
        line.contains(
            /(?:\.|case |func |var |let )(?:async|await|Task|actor|print|Date|Thread)\b/.wordBoundaryKind(
                .simple))
    }

    /// Iteration over what is declared as a Dictionary or Set in the same sources: its order differs per process.
    ///
    /// A heuristic: it knows names, not types. Where the order cannot show (`allSatisfy`, a sum), the line, or the
    /// one before it, says so with a comment that begins with `order-free`.
    static func unorderedIterations(of sources: [SourceText]) -> [String] {
        let declaration =
            /\b(?:var|let)\s+(\w+)\s*(?::\s*\[[^\[\]()]+:[^\[\]]|:\s*(?:Set|Dictionary)<|=\s*\[[^\[\]()]+:[^\[\]]+\]\(\)|=\s*\[:\]|=\s*(?:Set|Dictionary)(?:<[^(]*>)?\()/
            .wordBoundaryKind(.simple)
        let names = Set(
            sources.flatMap { source in
                source.code.flatMap { $0.matches(of: declaration).map { String($0.output.1) } }
            })
        let loop =
            /\bfor\s+(?:case\s+)?(?:\([^)]*\)|\w+|let \w+)\s+in\s+(?:self\.)?((?:\w+\.)*\w+)\s*(?:\{|where\b)/
            .wordBoundaryKind(.simple)
        let walk =
            /\b(\w+)\.(?:values|keys|map|compactMap|flatMap|forEach|reduce|first|popFirst|randomElement|enumerated|lazy)\b/
            .wordBoundaryKind(.simple)
        return sources.flatMap { source in
            source.code.indices.filter { line in
                let code = source.code[line]
                let looped = code.matches(of: loop).compactMap {
                    $0.output.1.split(separator: ".").last.map(String.init)
                }
                let walked = code.matches(of: walk).map { String($0.output.1) }
                guard (looped + walked).contains(where: names.contains) else { return false }
                let marked = [line - 1, line].filter { $0 >= 0 }
                return !marked.contains { source.original[$0].contains("// order-free") }
            }.map { "\($0 + 1): \(source.original[$0])" }
        }
    }

    /// What links Foundation's large parts (locales and their data) into the agent.
    static func heavyFoundation(in source: SourceText) -> [String] {
        source.lines(
            matching: /\bString\(format:|\bDateFormatter\b|\bFileHandle\b|\bNSLock\b|\bProcess\(/
                .wordBoundaryKind(.simple))
    }

    static func forcedOperations(in source: SourceText) -> [String] {
        source.lines(matching: /\btry!|\bas!/.wordBoundaryKind(.simple))
    }

    /// Paths of one person's machine. Examples use `ada`, `alice`, `user` or a word in capitals.
    static func personalPaths(in text: String, checkout: String) -> [String] {
        let pattern = /\/Users\/[a-z]|\/home\/(?!ada\b|alice\b|user\b)[a-z]|\/work\/(?:main|wt|shared)\b/
            .wordBoundaryKind(.simple)
        return text.split(separator: "\n").filter {
            $0.contains(pattern) || (checkout.split(separator: "/").count > 1 && $0.contains(checkout))
        }.map(String.init)
    }
}
