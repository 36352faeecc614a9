import APITypes

/// An answer that is not 2xx: the codes are listed in docs/api.md.
struct APIError: Error, Equatable {
    var status: Int
    var body: ErrorBody
    /// Sent as `Retry-After`.
    var retryAfterSeconds: Int?
    /// Methods of the path, for `Allow`.
    var allowedMethods: [String] = []

    init(_ status: Int, _ code: String, _ message: String, retryAfterSeconds: Int? = nil) {
        self.status = status
        body = ErrorBody(code: code, message: message)
        self.retryAfterSeconds = retryAfterSeconds
    }

    static func invalid(_ message: String) -> APIError { APIError(400, "invalid", message) }

    static func invalid(_ faults: [String]) -> APIError { .invalid(faults.joined(separator: "\n")) }

    /// One message for every token that does not admit, so that it tells nothing.
    static var unauthenticated: APIError {
        APIError(
            401, "unauthenticated",
            "This needs a valid API token: send the header 'Authorization: Bearer mortise-api-1...'. Ask an "
                + "administrator for one ('mortise-coordinator token create').")
    }

    static func notFound(_ message: String) -> APIError { APIError(404, "not_found", message) }

    static func methodNotAllowed(_ method: String, _ path: String, allowed: [String]) -> APIError {
        var error = APIError(
            405, "method_not_allowed",
            "\(path) does not take \(method); it takes \(allowed.joined(separator: ", ")).")
        error.allowedMethods = allowed
        return error
    }

    static func tooLarge(limitBytes: Int) -> APIError {
        APIError(
            413, "too_large",
            "The body is larger than \(limitBytes) bytes. Submit fewer tasks and append the rest.")
    }

    static var storeUnavailable: APIError {
        APIError(
            503, "store_unavailable", "The coordinator's store cannot be read at the moment. Try again.",
            retryAfterSeconds: 2)
    }

    static var shuttingDown: APIError {
        APIError(503, "shutting_down", "The coordinator goes down. Try again.", retryAfterSeconds: 2)
    }

    /// Nothing was done, so that an order may go to another coordinator.
    /// - Parameter status: 503, or one that sends the client elsewhere.
    static func standby(_ status: Int = 503) -> APIError {
        APIError(
            status, ErrorBody.standbyCode,
            "This coordinator stands by while another one leads the cluster. Ask that one, at another of the "
                + "cluster's addresses.", retryAfterSeconds: 1)
    }

    static var internalError: APIError {
        APIError(500, "internal", "The coordinator could not do this. The reason is in its log.")
    }
}
