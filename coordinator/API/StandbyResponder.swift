import APITypes
import HTTPTypes
import Hummingbird

/// What a coordinator answers while another one leads: that it lives, and to everything else that it does nothing, and
/// who does.
struct StandbyResponder: HTTPResponder {
    /// `https://HOST:PORT`; nil while it is not known.
    let leader: @Sendable () -> String?

    func respond(to request: Request, context origin: RequestOrigin) async throws -> Response {
        switch request.uri.pathText {
        case "/healthz" where request.method == .get:
            return try Answer.json(StatusView(status: "standby")).response
        case "/readyz":
            return APIError.standby().response.draining(request)
        default:
            guard let leader = leader() else { return APIError.standby().response.draining(request) }
            var response = APIError.standby(307).response.draining(request)
            response.headers[.location] = leader + request.uri.string
            return response
        }
    }
}
