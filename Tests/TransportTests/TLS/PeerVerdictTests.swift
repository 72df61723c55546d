import Testing
import XMPP

@testable import Transport

/// What a server that shows itself to another is worth to it.
@Suite("A peer's certificate")
struct PeerVerdictTests {
    private let certificates: TestCertificates

    init() throws {
        certificates = try TestCertificates()
    }

    /// Both ends of an open connection between two servers.
    private func pair(
        accepting: TestCertificates.Made,
        connecting: TestCertificates.Made? = nil,
        expiredMayServe: Bool = false
    ) throws -> TLSPair {
        let pair = try TLSPair(
            server: .acceptingPeers([accepting.files], expiredMayServe: expiredMayServe),
            client: .connectingPeers(connecting?.files)
        )
        try pair.exchange()
        #expect(pair.clientSees.opened != nil)
        #expect(pair.serverSees.opened != nil)
        return pair
    }

    private func trust(_ certificate: TestCertificates.Made) throws -> TrustStore {
        try TrustStore(authorities: certificate.files.chain)
    }

    @Test func isTrustedForItsNamesAlone() throws {
        let one = try certificates.make(["one.test"])
        let two = try certificates.make(["two.test"])
        let pair = try pair(accepting: one, connecting: two)
        #expect(pair.clientTLS.verdict(for: "one.test", try trust(one)) == .trusted(.authority))
        #expect(pair.serverTLS.verdict(for: "two.test", try trust(two)) == .trusted(.authority))
        #expect(
            pair.serverTLS.verdict(for: "one.test", try trust(two))
                == .untrusted("it is for two.test")
        )
        #expect(pair.serverTLS.peerFingerprint == two.fingerprint.bytes)
    }

    @Test func isWorthNothingWithoutAnAuthority() throws {
        let one = try certificates.make(["one.test"])
        let other = try certificates.make(["one.test"])
        let pair = try pair(accepting: one)
        #expect(
            pair.clientTLS.verdict(for: "one.test", try trust(other))
                == .untrusted("it is self-signed")
        )
        #expect(
            pair.serverTLS.verdict(for: "two.test", try trust(other))
                == .untrusted("it showed none")
        )
        #expect(pair.serverTLS.peerFingerprint == nil)
    }

    @Test func isWorthNothingWhenItHasExpired() throws {
        let old = try certificates.make(["one.test"], days: 10, age: 20)
        let pair = try pair(accepting: old, expiredMayServe: true)
        guard
            case .untrusted(let why) = pair.clientTLS.verdict(for: "one.test", try trust(old))
        else {
            Issue.record("an expired certificate was taken")
            return
        }
        #expect(why.contains("not valid now"))
    }

    // MARK: DANE

    /// A TLSA record.
    private func record(
        _ usage: UInt8,
        _ selector: UInt8,
        _ matching: UInt8,
        _ data: [UInt8]
    ) throws -> CertificateAssociation {
        try #require(CertificateAssociation(data: [usage, selector, matching] + data))
    }

    @Test func isWhatSignedRecordsNameWhateverTheAuthoritiesSay() throws {
        // Another name, and expired: the record stands for both (RFC 7671 §5.1).
        let old = try certificates.make(["other.test"], days: 10, age: 20)
        let stranger = try trust(try certificates.make())
        let pair = try pair(accepting: old, expiredMayServe: true)
        let leaf = try Certificate.read(path: old.files.chain)
        for (matching, data) in [
            (UInt8(0), leaf.encoded), (1, Digest.sha256(leaf.encoded)),
            (2, Digest.sha512(leaf.encoded)),
        ] {
            let records = [try record(3, 0, matching, data)]
            let associations = try #require(CertificateAssociations(records))
            #expect(
                pair.clientTLS.verdict(for: "one.test", stranger, associations)
                    == .trusted(.dane)
            )
        }
    }

    @Test func isNothingElseWhereThereAreSignedRecords() throws {
        let one = try certificates.make(["one.test"])
        let pair = try pair(accepting: one)
        let wrong = [try record(3, 1, 1, [UInt8](repeating: 7, count: 32))]
        let associations = try #require(CertificateAssociations(wrong))
        // An authority would have taken it.
        guard
            case .refused = pair.clientTLS.verdict(for: "one.test", try trust(one), associations)
        else {
            Issue.record("a certificate was taken that DNSSEC does not name")
            return
        }
        guard
            case .undecided(let why) = pair.clientTLS.verdict(
                for: "one.test",
                try trust(one),
                CertificateAssociations(unknown: "no answer")
            )
        else {
            Issue.record("who drops the answer gains by it")
            return
        }
        #expect(why.contains("no answer"))
    }

    @Test func mayHaveItsAuthorityNamedByRecords() throws {
        let one = try certificates.make(["one.test"])
        let pair = try pair(accepting: one)
        let leaf = try Certificate.read(path: one.files.chain)
        let records = [try record(2, 0, 1, Digest.sha256(leaf.encoded))]
        let associations = try #require(CertificateAssociations(records))
        let store = try trust(try certificates.make())
        #expect(
            pair.clientTLS.verdict(for: "one.test", store, associations) == .trusted(.dane)
        )
        // Unlike that of the certificate itself, this record does not stand for the name.
        #expect(
            pair.clientTLS.verdict(for: "two.test", store, associations)
                == .refused("the domain's DNS names its authority, but it is for one.test")
        )
        #expect(
            pair.clientTLS.verdict(for: "two.test", at: "one.test", store, associations)
                == .trusted(.dane)
        )
    }

    @Test func mayBeOfTheHostThatSignedRecordsLeadTo() throws {
        let host = try certificates.make(["host.test"])
        let pair = try pair(accepting: host)
        let store = try trust(host)
        #expect(
            pair.clientTLS.verdict(for: "one.test", at: "host.test", store)
                == .trusted(.authority)
        )
        #expect(
            pair.clientTLS.verdict(for: "one.test", store) == .untrusted("it is for host.test")
        )
    }

    @Test func needsNoDANEWhereNoRecordIsOfUse() throws {
        #expect(CertificateAssociations([try record(0, 0, 1, [1])]) == nil)
        #expect(CertificateAssociations([try record(3, 9, 1, [1])]) == nil)
        #expect(CertificateAssociations([]) == nil)
    }
}
