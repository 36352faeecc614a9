import APITypes
import ArgumentParser
import Foundation
import HTTPSClient
import Platform

struct StepDownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step-down",
        abstract: "Let the coordinator that leads hand over to one that stands by.",
        discussion: """
            It finishes what is under way, then stands by itself; running slots do not notice. Where nobody takes over
            within five seconds, it leads again.

            Example, before the head node is updated:
              mortise-coordinator step-down && systemctl restart mortise-coordinator
            """)

    @OptionGroup var place: DirectoryOption

    func run() async throws {
        let client = try place.location.client()
        let coordinators = try place.location.coordinators(of: client)
        let leader = try await place.location.leader(of: client)
        let start = ContinuousClock.now
        let _: StatusView = try await OnlineAccess(client: leader, token: client.token)
            .call("POST", "/v1/cluster/step-down")
        while ContinuousClock.now - start < .seconds(30) {
            for next in coordinators where await next.leads {
                // It may not have begun to end yet.
                if next.endpoint == leader.endpoint, ContinuousClock.now - start < .seconds(5) { continue }
                return report(next, leader, ContinuousClock.now - start)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Failure(
            "The coordinator at \(leader.endpoint) has stepped down, and none of \(client.urls.joined(separator: ", "))"
                + " leads after 30 s: look at their logs.")
    }

    private func report(_ next: HTTPSClient, _ leader: HTTPSClient, _ time: Duration) {
        let seconds = String(
            format: "%.2f", Double(time.components.attoseconds) / 1e18 + Double(time.components.seconds))
        if next.endpoint == leader.endpoint {
            print("Nobody took over: \(next.endpoint) leads again, after \(seconds) s.")
        } else {
            print("\(next.endpoint) leads, after \(seconds) s.")
        }
    }
}
