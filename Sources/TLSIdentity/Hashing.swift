import Crypto
import FoundationEssentials

/// SHA-256 in hex.
func sha256Hex(_ bytes: some DataProtocol) -> String { SHA256.hash(data: bytes).hex }

extension Secret {
    /// SHA-256 of the text in hex: what a store keeps and looks up.
    package var hash: String { Secret.hash(text) }

    /// As `hash`, for a secret that came as text.
    package static func hash(_ text: String) -> String { sha256Hex(Array(text.utf8)) }
}
