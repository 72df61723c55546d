/// The SASL mechanisms that we speak, by their names on the wire.
///
/// The order of the cases is the order of preference: a mechanism bound to its channel stops a man
/// in the middle, which a longer hash does not, so it comes first (RFC 5802 §6).
package enum SASLMechanism: String, Sendable, Hashable, CaseIterable {
    case scramSHA256Plus = "SCRAM-SHA-256-PLUS"
    case scramSHA1Plus = "SCRAM-SHA-1-PLUS"
    case scramSHA256 = "SCRAM-SHA-256"
    case scramSHA1 = "SCRAM-SHA-1"
    /// Shows the password to the server, so only inside TLS (RFC 6120 §13.8.3).
    case plain = "PLAIN"

    /// The hash of a SCRAM mechanism; nil for PLAIN.
    package var digest: Digest? {
        switch self {
        case .scramSHA256, .scramSHA256Plus: .sha256
        case .scramSHA1, .scramSHA1Plus: .sha1
        case .plain: nil
        }
    }

    /// Whether the proof covers the channel below (the -PLUS variants).
    package var bindsChannel: Bool {
        self == .scramSHA256Plus || self == .scramSHA1Plus
    }
}
