import CoordinatorCore
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// Where a request came in.
struct RequestOrigin: InitializableFromSource, Sendable {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) { channel = source.channel }
}

/// From a request to its answer: route, token, role, query, body, handler; in this order.
struct APIResponder: HTTPResponder {
    private let service: any CoordinatorService
    private let configuration: APIConfiguration
    private let authentication: Authentication
    private let submits: BodyBudget
    private let table: RouteTable
    private let logger: Logger

    init(service: any CoordinatorService, configuration: APIConfiguration, logger: Logger) {
        self.service = service
        self.configuration = configuration
        self.logger = logger
        authentication = Authentication(lifetimeMilliseconds: configuration.tokenCacheMilliseconds)
        submits = BodyBudget(limitBytes: configuration.allSubmitsLimitBytes)
        table = RouteTable(
            routes: APIHandlers(
                service: service, configuration: configuration, authentication: authentication, logger: logger
            ).routes)
    }

    func respond(to request: Request, context origin: RequestOrigin) async throws -> Response {
        let response = await response(to: request, from: origin)
        logger.debug(
            "API request",
            metadata: [
                "method": "\(request.method)", "path": "\(request.uri.pathText)",
                "status": "\(response.status.code)",
            ])
        return response
    }

    private func response(to request: Request, from origin: RequestOrigin) async -> Response {
        do {
            let (route, parameters) = try find(request)
            var caller: Caller?
            if let role = route.role { caller = try await admit(request, to: route, least: role) }
            let query = try Query(request.uri.queryText, known: route.query)
            let limit = bodyLimitBytes(of: route)
            let expected = try expectedBodyBytes(of: request, limitBytes: limit)
            // Small ones are bounded by the number of connections.
            let reservation = try submits.reserve(bytes: route.body == .largeJSON ? expected : 0)
            defer { submits.release(reservation) }
            let body = try await collect(request.body, limitBytes: limit)
            return await answer(
                route,
                Call(
                    parameters: parameters, query: query, accept: request.headers[.accept], body: body,
                    caller: caller, channel: origin.channel, logger: logger))
        } catch let error as BodyCutShort {
            // The rest of the body cannot be told from a next request.
            return closing(error.cause.response)
        } catch {
            return APIError(error, logger: logger).response.draining(request)
        }
    }

    private func find(_ request: Request) throws -> (Route, parameters: [String: String]) {
        let path = request.uri.pathText
        switch table.lookup(method: request.method.rawValue, path: path) {
        case .found(let route, let parameters):
            var decoded: [String: String] = [:]
            for (name, text) in parameters {
                guard let text = percentDecoded(text) else {
                    throw APIError.invalid("the path is not percent-encoded UTF-8")
                }
                decoded[name] = text
            }
            return (route, decoded)
        case .otherMethods(let methods):
            throw APIError.methodNotAllowed(request.method.rawValue, String(path), allowed: methods)
        case .unknown:
            throw APIError.notFound("There is no \(path) here; /v1/openapi.json lists what there is.")
        }
    }

    private func admit(_ request: Request, to route: Route, least role: Role) async throws -> Caller {
        let caller = try await authentication.caller(
            authorization: request.headers[.authorization], reader: service.reader, now: service.now())
        guard caller.role.includes(role) else {
            throw APIError(
                403, "forbidden",
                "\(route.method) \(route.path) needs the role \(role.rawValue); token '\(caller.name)' has "
                    + "\(caller.role.rawValue).")
        }
        return caller
    }

    private func answer(_ route: Route, _ call: Call) async -> Response {
        do {
            if route.body == .none { try refuseContent(of: call.body) }
            return try await route.handler(call).response
        } catch is NobodyWaits {
            return closing(APIError.shuttingDown.response)
        } catch is CancellationError {
            return closing(APIError.shuttingDown.response)
        } catch {
            return APIError(error, logger: logger).response
        }
    }

    // MARK: - Bodies

    private func bodyLimitBytes(of route: Route) -> Int {
        switch route.body {
        case .none: min(4 << 10, configuration.bodyLimitBytes)
        case .smallJSON: min(64 << 10, configuration.bodyLimitBytes)
        case .json: configuration.bodyLimitBytes
        case .largeJSON: configuration.submitBodyLimitBytes
        }
    }

    private func expectedBodyBytes(of request: Request, limitBytes: Int) throws -> Int {
        if let text = request.headers[.contentLength] {
            guard let length = Int(text), length <= limitBytes else {
                throw APIError.tooLarge(limitBytes: limitBytes)
            }
            return length
        }
        return request.headers[.transferEncoding] == nil ? 0 : limitBytes
    }

    private func collect(_ body: RequestBody, limitBytes: Int) async throws -> ByteBuffer {
        var collected = ByteBuffer()
        do {
            for try await var piece in body {
                guard collected.readableBytes + piece.readableBytes <= limitBytes else {
                    throw APIError.tooLarge(limitBytes: limitBytes)
                }
                collected.writeBuffer(&piece)
            }
        } catch let error as APIError {
            throw BodyCutShort(cause: error)
        } catch {
            throw BodyCutShort(cause: .invalid("the body broke off"))
        }
        return collected
    }

    /// Content that nobody reads is a mistake of the client's that it should hear of.
    private func refuseContent(of body: ByteBuffer) throws {
        let text = String(buffer: body).filter { !$0.isWhitespace }
        guard text.isEmpty || text == "{}" else { throw APIError.invalid("this request takes no body") }
    }

    private func closing(_ response: Response) -> Response {
        let last = response.body
        var response = response
        response.headers[.connection] = "close"
        response.body = ResponseBody(contentLength: last.contentLength) { writer in
            try await last.write(writer)
            throw ConnectionEnds()
        }
        return response
    }
}

extension Response {
    /// An answer that comes before the body was read: so much of the body is still read and thrown away, that the
    /// client gets to see the answer; then the connection is cut.
    private static let drainLimitBytes = 256 << 20

    func draining(_ request: Request) -> Response {
        guard
            request.headers[.contentLength].map({ $0 != "0" }) ?? (request.headers[.transferEncoding] != nil)
        else { return self }
        let early = body
        var response = self
        response.body = ResponseBody(contentLength: early.contentLength) { writer in
            try await early.write(writer)
            var drained = 0
            for try await piece in request.body {
                drained += piece.readableBytes
                if drained > Self.drainLimitBytes { throw ConnectionEnds() }
            }
        }
        return response
    }
}

/// Thrown after an answer was written: the server then closes the connection.
private struct ConnectionEnds: Error {}

/// A body of which a part is unread.
private struct BodyCutShort: Error {
    let cause: APIError
}

/// Bounds the memory of all large bodies that are being read or handled at one time.
final class BodyBudget: Sendable {
    struct Reservation: Sendable {
        fileprivate let bytes: Int
    }

    private let limitBytes: Int
    private let used = Mutex(0)

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// - Throws: `APIError` 429.
    func reserve(bytes: Int) throws -> Reservation {
        let isGranted = used.withLock { used in
            guard used + bytes <= limitBytes else { return false }
            used += bytes
            return true
        }
        guard isGranted else {
            throw APIError(
                429, "limit_reached", "The coordinator reads as many large requests as it can. Try again.",
                retryAfterSeconds: 2)
        }
        return Reservation(bytes: bytes)
    }

    func release(_ reservation: Reservation) { used.withLock { $0 -= reservation.bytes } }
}

extension URI {
    /// As it came, still encoded.
    var pathText: Substring {
        string.prefix { $0 != "?" && $0 != "#" }
    }

    fileprivate var queryText: Substring {
        guard let mark = string.firstIndex(of: "?") else { return "" }
        return string[string.index(after: mark)...].prefix { $0 != "#" }
    }
}
