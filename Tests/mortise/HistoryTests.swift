import APITypes
import ArgumentParser
import ClusterTypes
import Terminal
import Testing

@testable import mortise

struct HistoryTests {
    private let view = NodeHistoryView(
        node: NodeID(3), name: "n1", from: "2026-07-01T09:00:00.000000Z", stepSeconds: 60, steps: 4,
        series: [
            HistorySeriesView(
                name: "processorPermille", mean: [0, 500, nil, 1_000], maximum: [0, 900, nil, 1_000]),
            HistorySeriesView(name: "powerMilliwatts", device: 0, mean: [70_100, 70_100, 70_100, 300_000]),
            HistorySeriesView(name: "uncorrectedErrors", device: 1, maximum: [0, 0, 1, 1]),
        ])

    @Test func `A history is a line with a curve for each series`() {
        #expect(
            HistoryDisplay(view: view).table(for: .plain) == """
                n1, 2026-07-01 09:00:00 UTC to 2026-07-01 09:04:00 UTC, a value each 1m00s
                of        series              least     mean   most   last  curve
                node      processor             0 %     50 %  100 %  100 %  ▁▄ █
                device 0  power              70.1 W  127.5 W  300 W  300 W  ▂▂▂█
                device 1  uncorrectedErrors       0        1      1      1  ▁▁██

                """)
        var empty = view
        empty.series = []
        #expect(HistoryDisplay(view: empty).table(for: .plain) == "")
    }

    @Test func `Other programs get a line for each step`() {
        #expect(
            HistoryDisplay(view: view).csv == """
                time,processorPermille,processorPermille.max,device0.powerMilliwatts,device1.uncorrectedErrors.max
                2026-07-01T09:00:00Z,0,0,70100,0
                2026-07-01T09:01:00Z,500,900,70100,0
                2026-07-01T09:02:00Z,,,70100,1
                2026-07-01T09:03:00Z,1000,1000,300000,1

                """)
    }

    @Test func `A curve keeps its peaks when it is narrower than its values`() {
        let values = (0..<100).map { $0 == 37 ? 70 as Int64? : 0 }
        #expect(HistoryDisplay.curve(values, width: 10) == "▁▁▁█▁▁▁▁▁▁")
        #expect(HistoryDisplay.curve([], width: 10) == "")
        #expect(HistoryDisplay.curve([nil, nil], width: 10) == "  ")
    }

    @Test func `Usage is a table in hours`() {
        let view = UsageView(
            user: "ada", job: JobID(12), resource: "NVIDIA H100", bookedSeconds: 36_000, idleSeconds: 27_000,
            unknownSeconds: 360, usedSeconds: 4_320, nonidleUtilizationPercent: 50)
        let display = Display(format: .table, isQuiet: false, device: .plain)
        #expect(
            display.text(list: [UsageDisplay(view: view)]) { "" } == """
                user  job  resource     booked  idle  idle%  unknown  used  nonidle%
                ada    12  NVIDIA H100   10.0h  7.5h   75.0     0.1h  1.2h      50.0

                """)
    }

    @Test func `The routes are asked for what was said`() async throws {
        let transport = ScriptedTransport { _, position in
            position == 0 ? try .json(view) : try .json(Page<UsageView>(items: [], revision: 1))
        }
        let client = APIClient(transport: transport, token: "t")
        _ = try await client.history(
            of: "n1", from: .epoch, until: nil, stepSeconds: 60, series: "loadMilli,runningSlots")
        _ = try await client.usage(
            by: .user, job: nil, user: "ada", from: .epoch, until: Instant(microseconds: 1_000_000), limit: 5)
        #expect(
            transport.lines == [
                "GET /v1/nodes/n1/history?from=1970-01-01T00%3A00%3A00.000000Z&step=60&series=loadMilli%2CrunningSlots",
                "GET /v1/usage?by=user&user=ada&from=1970-01-01T00%3A00%3A00.000000Z"
                    + "&until=1970-01-01T00%3A00%3A01.000000Z&limit=5",
            ])
    }

    @Test(arguments: [
        ["node", "history", "n1", "--since", "soon"], ["node", "history", "n1", "--csv", "--json"],
        ["node", "history", "n1", "--since", "1h", "--until", "2h"], ["job", "usage", "--by", "pool"],
        ["job", "usage", "--limit", "0"], ["job", "usage", "x"],
    ])
    func `Wrong options are refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { try Mortise.parseAsRoot(arguments) }
    }

    @Test func `Times are understood`() throws {
        let command = try #require(
            try Mortise.parseAsRoot(["node", "history", "n1", "--since", "1d", "--step", "1h30m"])
                as? NodeHistory)
        #expect(command.since.seconds == 86_400 && command.step?.seconds == 5_400)
        #expect(TimeSpan(seconds: 31 * 86_400).defaultValueDescription == "31d")
    }
}
