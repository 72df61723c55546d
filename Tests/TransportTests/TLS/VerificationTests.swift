import NIOCore
import Testing

@testable import Transport

@Suite struct VerificationTests {
    let certificates = try? TestCertificates()

    private func error(
        serving made: TestCertificates.Made,
        trusting verification: ClientConfiguration.Verification,
        name: String = "example.org",
        versions: ClosedRange<TLSVersion> = .v12 ... .v13
    ) throws -> TLSError? {
        let pair = try TLSPair(
            server: .server([made.files], versions: versions, expiredMayServe: true),
            client: .client(verification),
            name: name
        )
        try pair.exchange()
        #expect((pair.clientError == nil) == (pair.clientSees.opened != nil))
        return pair.clientError
    }

    @Test(arguments: ["example.org", "a.wild.example", "127.0.0.1", "::1", "EXAMPLE.org"])
    func acceptsTheRightName(name: String) throws {
        let made = try #require(certificates)
            .make(["example.org", "*.wild.example", "127.0.0.1", "::1"])
        let found = try error(
            serving: made,
            trusting: .authorities(file: made.files.chain),
            name: name
        )
        #expect(found == nil)
    }

    @Test(arguments: [
        "example.com", "sub.example.org", "wild.example", "a.b.wild.example", "127.0.0.2",
        "example.org.evil.example",
    ])
    func refusesAnotherName(name: String) throws {
        let made = try #require(certificates).make(["example.org", "*.wild.example", "127.0.0.1"])
        let found = try error(
            serving: made,
            trusting: .authorities(file: made.files.chain),
            name: name
        )
        guard case .verification(let text)? = found else {
            Issue.record("\(String(describing: found))")
            return
        }
        #expect(text.contains(name))
    }

    @Test func readsNoCommonName() throws {
        // The subject's common name is the first name, but the name list is what counts.
        let made = try #require(certificates).make(["f*.example", "other.example"])
        let found = try error(
            serving: made,
            trusting: .authorities(file: made.files.chain),
            name: "foo.example"
        )
        #expect(found != nil)
    }

    @Test(arguments: TLSVersion.allCases)
    func refusesAStrangersCertificate(version: TLSVersion) throws {
        let made = try #require(certificates).make()
        let other = try #require(certificates).make()
        #expect(
            try error(
                serving: made,
                trusting: .authorities(file: other.files.chain),
                versions: version...version
            ) != nil
        )
        #expect(try error(serving: made, trusting: .system, versions: version...version) != nil)
    }

    @Test(arguments: TLSVersion.allCases)
    func refusesAnotherFingerprint(version: TLSVersion) throws {
        let made = try #require(certificates).make()
        let other = try #require(certificates).make().fingerprint
        let found = try error(
            serving: made,
            trusting: .fingerprint(other.description),
            versions: version...version
        )
        #expect(
            found
                == .verification("its fingerprint is \(made.fingerprint), expected was \(other)")
        )
    }

    @Test func pinsWhateverTheNameIs() throws {
        let made = try #require(certificates).make(["other.example"])
        let pin = made.fingerprint.description.uppercased()
        #expect(try error(serving: made, trusting: .fingerprint(pin)) == nil)
    }

    @Test func refusesWhatIsExpired() throws {
        let made = try #require(certificates).make(days: 5, age: 10)
        for verification: ClientConfiguration.Verification in [
            .authorities(file: made.files.chain), .fingerprint(made.fingerprint.description),
        ] {
            guard case .verification? = try error(serving: made, trusting: verification) else {
                Issue.record("accepted")
                return
            }
        }
    }

    @Test func refusesWhatIsNotYetValid() throws {
        let made = try #require(certificates).make(days: 5, age: -2)
        let pin = made.fingerprint.description
        #expect(try error(serving: made, trusting: .fingerprint(pin)) != nil)
    }
}

/// What is wrong with files is said with their names.
@Suite struct TLSContextTests {
    let certificates = try? TestCertificates()

    private func files() throws -> TestCertificates { try #require(certificates) }

    @Test func tellsAMissingFile() throws {
        let path = try files().directory + "/none.pem"
        #expect(
            throws: TLSError.unreadable(path: path, reason: "No such file or directory")
        ) {
            try TLSContext.server([CertificateFiles(chain: path, key: path)])
        }
        #expect(throws: TLSError.self) { try TLSContext.client(.authorities(file: path)) }
    }

    @Test func tellsAFileWithoutACertificate() throws {
        let made = try files().make().files
        #expect(throws: TLSError.noCertificate(path: made.key)) {
            try TLSContext.server([CertificateFiles(chain: made.key, key: made.key)])
        }
        #expect(throws: TLSError.noCertificate(path: made.key)) {
            try TLSContext.client(.authorities(file: made.key))
        }
    }

    @Test func tellsAKeyOfAnother() throws {
        let one = try files().make().files
        let other = try files().make().files
        #expect(throws: TLSError.keyMismatch(certificate: one.chain, key: other.key)) {
            try TLSContext.server([CertificateFiles(chain: one.chain, key: other.key)])
        }
    }

    @Test func tellsAFileWithoutAKey() throws {
        let made = try files().make().files
        let path = try files().write("nothing", "nothing.key")
        #expect(throws: TLSError.self) {
            try TLSContext.server([CertificateFiles(chain: made.chain, key: path)])
        }
        let locked =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n"
        let lockedPath = try files().write(locked, "locked.key")
        #expect(throws: TLSError.noKey(path: lockedPath, reason: "it wants a passphrase")) {
            try TLSContext.server([CertificateFiles(chain: made.chain, key: lockedPath)])
        }
    }

    @Test func tellsAnExpiredCertificate() throws {
        let made = try files().make(days: 5, age: 10).files
        let error = #expect(throws: TLSError.self) { try TLSContext.server([made]) }
        let text = try #require(error).description
        #expect(text.contains(made.chain))
        #expect(text.contains(" until "))
    }

    @Test(arguments: ["", "abc", "zz", String(repeating: "a", count: 63)])
    func refusesABadFingerprint(text: String) {
        #expect(throws: TLSError.badFingerprint(text)) { try Fingerprint(text) }
    }

    @Test func readsAFingerprintWithColons() throws {
        let plain = String(repeating: "ab", count: 32)
        let colons = Array(repeating: "AB", count: 32).joined(separator: ":")
        #expect(try Fingerprint(plain) == Fingerprint(colons))
    }

    @Test func describesItsCertificates() throws {
        let made = try files().make(["example.org", "::1", "127.0.0.1"])
        let text = try TLSContext.server([made.files]).describe()
        #expect(text.contains("example.org, ::1, 127.0.0.1; valid from "))
        #expect(text.contains(" until "))
    }

    @Test func givesLaterConnectionsTheNewCertificate() throws {
        let first = try files().make()
        let second = try files().make()
        let box = TLSContextBox(try .server([first.files]))
        box.replace(with: try .server([second.files]))
        let client = try TLSContext.client(.fingerprint(second.fingerprint.description))
        let pair = try TLSPair(server: box.current, client: client)
        try pair.exchange()
        #expect(pair.clientSees.opened != nil)
    }

    @Test(arguments: [[], [""], ["two words"], ["a,DNS:b"], [String(repeating: "a", count: 254)]])
    func refusesNamesThatAreNone(names: [String]) {
        #expect(throws: TLSError.self) {
            try SelfSignedCertificate.make(
                names: names,
                days: 1,
                start: TestCertificates.now
            )
        }
    }
}
