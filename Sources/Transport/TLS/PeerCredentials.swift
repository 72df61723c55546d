import XMPP

/// What we show to other servers, and whom we believe.
package final class PeerCredentials: Sendable {
    /// For streams that others open.
    let accepting: TLSContext
    /// For streams that we open, by what each shows, in the order of the files.
    private let connecting: [TLSContext]
    let trust: TrustStore

    /// - Parameters:
    ///   - identities: at least one; of each stream the one that is for our domain is shown, else
    ///     the first.
    ///   - authorities: a PEM file; nil for those of the system.
    /// - Throws: what is wrong with which file.
    package init(
        _ identities: [CertificateFiles],
        authorities: String? = nil
    ) throws(TLSError) {
        accepting = try TLSContext.acceptingPeers(identities)
        var contexts: [TLSContext] = []
        for identity in identities { contexts.append(try TLSContext.connectingPeers(identity)) }
        connecting = contexts
        trust = try TrustStore(authorities: authorities)
    }

    /// The context for a stream of that domain of ours.
    func connecting(as domain: String) -> TLSContext? {
        let index = accepting.identity(for: DomainName.encoded(domain) ?? domain) ?? 0
        return connecting.indices.contains(index) ? connecting[index] : connecting.first
    }
}

extension TLSHandler {
    /// What the peer's certificate is worth for the domain that it is to be.
    ///
    /// It may be the host's instead where DNSSEC vouches for the way from the domain to it. The
    /// associations are what signed records say of the host's certificates, if they do.
    func verdict(
        for domain: String,
        at host: String? = nil,
        _ trust: TrustStore,
        _ associations: CertificateAssociations? = nil
    ) -> CertificateVerdict {
        let name = DomainName.encoded(domain) ?? domain
        let names = [name] + (host.map { [$0] } ?? [])
        return associations?.verdict(of: engine.peerChain, for: names)
            ?? trust.verdict(of: engine.peerChain, for: names)
    }

    /// The SHA-256 of the peer's certificate; nil when it showed none.
    var peerFingerprint: [UInt8]? { engine.peerCertificate?.fingerprint.bytes }
}
