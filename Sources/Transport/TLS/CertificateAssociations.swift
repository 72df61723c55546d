import COpenSSL
import XMPP

/// The certificates that a domain's signed records allow for one of its hosts (DANE, RFC 7673).
struct CertificateAssociations: Sendable {
    /// Of usages 2 and 3: the others add to what the authorities say, which is not asked here
    /// (RFC 7671 §4).
    private let usable: [CertificateAssociation]
    /// Why there are no records that can be believed.
    private let unknown: String?

    /// Nil where no record can be used: then there is no DANE for the host (RFC 7673 §4.1).
    init?(_ records: [CertificateAssociation]) {
        usable = records.filter { record in
            (2...3).contains(record.usage) && record.selector <= 1 && record.matching <= 2
        }
        if usable.isEmpty { return nil }
        unknown = nil
    }

    /// Where the records could not be had: then no certificate is good.
    init(unknown why: String) {
        usable = []
        unknown = why
    }

    /// What a chain is worth for one of the names: the domain's, or its host's.
    func verdict(of chain: PeerChain, for names: [String]) -> CertificateVerdict {
        if let unknown {
            return .undecided("its DNS does not say which certificate is the right one: \(unknown)")
        }
        guard let leaf = chain.leaf else { return .refused("it showed none") }
        // RFC 7671 §5.1: the record stands for name and dates as well.
        if usable.contains(where: { $0.usage == 3 && $0.matches(leaf) }) { return .trusted(.dane) }
        var refusal = "it is none of those that the domain's DNS names"
        let anchors = usable.filter { $0.usage == 2 }
        for certificate in chain.certificates
        where anchors.contains(where: { $0.matches(certificate) }) {
            switch TrustStore.anchored(at: certificate)?
                .verdict(of: chain, for: names, trust: .dane)
            {
            case .trusted(let trust)?: return .trusted(trust)
            case .untrusted(let why)?: refusal = "the domain's DNS names its authority, but \(why)"
            case .refused?, .undecided?, nil: break
            }
        }
        return .refused(refusal)
    }
}

extension CertificateAssociation {
    /// RFC 6698 §2.1: what is compared, and in which form.
    fileprivate func matches(_ certificate: Certificate) -> Bool {
        let bytes = selector == 0 ? certificate.encoded : certificate.encodedKey
        guard !bytes.isEmpty else { return false }
        switch matching {
        case 0: return data == bytes
        case 1: return data == Digest.sha256(bytes)
        case 2: return data == Digest.sha512(bytes)
        default: return false
        }
    }
}

extension Certificate {
    /// Its public key in its binary form (SubjectPublicKeyInfo, DER).
    fileprivate var encodedKey: [UInt8] {
        guard let key = X509_get_X509_PUBKEY(pointer) else { return [] }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509_PUBKEY(key, &bytes)
        defer { lw_free(bytes) }
        guard count > 0, let bytes else { return [] }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}
