// The only use of Foundation's types: protobuf's `bytes` are Data in the generated code.
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import ProtocolGenerated

extension WireLogChunk {
    var bytes: [UInt8] {
        get { [UInt8](data) }
        set { data = Data(newValue) }
    }
}

extension WireRenewCertificate {
    var bytes: [UInt8] {
        get { [UInt8](certificateRequest) }
        set { certificateRequest = Data(newValue) }
    }
}
