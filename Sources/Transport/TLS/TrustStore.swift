import COpenSSL
import XMPP

/// The authorities that we trust, and what a certificate is worth by them.
package final class TrustStore: Sendable {
    /// Unchanged after `init`; the library locks what it changes inside.
    nonisolated(unsafe) private let pointer: OpaquePointer

    /// Those of a PEM file, or the system's.
    package init(authorities file: String? = nil) throws(TLSError) {
        OpenSSLErrors.clear()
        pointer = try OpenSSLErrors.check(X509_STORE_new())
        guard let file else {
            try OpenSSLErrors.check(X509_STORE_set_default_paths(pointer))
            return
        }
        _ = try PEMFile.read(file)
        guard X509_STORE_load_file(pointer, file) == 1 else {
            OpenSSLErrors.clear()
            throw .noCertificate(path: file)
        }
    }

    private init(anchor: OpaquePointer) {
        pointer = anchor
    }

    deinit {
        X509_STORE_free(pointer)
    }

    /// A store of one certificate, which need not be a root; nil when there is no memory.
    static func anchored(at certificate: Certificate) -> TrustStore? {
        guard let pointer = X509_STORE_new() else { return nil }
        let store = TrustStore(anchor: pointer)
        guard X509_STORE_add_cert(pointer, certificate.pointer) == 1 else { return nil }
        X509_STORE_set_flags(pointer, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        return store
    }

    /// What a peer's chain is worth for a domain (RFC 9525), at the system's time.
    ///
    /// Authorities have begun to leave the usage of clients out of certificates; that of servers
    /// does for both ends of a stream between servers.
    func verdict(
        of chain: PeerChain,
        for names: [String],
        trust: CertificateTrust = .authority
    ) -> CertificateVerdict {
        guard let leaf = chain.leaf else { return .untrusted("it showed none") }
        guard names.contains(where: leaf.covers) else {
            let covered = leaf.names.isEmpty ? "no domain" : leaf.names.joined(separator: ", ")
            return .untrusted("it is for \(covered)")
        }
        var failure = "it cannot be verified"
        for purpose in [X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT] {
            switch verify(leaf, chain, purpose) {
            case X509_V_OK: return .trusted(trust)
            case X509_V_ERR_INVALID_PURPOSE: failure = "it is not for servers"
            case let error: return .untrusted(Self.words(error, leaf))
            }
        }
        return .untrusted(failure)
    }

    private func verify(_ leaf: Certificate, _ chain: PeerChain, _ purpose: Int32) -> Int32 {
        defer { OpenSSLErrors.clear() }
        guard let context = X509_STORE_CTX_new() else { return X509_V_ERR_OUT_OF_MEM }
        defer { X509_STORE_CTX_free(context) }
        guard X509_STORE_CTX_init(context, pointer, leaf.pointer, chain.others) == 1 else {
            return X509_V_ERR_OUT_OF_MEM
        }
        X509_STORE_CTX_set_purpose(context, purpose)
        X509_STORE_CTX_set_depth(context, PeerChain.depthMax)
        return X509_verify_cert(context) == 1
            ? X509_V_OK : max(X509_STORE_CTX_get_error(context), X509_V_ERR_UNSPECIFIED)
    }

    private static func words(_ error: Int32, _ leaf: Certificate) -> String {
        switch error {
        case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID:
            "it, or one above it, is not valid now (\(leaf.validity))"
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            "it is self-signed"
        default:
            X509_verify_cert_error_string(Int(error)).map { String(cString: $0) }
                ?? "error \(error)"
        }
    }
}

/// What a peer has shown in the handshake: valid while its connection's engine is there.
struct PeerChain {
    /// Certificates above the peer's own that are looked at.
    static let depthMax: Int32 = 10

    /// The peer's own certificate; nil when it showed none.
    let leaf: Certificate?
    /// The others that it sent, owned by the connection.
    let others: OpaquePointer?

    /// All that it sent.
    var certificates: [Certificate] {
        let sent = (0..<lw_chain_count(others)).prefix(Int(Self.depthMax)).compactMap { index in
            lw_chain_at(others, index).flatMap { pointer in
                X509_up_ref(pointer) == 1 ? Certificate(owning: pointer) : nil
            }
        }
        return (leaf.map { [$0] } ?? []) + sent
    }
}

extension TLSEngine {
    /// What the peer has shown.
    var peerChain: PeerChain {
        PeerChain(leaf: peerCertificate, others: SSL_get_peer_cert_chain(ssl))
    }
}
