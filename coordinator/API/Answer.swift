import Hummingbird
import NIOCore

/// What a handler answers with.
struct Answer: Sendable {
    enum Content: Sendable {
        case json(ByteBuffer)
        case text(ByteBuffer, contentType: String)
        /// Pieces as they come, chunked; a failure after the first byte cuts the connection off.
        case stream(@Sendable (inout any ResponseBodyWriter) async throws -> Void)
    }

    var status: Int
    var content: Content
    /// Where a created thing is.
    var location: String?

    static func json(_ value: some Encodable, status: Int = 200, location: String? = nil) throws -> Answer {
        Answer(status: status, content: .json(try StrictJSON.body(value)), location: location)
    }

    var response: Response {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if let location { headers[.location] = location }
        switch content {
        case .json(let buffer):
            headers[.contentType] = "application/json"
            return Response(
                status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: buffer))
        case .text(let buffer, let contentType):
            headers[.contentType] = contentType
            return Response(
                status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: buffer))
        case .stream(let write):
            headers[.contentType] = "application/octet-stream"
            return Response(status: .init(code: status), headers: headers, body: ResponseBody(write))
        }
    }
}

extension APIError {
    var response: Response {
        // Two strings always encode.
        let json = (try? StrictJSON.body(body)) ?? ByteBuffer(string: #"{"code":"internal","message":""}"#)
        var headers: HTTPFields = [.cacheControl: "no-store", .contentType: "application/json"]
        if let retryAfterSeconds { headers[.retryAfter] = String(retryAfterSeconds) }
        if status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        if !allowedMethods.isEmpty { headers[.allow] = allowedMethods.joined(separator: ", ") }
        return Response(status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: json))
    }
}
