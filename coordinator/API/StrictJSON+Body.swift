import NIOCore

extension StrictJSON {
    /// - Throws: `APIError` 400 that names the key or value.
    static func decode<Value: Decodable>(_ type: Value.Type, from body: ByteBuffer) throws -> Value {
        do {
            return try decode(type, from: body.readableBytesView)
        } catch let fault as Fault {
            throw APIError.invalid(fault.message)
        }
    }

    static func body(_ value: some Encodable) throws -> ByteBuffer { ByteBuffer(bytes: try encode(value)) }
}
