import COpenSSL
import XMPP

/// What a TLS connection has that is its own, for SCRAM's -PLUS mechanisms to sign.
extension TLSEngine {
    /// The channel bindings that this connection has; none before the handshake's end.
    var channelBindings: ChannelBindings {
        guard isOpen else { return .none }
        return ChannelBindings(
            exporter: exporter(),
            serverEndPoint: serverEndPoint(),
            unique: unique()
        )
    }

    /// Whether the secrets are bound to this handshake and nobody in the middle could have made
    /// two connections agree on them (RFC 7627; RFC 9266 §4.2).
    private var hasUniqueSecrets: Bool {
        SSL_version(ssl) >= TLSVersion.v13.rawValue || lw_has_extended_master_secret(ssl) == 1
    }

    /// `tls-exporter` (RFC 9266).
    private func exporter() -> [UInt8]? {
        guard hasUniqueSecrets else { return nil }
        let label = "EXPORTER-Channel-Binding"
        var bytes = [UInt8](repeating: 0, count: 32)
        OpenSSLErrors.clear()
        // An empty context, which differs from none in TLS 1.2: RFC 9266 §2 has it empty.
        let result = SSL_export_keying_material(
            ssl,
            &bytes,
            bytes.count,
            label,
            label.utf8.count,
            nil,
            0,
            1
        )
        return result == 1 ? bytes : nil
    }

    /// `tls-server-end-point` (RFC 5929 §4.1): the certificate's hash by its own signature's.
    private func serverEndPoint() -> [UInt8]? {
        switch context.role {
        case .client: peerCertificate?.endPointBinding
        case .server: SSL_get_certificate(ssl).flatMap(context.endPointBinding)
        }
    }

    /// `tls-unique` (RFC 5929 §3.1): the first Finished message of the handshake; TLS 1.3 has no
    /// such binding, and without the extended master secret it is no binding at all.
    private func unique() -> [UInt8]? {
        guard SSL_version(ssl) == TLSVersion.v12.rawValue, hasUniqueSecrets else { return nil }
        // The client's Finished is the first, but the server's when a session is resumed.
        let isResumed = SSL_session_reused(ssl) == 1
        let isOurs = (context.role == .client) != isResumed
        // RFC 5246 §7.4.9: twelve bytes in every suite of ours.
        var bytes = [UInt8](repeating: 0, count: 12)
        let count =
            isOurs
            ? SSL_get_finished(ssl, &bytes, bytes.count)
            : SSL_get_peer_finished(ssl, &bytes, bytes.count)
        return count == bytes.count ? bytes : nil
    }
}

/// What a handshake came to, for logs.
package struct TLSSummary: Sendable, Hashable {
    package var version: String
    package var cipher: String
    package var isResumed: Bool
    /// The name that the client asked for.
    package var serverName: String?
    /// The protocol that ALPN settled on.
    package var applicationProtocol: String?
}

extension TLSEngine {
    /// What the handshake came to.
    var summary: TLSSummary {
        var chosen: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &chosen, &length)
        let name = chosen.map {
            String(decoding: UnsafeBufferPointer(start: $0, count: Int(length)), as: UTF8.self)
        }
        return TLSSummary(
            version: SSL_get_version(ssl).map { String(cString: $0) } ?? "?",
            cipher: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))
                .map { String(cString: $0) } ?? "?",
            isResumed: SSL_session_reused(ssl) == 1,
            serverName: SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)
                .map { String(cString: $0) },
            applicationProtocol: name
        )
    }
}
