import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import TLSIdentity

extension APIHandlers {
    func listTokens(_ call: Call) async throws -> Answer {
        let revision = try await service.reader.revision()
        let records = try await service.reader.tokens()
        return try .json(Page(items: records.map { TokenView($0) }, revision: revision))
    }

    /// The secret is made here, answered once and kept nowhere.
    func createToken(_ call: Call) async throws -> Answer {
        let request = try call.decode(CreateTokenRequest.self)
        let purpose = try purpose(of: request)
        let secret = Secret.generate()
        let reply = try await submit(
            .createToken(
                name: request.name, purpose: purpose, secretHash: secret.hash,
                expiresAt: request.expiresInSeconds.map { service.now() + .seconds($0) }, uses: request.uses))
        guard case .token(let record) = reply else { throw unexpected(reply, to: "createToken") }
        let text =
            switch record.purpose {
            case .api: APIToken(secret: secret).text
            case .join: try service.joinTokenText(secret: secret)
            }
        return try .json(TokenView(record, secret: text), status: 201)
    }

    func revokeToken(_ call: Call) async throws -> Answer {
        let reply = try await submit(.revokeToken(try call.identifier("token")))
        guard case .token(let record) = reply else { throw unexpected(reply, to: "revokeToken") }
        authentication.forget()
        return try .json(TokenView(record))
    }

    private func purpose(of request: CreateTokenRequest) throws -> TokenRecord.Purpose {
        var faults: [String] = []
        if let fault = faultOfName(request.name) { faults.append("name: \(fault)") }
        if let seconds = request.expiresInSeconds, !(1...315_360_000).contains(seconds) {
            faults.append("expiresInSeconds: is \(seconds), must be in 1...315360000 (10 years)")
        }
        if request.uses == 0 { faults.append("uses: must be at least 1; leave it out for no limit") }
        var purpose: TokenRecord.Purpose?
        switch request.purpose {
        case "join":
            if request.role != nil { faults.append("role: is for tokens of purpose api") }
            if let pool = request.pool {
                if let fault = faultOfName(pool) { faults.append("pool: \(fault)") }
                purpose = .join(pool: pool)
            } else {
                faults.append("pool: is missing; a join token admits nodes into one pool")
            }
        case "api":
            if request.pool != nil { faults.append("pool: is for tokens of purpose join") }
            if request.uses != nil { faults.append("uses: is for tokens of purpose join") }
            if let role = request.role.flatMap({ Role(rawValue: $0) }) {
                purpose = .api(role)
            } else {
                let roles = Role.allCases.map(\.rawValue).joined(separator: ", ")
                faults.append("role: must be one of \(roles)")
            }
        default:
            faults.append("purpose: must be join or api")
        }
        guard faults.isEmpty, let purpose else { throw APIError.invalid(faults) }
        return purpose
    }
}
