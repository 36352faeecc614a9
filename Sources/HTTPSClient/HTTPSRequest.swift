package struct HTTPSRequest: Sendable {
    /// `GET`, `POST` …
    package var method: String
    /// Path with query, percent-encoded: `/v1/jobs?state=running`.
    package var path: String
    /// Beyond `Host` and `Content-Length`, which are set from the endpoint and the body.
    package var headers: [(String, String)]
    package var body: [UInt8]
    /// From the call to the end of the answer; of a stream to its head.
    package var timeout: Duration

    package init(
        method: String = "GET", path: String, headers: [(String, String)] = [], body: [UInt8] = [],
        timeout: Duration = .seconds(30)
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }

    /// A second try cannot do the thing twice.
    var isIdempotent: Bool { ["GET", "HEAD", "PUT", "DELETE"].contains(method) }

    /// Nothing in it can be taken for another line of the request.
    var isWellFormed: Bool {
        path.hasPrefix("/") && path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            && !method.isEmpty && method.utf8.allSatisfy { $0 >= 0x41 && $0 <= 0x5A }
    }
}

package struct HTTPSResponse: Sendable {
    package var status: Int
    package var headers: [(String, String)]
    /// Empty where it was streamed.
    package var body: [UInt8]

    package init(status: Int, headers: [(String, String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first header of this name, in any case.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.0.lowercased() == name }?.1
    }

    package var isSuccess: Bool { (200..<300).contains(status) }
}
