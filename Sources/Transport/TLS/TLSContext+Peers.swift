import COpenSSL

// Contexts for streams between servers. Each end shows what it has; nothing of it decides about the
// handshake, for an encrypted stream to somebody unknown is still better than one in the clear, and
// dialback may follow (RFC 7590 §3.4). What a certificate is worth is a ``CertificateVerdict``.
extension TLSContext {
    /// The end that other servers connect to: it asks for a certificate and takes any, or none.
    ///
    /// `expiredMayServe` is for tests of the other end.
    package static func acceptingPeers(
        _ identities: [CertificateFiles],
        expiredMayServe: Bool = false
    ) throws(TLSError) -> TLSContext {
        guard !identities.isEmpty else { throw .library("a server needs a certificate") }
        let context = try TLSContext(
            .server,
            versions: .v12 ... .v13,
            identities: identities,
            expiredMayServe: expiredMayServe,
            isForPeers: true
        )
        for identity in context.identities {
            identity.takeAnyCertificate()
            SSL_CTX_set_alpn_select_cb(identity.pointer, chooseServerProtocol, nil)
        }
        context.chooseIdentityByName()
        return context
    }

    /// The end that connects to another server; it shows the certificate, where there is one.
    package static func connectingPeers(
        _ identity: CertificateFiles?
    ) throws(TLSError) -> TLSContext {
        let context = try TLSContext(
            .client,
            versions: .v12 ... .v13,
            identities: identity.map { [$0] } ?? [],
            isForPeers: true
        )
        context.takeAnyCertificate()
        return context
    }

    private func takeAnyCertificate() {
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        SSL_CTX_set_cert_verify_callback(pointer, takeAny, nil)
        // A resumed session brings no chain along, and streams between servers are few and long.
        lw_ctx_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_options(pointer, lw_option_no_ticket())
        SSL_CTX_set_num_tickets(pointer, 0)
    }
}

private let takeAny: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = {
    store,
    _ in
    X509_STORE_CTX_set_error(store, X509_V_OK)
    return 1
}

/// ALPN (RFC 7301): the protocol of servers (XEP-0368 §3).
private let chooseServerProtocol:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
        UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, chosen, length, offered, offeredLength, _ in
        let offer = UnsafeBufferPointer(start: offered, count: Int(offeredLength))
        return ApplicationProtocol.server.choose(from: offer, chosen, length)
    }
