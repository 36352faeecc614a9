import APITypes
import CoordinatorStore
import Foundation
import HTTPSClient
import NIOCore
import NIOPosix
import TLSIdentity

/// A store that no coordinator runs on.
struct OfflineAccess {
    let directory: CoordinatorDirectory
    let settings: CoordinatorSettings
    let store: any Store
}

/// The running coordinator, by its own administrator's token.
struct OnlineAccess {
    let client: HTTPSClient
    let token: String

    func call<Answer: Decodable>(
        _ method: String, _ path: String, body: (some Encodable)? = String?.none
    ) async throws -> Answer {
        var request = HTTPSRequest(method: method, path: path)
        request.headers = [("Authorization", "Bearer \(token)")]
        if let body {
            request.headers.append(("Content-Type", "application/json"))
            request.body = Array(try JSONEncoder().encode(body))
        }
        let response = try await client.send(request).get()
        guard (200..<300).contains(response.status) else {
            let error = try? JSONDecoder().decode(ErrorBody.self, from: Data(response.body))
            throw Failure(error.map { "\($0.code): \($0.message)" } ?? "The API answered \(response.status).")
        }
        return try JSONDecoder().decode(Answer.self, from: Data(response.body))
    }
}

extension CoordinatorDirectory {
    /// Works on the store itself where no coordinator runs, else through the API of the one that does: the same
    /// machine decides in both.
    func access<Answer>(
        online: (OnlineAccess) async throws -> Answer, offline: (OfflineAccess) async throws -> Answer
    ) async throws -> Answer {
        let settings = try settings()
        do {
            let store = try openStore(settings.store)
            defer { try? store.close() }
            return try await offline(OfflineAccess(directory: self, settings: settings, store: store))
        } catch let error as StoreError where error.code == .inUse {
            let client = try client()
            return try await online(OnlineAccess(client: try await leader(of: client), token: client.token))
        }
    }

    /// All that the file names.
    func coordinators(of client: ClientConfiguration) throws -> [HTTPSClient] {
        let authority = try authority().certificatePEM
        let all = try client.urls.compactMap { HTTPSEndpoint(url: $0) }.map {
            try HTTPSClient(
                group: MultiThreadedEventLoopGroup.singleton, endpoint: $0, trustRootsPEM: authority)
        }
        guard !all.isEmpty else {
            throw Failure("\(clientPath) names no URL: start 'mortise-coordinator serve' again.")
        }
        return all
    }

    /// The first that is no standby; where none answers, the first, for its error.
    func leader(of client: ClientConfiguration) async throws -> HTTPSClient {
        let all = try coordinators(of: client)
        for https in all where all.count > 1 { if await https.leads { return https } }
        return all[0]
    }
}

extension HTTPSClient {
    /// It answers, and is no standby.
    var leads: Bool {
        get async {
            let answer = try? await send(HTTPSRequest(path: "/readyz", timeout: .seconds(2))).get()
            return answer?.status == 200
        }
    }
}
