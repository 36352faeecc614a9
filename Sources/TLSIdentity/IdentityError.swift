/// A certificate, key, token or identity file that cannot be used.
package struct IdentityError: Error, Equatable, Sendable, CustomStringConvertible {
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        package static let missingFile = Code(rawValue: "missing_file")
        /// The file cannot be read or written; the message has the system's reason.
        package static let fileFailed = Code(rawValue: "file_failed")
        /// The file is there and is not what it should be.
        package static let badFile = Code(rawValue: "bad_file")
        package static let alreadyExists = Code(rawValue: "already_exists")
        package static let badCertificate = Code(rawValue: "bad_certificate")
        package static let expired = Code(rawValue: "expired")
        package static let foreignCluster = Code(rawValue: "foreign_cluster")
        package static let badRequest = Code(rawValue: "bad_request")
        package static let badToken = Code(rawValue: "bad_token")
        /// A name that cannot be written into a certificate.
        package static let badName = Code(rawValue: "bad_name")
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
