import CoordinatorCore

/// One operation of the API: everything about who may do it and what it takes stands here.
struct Route: Sendable {
    enum Body: Sendable, Hashable {
        /// Nothing, or `{}`.
        case none
        /// At most 64 KiB: what anybody may send.
        case smallJSON
        case json
        /// Up to the limit of submits.
        case largeJSON
    }

    let method: String
    /// `/v1/jobs/{job}`: a segment in braces takes any text without a slash.
    let path: String
    /// Least role; nil admits everybody, without a token.
    let role: Role?
    let body: Body
    /// Query parameters that it knows; any other is refused.
    let query: [String]
    let handler: @Sendable (Call) async throws -> Answer
    private let segments: [Substring]

    init(
        _ method: String, _ path: String, role: Role?, body: Body = .none, query: [String] = [],
        _ handler: @escaping @Sendable (Call) async throws -> Answer
    ) {
        self.method = method
        self.path = path
        self.role = role
        self.body = body
        self.query = query
        self.handler = handler
        segments = path.split(separator: "/")
    }

    /// The parameters of a path that this route stands for; nil for other paths.
    func match(_ given: [Substring]) -> [String: Substring]? {
        guard given.count == segments.count else { return nil }
        var parameters: [String: Substring] = [:]
        for (segment, text) in zip(segments, given) {
            if segment.hasPrefix("{") {
                parameters[String(segment.dropFirst().dropLast())] = text
            } else if segment != text {
                return nil
            }
        }
        return parameters
    }
}

/// All routes; few enough that a look through them costs less than a table.
struct RouteTable: Sendable {
    enum Lookup {
        case found(Route, parameters: [String: Substring])
        case otherMethods([String])
        case unknown
    }

    let routes: [Route]

    func lookup(method: String, path: Substring) -> Lookup {
        let segments = path.split(separator: "/")
        var others: [String] = []
        for route in routes {
            guard let parameters = route.match(segments) else { continue }
            if route.method == method { return .found(route, parameters: parameters) }
            others.append(route.method)
        }
        return others.isEmpty ? .unknown : .otherMethods(others.sorted())
    }
}

extension Role {
    /// Each role may do what the one before it may.
    func includes(_ other: Role) -> Bool { rank >= other.rank }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .operator: 1
        case .admin: 2
        }
    }
}
