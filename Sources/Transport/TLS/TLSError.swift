/// What goes wrong with TLS, at set-up and on a connection.
package enum TLSError: Error, Sendable, Hashable {
    /// A file could not be read: the path and the system's words.
    case unreadable(path: String, reason: String)
    /// A file holds no PEM certificate.
    case noCertificate(path: String)
    /// A file holds no PEM private key, or one that wants a passphrase.
    case noKey(path: String, reason: String)
    /// The private key is not the certificate's.
    case keyMismatch(certificate: String, key: String)
    /// The certificate's time is over, or has not come.
    case notValidNow(path: String, validity: String)
    /// The library refused a setting or an object: its words.
    case library(String)
    /// A text that should be a SHA-256 in hexadecimal is none.
    case badFingerprint(String)
    /// A name that cannot stand in a certificate.
    case badName(String)
    /// The handshake failed.
    case handshake(String)
    /// The peer's certificate is not acceptable.
    case verification(String)
    /// What came is no TLS, or was tampered with.
    case broken(String)
    /// The connection ended without the peer saying so: what came may be incomplete.
    case truncated
}

extension TLSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .noCertificate(let path): "\(path) holds no PEM certificate"
        case .noKey(let path, let reason): "\(path) holds no usable private key: \(reason)"
        case .keyMismatch(let certificate, let key):
            "the key in \(key) does not belong to the certificate in \(certificate)"
        case .notValidNow(let path, let validity):
            "the certificate in \(path) is not valid now: \(validity)"
        case .library(let text): "OpenSSL: \(text)"
        case .badFingerprint(let text):
            "‘\(text)’ is no SHA-256 fingerprint (64 hexadecimal digits)"
        case .badName(let name): "‘\(name)’ cannot stand in a certificate"
        case .handshake(let text): "the handshake failed: \(text)"
        case .verification(let text): "the certificate was refused: \(text)"
        case .broken(let text): "broken connection: \(text)"
        case .truncated: "the connection was cut without a TLS goodbye"
        }
    }
}
