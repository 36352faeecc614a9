import APITypes
import ArgumentParser
import ClusterTypes
import CoordinatorAPI
import CoordinatorCore
import CoordinatorDriver
import CoordinatorStore
import Foundation
import Platform
import Terminal
import TLSIdentity

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Tokens let agents join and users in.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token and print it, once.",
            discussion: """
                A join token lets agents join a pool; with --role it is a user's token for the API.

                Example:
                  mortise-coordinator token create --pool gpu --uses 8 --expires 24h > join.token
                  mortise-agent run --join-file join.token
                  mortise-coordinator token create --role viewer --name dashboard
                """)

        @OptionGroup var place: DirectoryOption
        @Option(help: "What it is for, for your own memory; default is the pool or the role.")
        var name: String?
        @Option(help: "The pool that its agents join.")
        var pool: String?
        @Option(help: "For the API instead: admin, operator or viewer.")
        var role: Role?
        @Option(help: "How many agents may join by it; no limit without.")
        var uses: UInt32?
        @Option(help: "How long it is good for, for example 90s, 30m, 24h, 7d.")
        var expires: String?

        func validate() throws {
            if role != nil, pool != nil || uses != nil {
                throw ValidationError(
                    "--role makes a token for the API; --pool and --uses are for join tokens")
            }
            if let expires, seconds(expires) == nil {
                throw ValidationError("--expires takes a number with s, m, h or d, not '\(expires)'")
            }
        }

        func run() async throws {
            let request = CreateTokenRequest(
                name: name ?? role?.rawValue ?? pool ?? "default", purpose: role == nil ? "join" : "api",
                pool: role == nil ? pool ?? "default" : nil,
                role: role?.rawValue, expiresInSeconds: expires.flatMap(seconds), uses: uses)
            let view: TokenView = try await place.location.access(
                online: { try await $0.call("POST", "/v1/tokens", body: request) },
                offline: { try create(request, offline: $0) })
            print(view.secret ?? "")
        }

        private func create(_ request: CreateTokenRequest, offline access: OfflineAccess) throws -> TokenView
        {
            let now = Instant(microseconds: SteadyClock.now())
            let secret = Secret.generate()
            let text: String
            if role == nil {
                guard access.settings.apiPort != 0 else {
                    throw Failure(
                        "The API takes a free port at each start: start 'mortise-coordinator serve' first.")
                }
                text = try JoinToken(
                    cluster: access.settings.cluster,
                    apiURLs: access.settings.addresses.map { "https://\($0):\(access.settings.apiPort)" },
                    authorityPEM: try access.directory.authority().certificatePEM, secret: secret
                ).text()
            } else {
                text = APIToken(secret: secret).text
            }
            let reply = try OneShot.perform(
                .createToken(
                    name: request.name,
                    purpose: role.map { .api($0) } ?? .join(pool: request.pool ?? "default"),
                    secretHash: secret.hash, expiresAt: request.expiresInSeconds.map { now + .seconds($0) },
                    uses: request.uses), on: access.store, cluster: access.settings.cluster, at: now)
            guard case .token(let record) = reply else { throw Failure("The coordinator gave no token.") }
            return TokenView(record, secret: text)
        }

        private func seconds(_ text: String) -> Int64? {
            let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
            guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), count > 0,
                count <= 36_500 * 86_400 / unit
            else { return nil }
            return count * unit
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all tokens; their secrets are not kept.",
            discussion: "Example:\n  mortise-coordinator token list --format json")

        @OptionGroup var place: DirectoryOption
        @Option(help: "table or json.")
        var format = TokenFormat.table

        func run() async throws {
            let page: Page<TokenView> = try await place.location.access(
                online: { try await $0.call("GET", "/v1/tokens") },
                offline: { access in
                    let tokens = try await access.store.reader.tokens()
                    return Page(
                        items: tokens.map { TokenView($0) },
                        revision: try await access.store.reader.revision())
                })
            print(try format.render(page.items))
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token worthless, at once.",
            discussion: "Nodes that joined by it stay: remove them with 'mortise node remove'.\n\n"
                + "Example:\n  mortise-coordinator token revoke 3")

        @OptionGroup var place: DirectoryOption
        @Argument(help: "The token's number, from 'token list'.")
        var token: UInt64

        func run() async throws {
            let _: TokenView = try await place.location.access(
                online: { try await $0.call("DELETE", "/v1/tokens/\(token)") },
                offline: { access in
                    let reply = try OneShot.perform(
                        .revokeToken(TokenID(token)), on: access.store, cluster: access.settings.cluster,
                        at: Instant(microseconds: SteadyClock.now()))
                    guard case .token(let record) = reply else {
                        throw Failure("The coordinator gave no token.")
                    }
                    return TokenView(record)
                })
            print("Token \(token) is revoked.")
        }
    }
}

extension Role: ExpressibleByArgument {}

enum TokenFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json

    func render(_ tokens: [TokenView]) throws -> String {
        switch self {
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(tokens), as: UTF8.self)
        case .table:
            let table = Table(
                columns: [
                    Table.Column("token", .right), Table.Column("name", isElastic: true),
                    Table.Column("purpose"),
                    Table.Column("pool or role"), Table.Column("uses left", .right), Table.Column("expires"),
                    Table.Column("state"),
                ],
                rows: tokens.map { token in
                    [
                        Cell("\(token.token)"), Cell(optional: token.name), Cell(token.purpose),
                        Cell(optional: token.pool ?? token.role),
                        Cell(optional: token.usesLeft.map(String.init)),
                        Cell(optional: token.expiresAt), Cell(token.isRevoked ? "revoked" : "valid"),
                    ]
                })
            return String(table.rendered(for: .of(descriptor: 1)).dropLast())
        }
    }
}
