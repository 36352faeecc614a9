import ClusterTypes
import Testing

/// What the metadata service of a cloud says, where it is asked for.
@Suite struct CloudTests {
    @Test("The instance becomes labels that jobs ask for, and nothing is asked without --cloud")
    func labels() async throws {
        try await TestCluster.run { cluster in
            let service = try await MetadataService.start()
            let place = ["--cloud-endpoint", service.endpoint]
            let silent = try await cluster.run(
                Programs.agent, ["status", "--no-tools", "--json", "--probe"] + place)
            #expect(silent.status == 0 && !silent.output.contains("\"cloud\""), "\(silent)")
            let table = try await cluster.run(
                Programs.agent, ["status", "--no-tools", "--probe", "--cloud"] + place)
            #expect(table.output.contains("aws, i-0a, p4d.24xlarge, us-east-1a, spot"), "\(table)")

            try await cluster.startAgent(
                "birch", "--cloud", "--cloud-endpoint", service.endpoint, "--label", "cloud-zone=mine")
            try await cluster.waitForNode("birch", .ready)
            let result = try await cluster.mortise(
                "run", "--wait", "--label", "cloud-type=p4d.24xlarge", "--label", "cloud-zone=mine",
                "--label",
                "cloud-spot=true", "--", "true")
            #expect(result.status == 0, "\(result)")
            try await service.stop()

            // It boots still, and hangs up four times.
            let late = try await MetadataService.start(silences: 4)
            let patient = try await cluster.run(
                Programs.agent,
                ["status", "--no-tools", "--probe", "--cloud", "--cloud-endpoint", late.endpoint])
            #expect(patient.output.contains("aws, i-0a, p4d.24xlarge"), "\(patient)")
            try await late.stop()

            // Nobody is there: the machine is shown all the same.
            let alone = try await cluster.run(
                Programs.agent, ["status", "--no-tools", "--json", "--probe", "--cloud"] + place)
            #expect(alone.status == 0 && !alone.output.contains("\"cloud\""), "\(alone)")
            let wrong = try await cluster.run(
                Programs.agent, ["status", "--cloud", "--cloud-endpoint", "nowhere"])
            #expect(wrong.status == 64 && wrong.errors.contains("HOST:PORT"), "\(wrong)")
        }
    }
}
