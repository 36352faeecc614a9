import Crypto
import FoundationEssentials
import HTTPSClient
import NIOCore
import ProtocolMessages

/// The request that asks for the WebSocket, and the reading of its answer.
///
/// Written here, not taken from NIO's upgrade handlers: those replace the pipeline over several turns of the event
/// loop, and a message and an end that come together with the answer are lost between them.
struct UpgradeRequest {
    let key: String
    let endpoint: HTTPSEndpoint

    init(endpoint: HTTPSEndpoint) {
        self.endpoint = endpoint
        key = Data((0..<16).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
    }

    var text: String {
        "GET /v1/agent HTTP/1.1\r\nHost: \(endpoint)\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(key)\r\n"
            + "Sec-WebSocket-Protocol: \(ProtocolVersion.subprotocol)\r\n\r\n"
    }

    /// What the server must answer (RFC 6455, 4.2.2): proof that it understood.
    var expectedAccept: String {
        let input = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        return Data(Insecure.SHA1.hash(data: Data(input.utf8))).base64EncodedString()
    }
}

struct UpgradeAnswer {
    /// Ours is under 300 bytes; proxies add some lines.
    private static let headLimitBytes = 16 << 10

    let status: Int
    /// Names in lower case.
    private let headers: [(name: Substring, value: Substring)]

    /// Takes the head out of the buffer.
    ///
    /// - Returns: nil while it is not complete.
    /// - Throws: `HTTPSError` for what is no HTTP/1.1 answer.
    init?(reading buffer: inout ByteBuffer, from endpoint: HTTPSEndpoint) throws(HTTPSError) {
        let malformed = HTTPSError(
            .malformed,
            "\(endpoint) does not answer in HTTP/1.1. Check that it is the agents' port of a coordinator.")
        guard buffer.readableBytesView.starts(with: "HTTP/1.1 ".utf8.prefix(buffer.readableBytes)) else {
            throw malformed
        }
        guard let length = UpgradeAnswer.headLength(in: buffer) else {
            guard buffer.readableBytes <= UpgradeAnswer.headLimitBytes else { throw malformed }
            return nil
        }
        guard length <= UpgradeAnswer.headLimitBytes, let text = buffer.readString(length: length) else {
            throw malformed
        }
        let lines = text.split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw malformed
        }
        self.status = status
        headers = lines.dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...]
            return (Substring(line[..<colon].lowercased()), UpgradeAnswer.trimmed(value))
        }
    }

    /// With the empty line that ends it.
    private static func headLength(in buffer: ByteBuffer) -> Int? {
        let end = Array("\r\n\r\n".utf8)
        let bytes = buffer.readableBytesView
        guard bytes.count >= end.count else { return nil }
        for start in 0...(bytes.count - end.count)
        where bytes.dropFirst(start).starts(with: end) {
            return start + end.count
        }
        return nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let head = text.drop { $0 == " " || $0 == "\t" }
        guard let last = head.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return head[...last]
    }

    func header(_ name: String) -> Substring? { headers.first { $0.name == name }?.value }

    /// Where the coordinator sees this machine; nil where it does not say, or something else than an address.
    var seenAddress: String? {
        let address = header(ProtocolVersion.seenAddressHeader)
            .flatMap { try? SocketAddress(ipAddress: String($0), port: 0) }?.ipAddress
        // A socket that listens for both families shows the old one so.
        guard let address, address.hasPrefix("::ffff:"), address.contains(".") else { return address }
        return String(address.dropFirst("::ffff:".count))
    }

    /// Bytes of the body, where the answer says.
    var contentLength: Int? { header("content-length").flatMap { Int($0) } }

    /// Whether it agrees to what was asked.
    func agrees(to request: UpgradeRequest) -> Bool {
        status == 101 && header("upgrade")?.lowercased() == "websocket"
            && header("sec-websocket-accept").map { $0 == request.expectedAccept } == true
            && header("sec-websocket-protocol").map { $0 == ProtocolVersion.subprotocol } == true
    }
}
