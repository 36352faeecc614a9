import APITypes
import FoundationEssentials
import HTTPSClient
package import NIOCore
package import TLSIdentity

/// An agent's first step: its join token for a certificate of its own.
package enum Enrollment {
    /// Makes a key (or takes the one that is there), asks each API address in turn, and writes the identity.
    ///
    /// The key is kept before the first request: when an answer is lost, the next try names the same key and gets the
    /// same node.
    ///
    /// - Parameters:
    ///   - allocation: in which this agent runs, as its launcher calls it.
    ///   - directory: of the identity; made with mode 0700.
    ///   - timeout: for each address.
    /// - Returns: fails with `EnrollmentError`.
    package static func enroll(
        token: JoinToken, nodeName: String, allocation: String? = nil, directory: String,
        group: any EventLoopGroup, timeout: Duration = .seconds(30)
    ) -> EventLoopFuture<NodeIdentity> {
        let eventLoop = group.next()
        let files = NodeIdentityFiles(directory: directory)
        let attempt: Attempt
        do throws(IdentityError) {
            let key = try files.keyForEnrollment()
            attempt = Attempt(
                token: token, key: key, files: files,
                request: EnrollRequest(
                    secret: token.secret.text, nodeName: nodeName,
                    certificateRequest: try key.certificateRequestPEM(name: nodeName),
                    allocation: allocation), timeout: timeout)
        } catch {
            return eventLoop.makeFailedFuture(EnrollmentError(error))
        }
        return attempt.run(on: eventLoop, urls: token.apiURLs[...], failures: [])
    }
}

/// Why a node could not enroll.
package struct EnrollmentError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Of the coordinator's answer (`token_invalid` …), of the connection or of the files: stable.
    package let code: String
    package let message: String
    /// The same token may succeed later: nobody has said no.
    package let mayRetry: Bool

    package init(code: String, message: String, mayRetry: Bool) {
        self.code = code
        self.message = message
        self.mayRetry = mayRetry
    }

    init(_ error: IdentityError) {
        self.init(code: error.code.rawValue, message: error.message, mayRetry: false)
    }

    package var description: String { message }
}

private struct Attempt: Sendable {
    let token: JoinToken
    let key: NodeKey
    let files: NodeIdentityFiles
    let request: EnrollRequest
    let timeout: Duration

    /// The next address is asked only where one gave no answer; a no is a no.
    func run(
        on eventLoop: any EventLoop, urls: ArraySlice<String>, failures: [EnrollmentError]
    ) -> EventLoopFuture<NodeIdentity> {
        guard let url = urls.first else {
            let message = failures.map(\.message).joined(separator: " ")
            return eventLoop.makeFailedFuture(
                EnrollmentError(
                    code: failures.first?.code ?? "invalid", message: "Enrollment failed. \(message)",
                    mayRetry: failures.contains { $0.mayRetry }))
        }
        return ask(url, on: eventLoop).flatMapError { error in
            let failure =
                (error as? EnrollmentError)
                ?? EnrollmentError(code: "invalid", message: "\(error)", mayRetry: false)
            guard failure.mayRetry else { return eventLoop.makeFailedFuture(failure) }
            return run(on: eventLoop, urls: urls.dropFirst(), failures: failures + [failure])
        }
    }

    private func ask(_ url: String, on eventLoop: any EventLoop) -> EventLoopFuture<NodeIdentity> {
        let client: HTTPSClient
        let body: [UInt8]
        do {
            guard let endpoint = HTTPSEndpoint(url: url) else {
                throw EnrollmentError(
                    code: "invalid", message: "The token's address '\(url)' is not https://HOST:PORT.",
                    mayRetry: true)
            }
            client = try HTTPSClient(group: eventLoop, endpoint: endpoint, trustRootsPEM: token.authorityPEM)
            body = Array(try JSONEncoder().encode(request))
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
        let request = HTTPSRequest(
            method: "POST", path: "/v1/enroll", headers: [("Content-Type", "application/json")], body: body,
            timeout: timeout)
        return client.send(request)
            .flatMapErrorThrowing { error in throw explain(error) }
            .flatMapThrowing { try keep($0, from: client.endpoint) }
            .always { _ in _ = client.close() }
    }

    private func explain(_ error: any Error) -> EnrollmentError {
        guard let error = error as? HTTPSError else {
            return EnrollmentError(code: "invalid", message: "\(error)", mayRetry: true)
        }
        return EnrollmentError(code: error.code.rawValue, message: error.message, mayRetry: true)
    }

    private func keep(_ response: HTTPSResponse, from endpoint: HTTPSEndpoint) throws -> NodeIdentity {
        let data = Data(response.body)
        guard response.isSuccess else {
            let answer = try? JSONDecoder().decode(ErrorBody.self, from: data)
            throw EnrollmentError(
                code: answer?.code ?? "status_\(response.status)",
                message: answer?.message
                    ?? "\(endpoint) answers \(response.status) to the enrollment. Check that it is a coordinator's "
                    + "API.",
                mayRetry: response.status >= 500 || response.status == 429)
        }
        guard let answer = try? JSONDecoder().decode(EnrollAnswer.self, from: data) else {
            throw EnrollmentError(
                code: "malformed",
                message:
                    "\(endpoint) gave an answer to the enrollment that cannot be read. Check the versions.",
                mayRetry: false)
        }
        guard answer.cluster == token.cluster, !answer.agentEndpoints.isEmpty else {
            throw EnrollmentError(
                code: "malformed",
                message:
                    "\(endpoint) answers for cluster '\(answer.cluster)' with \(answer.agentEndpoints.count) "
                    + "addresses; the token is for cluster '\(token.cluster)'.",
                mayRetry: false)
        }
        do throws(IdentityError) {
            let identity = try NodeIdentity(
                node: answer.node, cluster: answer.cluster, agentEndpoints: answer.agentEndpoints,
                apiURLs: token.apiURLs, key: key, certificatePEM: answer.certificate,
                authorityPEM: token.authorityPEM)
            try files.store(identity)
            return identity
        } catch {
            throw EnrollmentError(error)
        }
    }
}
