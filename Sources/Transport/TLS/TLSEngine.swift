import COpenSSL
import NIOCore
import XMPP

/// One TLS connection without its socket: bytes of the wire in and out, plaintext in and out.
///
/// Confined to the connection's event loop. The library reads from and writes to this object's own
/// buffers, which are empty between two reads: an idle connection holds no memory for them.
///
/// States, in order: handshaking, open, then closed by the peer or failed. What is written before
/// it is open is refused; what arrives after a goodbye or a failure is ignored.
final class TLSEngine {
    /// Which end this is; a client says whom it wants to reach.
    enum Role {
        /// `name` is the domain that is wanted, where that is known already.
        case server(name: String?)
        /// `sendsProtocol` is for TLS from the first byte, which is where ALPN has its use.
        case client(server: String, sendsProtocol: Bool)
    }

    private enum Phase {
        case handshaking, open, closed, failed
    }

    /// What came of some bytes.
    struct Progress {
        /// The handshake has just ended.
        var isOpened = false
        /// The peer has said that it sends nothing more.
        var isClosed = false
    }

    let context: TLSContext
    let ssl: OpaquePointer
    private let serverName: String?
    private var phase = Phase.handshaking
    private var hasSaidGoodbye = false
    /// Bytes of the wire that the library has not read; empty between two calls.
    fileprivate var inbound = ByteBuffer()
    /// Bytes for the wire.
    fileprivate var outbound = ByteBuffer()
    /// Why the peer's certificate was refused, when it was a matter of its fingerprint or dates.
    var refusal: TLSError?

    init(_ context: TLSContext, role: Role) throws(TLSError) {
        OpenSSLErrors.clear()
        self.context = context
        ssl = try OpenSSLErrors.check(SSL_new(context.pointer))
        switch role {
        case .server(let name):
            serverName = nil
            SSL_set_accept_state(ssl)
            if let name { context.show(name, on: ssl) }
        case .client(let server, _):
            serverName = server
            SSL_set_connect_state(ssl)
        }
        let this = Unmanaged.passUnretained(self).toOpaque()
        try OpenSSLErrors.check(SSL_set_ex_data(ssl, 0, this))
        let bio = try OpenSSLErrors.check(BIO_new(WireBIO.method))
        BIO_set_data(bio, this)
        BIO_set_init(bio, 1)
        // One BIO for both directions: the library takes over its one reference.
        SSL_set_bio(ssl, bio, bio)
        if case .client(let server, let sendsProtocol) = role {
            try setUpClient(server, sendsProtocol)
        }
    }

    deinit {
        SSL_free(ssl)
    }

    /// The engine that drives a connection; only valid within a call of the library.
    static func of(_ ssl: OpaquePointer?) -> TLSEngine? {
        guard let ssl, let this = SSL_get_ex_data(ssl, 0) else { return nil }
        return Unmanaged<TLSEngine>.fromOpaque(this).takeUnretainedValue()
    }

    /// Whether plaintext can be written.
    var isOpen: Bool { phase == .open }

    /// Whether the handshake goes on.
    var isHandshaking: Bool { phase == .handshaking }

    /// Whether the peer needs nothing of what the end of the handshake left to send: only tickets.
    var mayWait: Bool {
        context.role == .server && SSL_version(ssl) == TLSVersion.v13.rawValue
    }

    /// Whether the peer has said goodbye, so that an end of the connection is no truncation.
    var isClosedByPeer: Bool { phase == .closed }
}

// MARK: - Client

extension TLSEngine {
    private func setUpClient(_ server: String, _ sendsProtocol: Bool) throws(TLSError) {
        let isAddress = Address.bytes(server) != nil
        if !isAddress { try OpenSSLErrors.check(lw_set_server_name(ssl, server)) }
        if context.verifiesNames {
            let parameters = SSL_get0_param(ssl)
            if isAddress {
                try OpenSSLErrors.check(X509_VERIFY_PARAM_set1_ip_asc(parameters, server))
            } else {
                // RFC 9525 §6.3: no common names, wildcards for whole labels only.
                let flags =
                    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS
                X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(flags))
                try OpenSSLErrors.check(X509_VERIFY_PARAM_set1_host(parameters, server, 0))
            }
        }
        if sendsProtocol {
            let list =
                context.isForPeers
                ? ApplicationProtocol.server.list : ApplicationProtocol.client.list
            // This one returns 0 for success.
            guard SSL_set_alpn_protos(ssl, list, UInt32(list.count)) == 0 else {
                throw OpenSSLErrors.failure()
            }
        }
        if let session = context.session(for: server) {
            SSL_set_session(ssl, session.pointer)
        }
    }

    /// Remembers a session for the next connection to the same server.
    func keep(_ session: TLSSession) {
        guard let serverName else { return }
        context.keep(session, for: serverName)
    }

    /// Why a certificate is not the one that the client was told to expect; nil when it is.
    func refusal(of certificate: Certificate) -> TLSError? {
        guard let pinned = context.pinned else { return nil }
        let seen = certificate.fingerprint
        guard constantTimeEqual(seen.bytes, pinned.bytes) else {
            return .verification("its fingerprint is \(seen), expected was \(pinned)")
        }
        guard certificate.isValidNow else {
            return .verification("it is not valid now: \(certificate.validity)")
        }
        return nil
    }

    /// The peer's certificate.
    var peerCertificate: Certificate? {
        SSL_get1_peer_certificate(ssl).map { Certificate(owning: $0) }
    }
}

// MARK: - Bytes

extension TLSEngine {
    /// Begins the handshake: a client has something to say at once.
    func start() throws(TLSError) {
        _ = try handshake()
    }

    /// Takes bytes from the wire and adds what they mean to `plaintext`.
    func receive(_ bytes: ByteBuffer, into plaintext: inout ByteBuffer) throws(TLSError) -> Progress
    {
        var progress = Progress()
        guard phase == .handshaking || phase == .open else { return progress }
        inbound = bytes
        // Nothing is kept: what the library did not read comes after a goodbye or a failure.
        defer { inbound = ByteBuffer() }
        if phase == .handshaking {
            progress.isOpened = try handshake()
        }
        guard phase == .open else { return progress }
        try decrypt(into: &plaintext)
        progress.isClosed = phase == .closed
        return progress
    }

    /// Encrypts; a piece of more than 16 KiB becomes several records.
    func write(_ plaintext: UnsafeRawBufferPointer) throws(TLSError) {
        guard phase == .open || phase == .closed, !hasSaidGoodbye, !plaintext.isEmpty else {
            return
        }
        OpenSSLErrors.clear()
        var written = 0
        // The BIO takes everything, so the library never asks to be called again.
        guard SSL_write_ex(ssl, plaintext.baseAddress, plaintext.count, &written) == 1 else {
            phase = .failed
            throw .broken(OpenSSLErrors.take())
        }
    }

    /// Says goodbye, once, if there is somebody to say it to.
    func close() {
        guard phase == .open || phase == .closed, !hasSaidGoodbye else { return }
        hasSaidGoodbye = true
        OpenSSLErrors.clear()
        SSL_shutdown(ssl)
        OpenSSLErrors.clear()
    }

    /// Hands over what is to be sent.
    func takeOutbound() -> ByteBuffer? {
        guard outbound.readableBytes > 0 else { return nil }
        defer { outbound = ByteBuffer() }
        return outbound
    }

    private func handshake() throws(TLSError) -> Bool {
        OpenSSLErrors.clear()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            if let refusal = resumptionRefusal() {
                phase = .failed
                if let serverName { context.forgetSession(for: serverName) }
                throw refusal
            }
            phase = .open
            return true
        }
        guard SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ else { return false }
        phase = .failed
        if let serverName { context.forgetSession(for: serverName) }
        throw handshakeFailure()
    }

    /// A resumed session brings its certificate along, whose days may be over by now.
    private func resumptionRefusal() -> TLSError? {
        guard context.role == .client, SSL_session_reused(ssl) == 1 else { return nil }
        guard let certificate = peerCertificate else { return .verification("there is none") }
        guard certificate.isValidNow else {
            return .verification("it is not valid now: \(certificate.validity)")
        }
        return refusal(of: certificate)
    }

    private func handshakeFailure() -> TLSError {
        defer { OpenSSLErrors.clear() }
        if let refusal { return refusal }
        let result = SSL_get_verify_result(ssl)
        guard context.role == .client, result != X509_V_OK else {
            return .handshake(OpenSSLErrors.take())
        }
        let words = X509_verify_cert_error_string(result).map { String(cString: $0) }
        let names = serverName.map { " for \($0)" } ?? ""
        return .verification("\(words ?? "error \(result)")\(names)")
    }

    private func decrypt(into plaintext: inout ByteBuffer) throws(TLSError) {
        // Plaintext is shorter than its records, so one turn mostly suffices.
        plaintext.reserveCapacity(minimumWritableBytes: max(inbound.readableBytes, 512))
        while phase == .open {
            OpenSSLErrors.clear()
            var result: Int32 = 0
            plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: 512) { space in
                var count = 0
                result = SSL_read_ex(ssl, space.baseAddress, space.count, &count)
                return result == 1 ? count : 0
            }
            if result != 1 { return try readEnded(SSL_get_error(ssl, result)) }
        }
    }

    private func readEnded(_ reason: Int32) throws(TLSError) {
        switch reason {
        case SSL_ERROR_WANT_READ: return
        case SSL_ERROR_ZERO_RETURN: phase = .closed
        default:
            phase = .failed
            throw .broken(OpenSSLErrors.take())
        }
    }
}

// MARK: - The library's view of the buffers

/// A BIO whose bytes are an engine's buffers.
private enum WireBIO {
    /// Made once and never freed; unchanged after that, so it may be shared between threads.
    nonisolated(unsafe) static let method: OpaquePointer? = {
        let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let method = BIO_meth_new(type, "lapwing wire") else { return nil }
        BIO_meth_set_read_ex(method, read)
        BIO_meth_set_write_ex(method, write)
        BIO_meth_set_ctrl(method, control)
        return method
    }()

    /// The engine keeps the BIO's `SSL` alive and outlives it, so the pointer is good.
    private static func engine(_ bio: OpaquePointer?) -> TLSEngine? {
        BIO_get_data(bio).map { Unmanaged<TLSEngine>.fromOpaque($0).takeUnretainedValue() }
    }

    private static let read:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<CChar>?, Int, UnsafeMutablePointer<Int>?
        ) -> Int32 = { bio, destination, capacity, count in
            lw_bio_clear_retry(bio)
            guard let engine = engine(bio), let destination else { return 0 }
            let size = min(capacity, engine.inbound.readableBytes)
            guard size > 0 else {
                lw_bio_set_retry_read(bio)
                return 0
            }
            engine.inbound.readWithUnsafeReadableBytes { bytes in
                UnsafeMutableRawPointer(destination).copyMemory(
                    from: bytes.baseAddress ?? UnsafeRawPointer(destination),
                    byteCount: size
                )
                return size
            }
            count?.pointee = size
            return 1
        }

    private static let write:
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, Int, UnsafeMutablePointer<Int>?
        ) -> Int32 = { bio, source, size, count in
            lw_bio_clear_retry(bio)
            guard let engine = engine(bio), let source else { return 0 }
            engine.outbound.writeBytes(UnsafeRawBufferPointer(start: source, count: size))
            count?.pointee = size
            return 1
        }

    private static let control:
        @convention(c) (OpaquePointer?, Int32, Int, UnsafeMutableRawPointer?) -> Int = {
            _,
            command,
            _,
            _ in
            // Flushing is what the library insists on; there is nothing to do for it.
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
}
