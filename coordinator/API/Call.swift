import ClusterTypes
import CoordinatorCore
import Logging
import NIOCore

/// One request as a handler sees it: admitted, its body read, its query known.
struct Call: Sendable {
    /// Decoded segments of the path.
    let parameters: [String: String]
    let query: Query
    /// The header of this name.
    let accept: String?
    let body: ByteBuffer
    /// Whose token it is; nil on routes without one.
    let caller: Caller?
    let channel: any Channel
    let logger: Logger

    /// The text of a path's `{name}`.
    func parameter(_ name: String) throws -> String {
        guard let text = parameters[name] else { throw APIError.internalError }
        return text
    }

    /// A number in the path; anything else names nothing.
    func identifier<ID: Identifier>(_ name: String, as type: ID.Type = ID.self) throws -> ID {
        let text = try parameter(name)
        guard let number = UInt64(text), number > 0 else {
            throw APIError.notFound("No \(name) '\(text)': \(name)s have numbers.")
        }
        return ID(number)
    }

    /// The body; an empty one reads as `{}`.
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try StrictJSON.decode(type, from: body.readableBytes == 0 ? ByteBuffer(string: "{}") : body)
    }
}

/// Whose token it is.
struct Caller: Sendable, Hashable {
    var token: TokenID
    /// The token's name: what stands as a job's submitter.
    var name: String
    var role: Role
}
