import Testing

@Suite struct ScenarioTests {
    /// With MORTISE_UPDATE_SCENARIOS=1 the traces are rewritten: read the difference before it is committed.
    @Test("both machines do exactly what the scenario says", arguments: ScenarioFiles.names)
    func scenario(_ name: String) throws {
        let text = try ScenarioFiles.read(name)
        let scenario = try Scenario(parsing: text)
        let result = try scenario.run()
        if ScenarioFiles.isUpdating {
            if result.text != text { try ScenarioFiles.write(result.text, to: name) }
            return
        }
        for (wanted, got) in zip(scenario.parts, result.parts) {
            guard case .block(let wanted) = wanted, case .block(let got) = got else { continue }
            let difference = Self.difference(wanted.expected, got.expected)
            #expect(
                wanted.expected == got.expected,
                "\(name), line \(wanted.line) (\(wanted.commands.joined(separator: "; "))):\n\(difference)")
        }
    }

    @Test("there are scenarios to run") func folderIsFound() {
        #expect(ScenarioFiles.names.count > 20)
    }

    @Test("a scenario that is read and written is the same text", arguments: ScenarioFiles.names)
    func roundTrip(_ name: String) throws {
        let text = try ScenarioFiles.read(name)
        #expect(try Scenario(parsing: text).text == text)
    }

    private static func difference(_ wanted: [String], _ got: [String]) -> String {
        var lines: [String] = []
        let changes = got.difference(from: wanted)
        for change in changes {
            switch change {
            case .remove(let offset, let line, _): lines.append("  - \(offset + 1): \(line)")
            case .insert(let offset, let line, _): lines.append("  + \(offset + 1): \(line)")
            }
        }
        return lines.joined(separator: "\n")
    }
}
