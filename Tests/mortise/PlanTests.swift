import APITypes
import ArgumentParser
import ClusterTypes
import HTTPSClient
import JobFile
import YAMLSections
import Terminal
import Testing

@testable import mortise

struct PlanTests {
    private func place(
        _ node: UInt64, _ devices: [DeviceGrant] = [], alternative: UInt32 = 0
    ) -> PlanView.Place {
        PlanView.Place(
            node: NodeID(node), nodeName: "n\(node)", devices: devices, alternative: alternative)
    }

    private let table = Display(format: .table, isQuiet: false, device: .plain)

    @Test func `Equal nodes of a plan are one line, and what would wait is told with its reasons`() throws {
        let half = [DeviceGrant(device: 1, shares: 500)]
        let view = PlanView(
            places: [
                place(1, half), place(1, half), place(2, half), place(3, half), place(2, half),
                place(4, alternative: 1), place(5, alternative: 1), place(6, alternative: 1),
                place(7, alternative: 1), place(3, alternative: 1),
            ], waiting: 3,
            reasons: ["of 7 nodes that take work, 7 lack free CPUs", "alternative 1: all\u{1b}"])
        #expect(
            try PlanDisplay(view: view).text(table) == """
                nodes  names                  slots each  devices  request
                    2  n1, n2                          2  1        resources
                    1  n3                              1  1 (0.5)  resources
                    5  n4, n5, n6 and 2 more           1  -        alternative 1
                10 slots would have a place now, on 7 nodes.
                3 slots would wait:
                  of 7 nodes that take work, 7 lack free CPUs
                  alternative 1: all\\x1b

                """)
        let quiet = Display(format: .table, isQuiet: true, device: .plain)
        #expect(try PlanDisplay(view: view).text(quiet) == "n1\nn2\nn3\nn4\nn5\nn6\nn7\n")
        let json = Display(format: .json, isQuiet: false, device: .plain)
        let text = try PlanDisplay(view: view).text(json)
        #expect(try JSONText.decode(PlanView.self, from: Array(text.utf8)) == view)
    }

    @Test func `A plan without any place says so`() throws {
        let view = PlanView(places: [], waiting: 1, reasons: ["no node takes work now"])
        #expect(
            try PlanDisplay(view: view).text(table) == """
                0 slots would have a place now.
                1 slot would wait:
                  no node takes work now

                """)
    }

    @Test func `Moves are a table with the device that each helps to make whole`() throws {
        let move = MovesView.Move(
            slot: SlotID(40), job: JobID(12), to: "n2", devices: [DeviceGrant(device: 0, shares: 250)])
        let freed = MovesView.FreedDevice(nodeName: "n1", device: 3, moves: [move])
        let view = MovesView(freed: [freed], wholeDevices: 1)
        #expect(
            try MovesDisplay(view: view).text(table) == """
                job  slot  from  to  devices there  makes whole
                 12    40  n1    n2  0 (0.25)       device 3
                1 device is whole now; with these moves there would be 1 more. Nothing is moved.

                """)
        #expect(
            try MovesDisplay(view: MovesView(freed: [], wholeDevices: 2)).text(table)
                == "2 devices are whole now; no move would make more of them whole.\n")
    }

    private func request(_ text: String) throws -> PlanRequest {
        try Plan.request(
            for: JobFileReader.parse(text, file: "job.yaml"), common: CommonOptions.parse(["--quiet"]))
    }

    @Test func `Of tasks only their number is sent`() throws {
        let listed = try request("job: a\ncommand: [run, '{}']\ntasks: { list: [x, y, z] }")
        #expect(listed.tasks == 3 && listed.specification.kind == .tasks)
        #expect(try request("job: a\ncommand: [run, '{}']\ntasks: { array: 1-9 }").tasks == nil)
        #expect(
            try request("job: a\ncommand: [run, '{}']\ntasks: { list: [x], open: true }").tasks == nil)
        #expect(try request("job: a\ncommand: [run]").tasks == nil)
    }

    @Test func `A file without tasks plans nothing`() {
        #expect(throws: CommandFailure(.invalidInput, "There are no tasks: there is nothing to plan.")) {
            try request("job: a\ncommand: [run, '{}']\ntasks: { list: [] }")
        }
    }

    @Test func `The routes are asked for what was said`() async throws {
        let plan = PlanView(places: [place(1)])
        let transport = ScriptedTransport { request, _ in
            request.method == "POST"
                ? try .json(plan) : try .json(MovesView(freed: [], wholeDevices: 0))
        }
        let client = APIClient(transport: transport, token: "t")
        let request = try request("job: a\ncommand: [run]")
        #expect(try await client.plan(request) == plan)
        _ = try await client.moves()
        #expect(transport.lines == ["POST /v1/plan", "GET /v1/moves"])
        #expect(try transport.requests[0].decoded(PlanRequest.self) == request)
    }

    @Test func `Nothing is moved, and who asks for it is told what can be done`() throws {
        do {
            _ = try Mortise.parseAsRoot(["defrag"])
            Issue.record("it was taken")
        } catch {
            let message = Mortise.message(for: error)
            #expect(
                message.contains("moves no slot by itself") && message.contains("mortise node drain NODE"))
            #expect(Mortise.exitCode(for: error).rawValue == CommandStatus.usage.rawValue)
        }
        let command = try #require(try Mortise.parseAsRoot(["defrag", "--dry-run", "--json"]) as? Defrag)
        #expect(command.json)
        #expect(try Mortise.parseAsRoot(["plan", "job.yaml", "--json"]) is Plan)
        #expect(try Mortise.parseAsRoot(["explain", "slot", "40"]) is ExplainSlot)
        #expect(throws: (any Error).self) { try Mortise.parseAsRoot(["explain", "slot", "first"]) }
    }
}
