import ClusterTypes
import CoordinatorCore
import Testing

@testable import CoordinatorLaunchers

@Suite("Requests to a launcher program")
struct ExecRequestTests {
    private func text(_ request: ExecRequest) -> String {
        String(decoding: request.input(Launching.scope), as: UTF8.self)
    }

    private let common =
        #""cluster":"lab","cluster_tag":"1f3a9c20""#

    @Test func `A launch says everything that a node needs`() {
        let request = ExecRequest.launch(
            Launching.order(12, count: 3, lifetime: .seconds(3_600)), .agent(Launching.start))
        #expect(request.word == "launch")
        #expect(
            text(request)
                == #"{\#(common),"count":3,"join_token":"join-token-of-tests","launch":12,"#
                + #""launch_name":"mortise-1f3a9c20-cloud-12","lifetime_seconds":3600,"pool":"cloud","#
                + #""prefix":"mortise-1f3a9c20-cloud-","protocol":1}"# + "\n")
    }

    @Test func `A launch without an end names none`() {
        #expect(!text(.launch(Launching.order(), .agent(Launching.start))).contains("lifetime"))
    }

    @Test func `A scheduler's node is named in place of a token`() {
        let node = SchedulerNode("c1", address: "10.0.0.5")
        let object = text(.launch(Launching.order(), .schedulerNode(node)))
        #expect(object.contains(#""node":{"address":"10.0.0.5","name":"c1"}"#) && !object.contains("token"))
        #expect(
            text(.launch(Launching.order(), .schedulerNode(SchedulerNode("c1")))).contains(
                #""node":{"name":"c1"}"#))
        for host in ["c1", "10.0.0.5", "c1.cloud.example.org"] { #expect(node.isHost(host), "\(host)") }
        for host in ["c11", "c", "10.0.0.50", ""] { #expect(!node.isHost(host), "\(host)") }
    }

    @Test func `The others say who asks, and a release which`() {
        let rest = #""pool":"cloud","prefix":"mortise-1f3a9c20-cloud-","protocol":1}"# + "\n"
        #expect(text(.list) == "{\(common),\(rest)")
        #expect(text(.describe) == "{\(common),\(rest)")
        #expect(text(.release(["i-1", "i-2"])) == #"{\#(common),"names":["i-1","i-2"],\#(rest)"#)
        #expect([ExecRequest.list, .describe, .release([])].map(\.word) == ["list", "describe", "release"])
    }
}
