import COpenSSL
import Synchronization
import XMPP

/// A version of TLS that we speak.
package enum TLSVersion: Int32, Sendable, Hashable, CaseIterable {
    case v12 = 0x0303
    case v13 = 0x0304
}

/// A certificate chain and its key, each a PEM file.
package struct CertificateFiles: Sendable, Hashable {
    package var chain: String
    package var key: String
    /// The domain that it is shown for, whatever names it has; nil for none in particular.
    package var domain: String?

    package init(chain: String, key: String, domain: String? = nil) {
        self.chain = chain
        self.key = key
        self.domain = domain
    }
}

/// What all TLS connections of one kind have in common: an `SSL_CTX` of one role.
package final class TLSContext: Sendable {
    /// Which end of a connection it makes.
    enum Role: Sendable {
        case server, client
    }

    /// Fixed after `init` but for reference counts and session state, which the library locks.
    nonisolated(unsafe) let pointer: OpaquePointer
    let role: Role
    /// What a server shows; the first one when a client names none of them.
    package let certificates: [Certificate]
    /// The certificate that a client wants to see, if it wants a certain one.
    let pinned: Fingerprint?
    /// Of each certificate.
    private let endPointBindings: [[UInt8]?]
    /// Whether the other end is a server like us: any certificate will do for the handshake, and
    /// what it is worth is looked at after it (``TLSContext/acceptingPeers(_:)``).
    let isForPeers: Bool
    /// Whether a client checks chain and name.
    var verifiesNames: Bool { pinned == nil && !isForPeers }
    /// A server's other identities, in the order of `certificates` without the first.
    private let alternatives: [TLSContext]
    /// Which identity was configured for which domain, by its name in the DNS; 0 is the first.
    private let configured: [String: Int]
    /// A client's newest session by server, for resumption.
    private let sessions = Mutex<[String: TLSSession]>([:])

    /// How many servers a client remembers: ours has one, which an alias or two may name.
    private static let rememberedServers = 8

    init(
        _ role: Role,
        versions: ClosedRange<TLSVersion>,
        identities: [CertificateFiles] = [],
        expiredMayServe: Bool = false,
        pinned: Fingerprint? = nil,
        isForPeers: Bool = false
    ) throws(TLSError) {
        OpenSSLErrors.clear()
        let method = role == .server ? TLS_server_method() : TLS_client_method()
        self.role = role
        self.pinned = pinned
        self.isForPeers = isForPeers
        pointer = try OpenSSLErrors.check(SSL_CTX_new(method))
        var certificates: [Certificate] = []
        var alternatives: [TLSContext] = []
        // Everything that throws comes after the last property is set, so that `deinit` frees.
        var failure: TLSError?
        do throws(TLSError) {
            if let first = identities.first {
                certificates.append(try Self.use(first, in: pointer, evenExpired: expiredMayServe))
            }
            for identity in identities.dropFirst() {
                let other = try TLSContext(
                    role,
                    versions: versions,
                    identities: [identity],
                    expiredMayServe: expiredMayServe,
                    isForPeers: isForPeers
                )
                certificates += other.certificates
                alternatives.append(other)
            }
        } catch {
            failure = error
        }
        self.certificates = certificates
        self.alternatives = alternatives
        configured = Dictionary(
            identities.enumerated().compactMap { index, identity in
                identity.domain.map { (DomainName.encoded($0) ?? $0, index) }
            }
        ) { first, _ in first }
        endPointBindings = certificates.map(\.endPointBinding)
        if let failure { throw failure }
        try Self.setCommon(pointer, versions)
    }

    deinit {
        SSL_CTX_free(pointer)
    }
}

extension TLSVersion: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

// MARK: - What both roles share

extension TLSContext {
    /// Mozilla's intermediate profile: forward secrecy and authenticated encryption only.
    private static let ciphersOf12 = """
        ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
        ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
        ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
        """
    private static let ciphersOf13 =
        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

    private static func setCommon(
        _ pointer: OpaquePointer,
        _ versions: ClosedRange<TLSVersion>
    ) throws(TLSError) {
        try OpenSSLErrors.check(
            lw_ctx_set_protocols(
                pointer,
                versions.lowerBound.rawValue,
                versions.upperBound.rawValue
            )
        )
        try OpenSSLErrors.check(SSL_CTX_set_cipher_list(pointer, ciphersOf12))
        try OpenSSLErrors.check(SSL_CTX_set_ciphersuites(pointer, ciphersOf13))
        try OpenSSLErrors.check(lw_ctx_set_groups(pointer, "X25519:P-256:P-384"))
        // RFC 9325 §3.3 and §3.4 (CVE-2021-32920): neither compression nor renegotiation.
        SSL_CTX_set_options(pointer, lw_options())
        // An idle connection keeps no record buffers: 34 KiB each otherwise.
        lw_ctx_set_mode(pointer, lw_modes())
    }

    /// Puts chain and key into the context, with an error that says which file is to blame.
    private static func use(
        _ files: CertificateFiles,
        in pointer: OpaquePointer,
        evenExpired: Bool
    ) throws(TLSError) -> Certificate {
        let chain = Certificate.chain(pem: try PEMFile.read(files.chain))
        guard let leaf = chain.first else { throw .noCertificate(path: files.chain) }
        guard leaf.isValidNow || evenExpired else {
            throw .notValidNow(path: files.chain, validity: leaf.validity)
        }
        let key = try PrivateKey(path: files.key)
        try OpenSSLErrors.check(SSL_CTX_use_certificate(pointer, leaf.pointer))
        for certificate in chain.dropFirst() {
            try OpenSSLErrors.check(lw_ctx_add1_chain_certificate(pointer, certificate.pointer))
        }
        guard X509_check_private_key(leaf.pointer, key.pointer) == 1 else {
            OpenSSLErrors.clear()
            throw .keyMismatch(certificate: files.chain, key: files.key)
        }
        try OpenSSLErrors.check(SSL_CTX_use_PrivateKey(pointer, key.pointer))
        return leaf
    }
}

// MARK: - Server

extension TLSContext {
    /// A server's context; which identity a connection gets is decided by the name it asks for.
    ///
    /// - Parameters:
    ///   - identities: at least one; the first serves whoever asks for no name or another.
    ///   - versions: what is spoken.
    ///   - expiredMayServe: for tests of clients.
    /// - Returns: the context.
    /// - Throws: what is wrong with which file.
    package static func server(
        _ identities: [CertificateFiles],
        versions: ClosedRange<TLSVersion> = .v12 ... .v13,
        expiredMayServe: Bool = false
    ) throws(TLSError) -> TLSContext {
        guard !identities.isEmpty else { throw .library("a server needs a certificate") }
        let context = try TLSContext(
            .server,
            versions: versions,
            identities: identities,
            expiredMayServe: expiredMayServe
        )
        for identity in context.identities { try setServer(identity.pointer) }
        context.chooseIdentityByName()
        return context
    }

    /// A server's contexts, one for each certificate.
    var identities: [TLSContext] { [self] + alternatives }

    /// Lets the name that a client asks for decide what is shown.
    func chooseIdentityByName() {
        guard !alternatives.isEmpty else { return }
        // The library calls back with this object only while a connection exists, and each
        // connection's engine holds it.
        let argument = Unmanaged.passUnretained(self).toOpaque()
        lw_ctx_set_server_name_callback(pointer, chooseIdentity, argument)
    }

    private static func setServer(_ pointer: OpaquePointer) throws(TLSError) {
        // Tickets hold the session's state: the server stores none.
        lw_ctx_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        let purpose = Array("lapwing".utf8)
        try OpenSSLErrors.check(
            SSL_CTX_set_session_id_context(pointer, purpose, UInt32(purpose.count))
        )
        // One ticket: a client keeps the newest, and each costs it and us some hundred bytes.
        try OpenSSLErrors.check(SSL_CTX_set_num_tickets(pointer, 1))
        SSL_CTX_set_alpn_select_cb(pointer, chooseProtocol, nil)
    }

    /// A server's `tls-server-end-point` binding, the same for every connection that shows that
    /// certificate.
    func endPointBinding(of certificate: OpaquePointer) -> [UInt8]? {
        let index = certificates.firstIndex { $0.pointer == certificate }
        return index.flatMap { endPointBindings[$0] }
    }

    /// The certificate that is shown to who asks for a domain; nil for a client's context.
    ///
    /// The one that was configured for it, else one that names it, else the first.
    package func certificate(for domain: String) -> Certificate? {
        let index = identity(for: DomainName.encoded(domain) ?? domain) ?? 0
        return certificates.indices.contains(index) ? certificates[index] : nil
    }

    /// The place of the identity for a name in the DNS; nil where none is for it.
    func identity(for name: String) -> Int? {
        configured[name] ?? certificates.firstIndex { $0.covers(name) }
    }

    /// Has a connection show the identity for a domain; where none is for it, the one that it has.
    func show(_ domain: String, on ssl: OpaquePointer) {
        guard !alternatives.isEmpty,
            let index = identity(for: DomainName.encoded(domain) ?? domain)
        else { return }
        let identity = index == 0 ? self : alternatives[index - 1]
        SSL_set_SSL_CTX(ssl, identity.pointer)
    }

    /// What the log says of a server's certificates.
    package func describe() -> String {
        certificates.map(\.summary).joined(separator: " | ")
    }
}

/// Server name indication (RFC 6066 §3).
private let chooseIdentity:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?
    ) -> Int32 = { ssl, _, argument in
        guard let ssl, let argument,
            let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)
        else { return SSL_TLSEXT_ERR_NOACK }
        let context = Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
        context.show(String(cString: name), on: ssl)
        return SSL_TLSEXT_ERR_OK
    }

/// ALPN (RFC 7301): our protocol, where the client knows of protocols at all (XEP-0368 §3).
private let chooseProtocol:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
        UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, chosen, length, offered, offeredLength, _ in
        let offer = UnsafeBufferPointer(start: offered, count: Int(offeredLength))
        return ApplicationProtocol.client.choose(from: offer, chosen, length)
    }

// MARK: - Client

extension TLSContext {
    /// A client's context.
    ///
    /// - Parameters:
    ///   - verification: how a server proves to be the right one.
    ///   - versions: what is spoken.
    /// - Returns: the context.
    /// - Throws: what is wrong with the authorities' file or the fingerprint.
    package static func client(
        _ verification: ClientConfiguration.Verification,
        versions: ClosedRange<TLSVersion> = .v12 ... .v13
    ) throws(TLSError) -> TLSContext {
        var pinned: Fingerprint?
        if case .fingerprint(let text) = verification { pinned = try Fingerprint(text) }
        let context = try TLSContext(.client, versions: versions, pinned: pinned)
        let pointer = context.pointer
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        switch verification {
        case .system:
            try OpenSSLErrors.check(SSL_CTX_set_default_verify_paths(pointer))
        case .authorities(let file):
            _ = try PEMFile.read(file)
            guard SSL_CTX_load_verify_file(pointer, file) == 1 else {
                OpenSSLErrors.clear()
                throw .noCertificate(path: file)
            }
        case .fingerprint:
            SSL_CTX_set_cert_verify_callback(pointer, verifyPinned, nil)
        }
        // Our own store of sessions: the library's would mix servers.
        let mode = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
        lw_ctx_set_session_cache_mode(pointer, Int(mode))
        SSL_CTX_sess_set_new_cb(pointer, keepSession)
        return context
    }

    /// Remembers a session for the next connection to that server.
    func keep(_ session: TLSSession, for server: String) {
        sessions.withLock { sessions in
            if sessions.count >= Self.rememberedServers, sessions[server] == nil {
                sessions.removeAll()
            }
            sessions[server] = session
        }
    }

    /// The session for that server.
    ///
    /// One of TLS 1.3 is for one use (RFC 8446 §C.4), and every
    /// connection brings another; one of TLS 1.2 stays.
    func session(for server: String) -> TLSSession? {
        sessions.withLock { sessions in
            guard let session = sessions[server] else { return nil }
            if SSL_SESSION_get_protocol_version(session.pointer) == TLSVersion.v13.rawValue {
                sessions[server] = nil
            }
            return session
        }
    }

    /// Drops the session for that server, which may be what a handshake failed of.
    func forgetSession(for server: String) {
        sessions.withLock { $0[server] = nil }
    }
}

/// A session that can be resumed.
final class TLSSession: Sendable {
    /// Reference counted by the library, under its own lock.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// Takes over one reference.
    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        SSL_SESSION_free(pointer)
    }
}

/// Called with each new session; 1 says that the reference is taken over.
private let keepSession: @convention(c) (OpaquePointer?, OpaquePointer?) -> Int32 = {
    ssl,
    session in
    guard let session, let engine = TLSEngine.of(ssl) else { return 0 }
    engine.keep(TLSSession(owning: session))
    return 1
}

/// Instead of the chain's verification: the fingerprint, and the dates all the same.
private let verifyPinned: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = {
    store,
    _ in
    let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())
    guard let leaf = X509_STORE_CTX_get0_cert(store),
        let engine = TLSEngine.of(ssl.map { OpaquePointer($0) }),
        X509_up_ref(leaf) == 1
    else { return 0 }
    guard let refusal = engine.refusal(of: Certificate(owning: leaf)) else {
        X509_STORE_CTX_set_error(store, X509_V_OK)
        return 1
    }
    engine.refusal = refusal
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
    return 0
}
