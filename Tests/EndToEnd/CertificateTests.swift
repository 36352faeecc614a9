import APITypes
import ClusterTypes
import Foundation
import TLSIdentity
import Testing

/// Case 10: certificates are renewed while the agent runs.
@Suite struct CertificateTests {
    @Test("An agent renews its certificate in time and connects by the new one when the first has expired")
    func renewal() async throws {
        try await TestCluster.run {
            $0.arguments = ["--certificate-seconds", "8"]
        } _: { cluster in
            let agent = try await cluster.startAgent("birch", "--log-level", "info")
            let identity = cluster.agentDirectory("birch") + "/identity"
            let first = try NodeCertificate(pem: readText(identity + "/node.pem"))
            // For later: the identity as it was.
            try FileManager.default.createDirectory(
                atPath: cluster.agentDirectory("late"), withIntermediateDirectories: false)
            try FileManager.default.copyItem(
                atPath: identity, toPath: cluster.agentDirectory("late") + "/identity")

            try await eventually("the first certificate has expired") {
                Date().timeIntervalSince1970 * 1e6 > Double(first.notAfter.microseconds)
            }
            let renewed = try await eventually("a newer certificate is kept") { () -> NodeCertificate? in
                let kept = try NodeCertificate(pem: readText(identity + "/node.pem"))
                return kept.notAfter > first.notAfter ? kept : nil
            }
            #expect(renewed.serial != first.serial && renewed.keyFingerprint == first.keyFingerprint)
            #expect(agent.errors.contains("the certificate is renewed"))
            #expect(!agent.errors.contains("not connected"), "\(agent.errors)")

            try await cluster.killCoordinator()
            try await cluster.startCoordinator()
            try await eventually("it connects by the new certificate") {
                agent.errors.components(separatedBy: "] connected\n").count > 2
            }
            try await cluster.waitForNode("birch", .ready)
            #expect(try await cluster.mortise("run", "--wait", "--", "true").status == 0)

            try await agent.killNow()
            let late = try await cluster.start(Programs.agent, try await cluster.agentArguments("late"))
            try await eventually("the expired certificate admits nobody") {
                late.errors.contains("not connected") && late.errors.contains("expired")
            }
            #expect(!late.errors.contains("] connected\n"))
        }
    }

    @Test("A renewed certificate that cannot be kept is asked for again until it is")
    func noRoom() async throws {
        try await TestCluster.run {
            $0.arguments = ["--certificate-seconds", "8"]
        } _: { cluster in
            let agent = try await cluster.startAgent("birch")
            let file = cluster.agentDirectory("birch") + "/identity/node.pem"
            // Nothing can be put in the place of a folder.
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
            try await eventually("the agent says so") {
                agent.errors.contains("cannot keep the renewed certificate")
            }
            try FileManager.default.removeItem(atPath: file)
            try await eventually("the certificate is kept") {
                FileManager.default.fileExists(atPath: file)
            }
            try await agent.killNow()
            try await cluster.startAgent("birch")
            #expect(try await cluster.mortise("run", "--wait", "--", "true").status == 0)
        }
    }
}
