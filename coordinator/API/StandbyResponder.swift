import APITypes
import Hummingbird

/// What a coordinator answers while another one leads: that it lives, and to everything else that it does nothing.
struct StandbyResponder: HTTPResponder {
    func respond(to request: Request, context origin: RequestOrigin) async throws -> Response {
        if request.method == .get, request.uri.pathText == "/healthz" {
            return try Answer.json(StatusView(status: "standby")).response
        }
        return APIError.standby.response.draining(request)
    }
}
