import Testing

@testable import Transport

/// Which of a server's certificates a client is shown.
@Suite struct DomainCertificateTests {
    private let certificates: TestCertificates
    private let made: [String: TestCertificates.Made]
    private let server: TLSContext

    /// `one.test` and `two.test` each have one of their own, and what that of `two.test` names is
    /// something else; `three.test` is named by the third, of `four.test`.
    init() throws {
        certificates = try TestCertificates()
        var made: [String: TestCertificates.Made] = [:]
        for (domain, names) in [
            ("one.test", ["one.test", "two.test"]), ("two.test", ["elsewhere.test"]),
            ("four.test", ["four.test", "three.test", "*.three.test"]),
        ] {
            made[domain] = try certificates.make(names)
            made[domain]?.files.domain = domain
        }
        self.made = made
        let files = ["one.test", "two.test", "four.test"].compactMap { made[$0]?.files }
        server = try .server(files)
    }

    /// Whether a client that asks for a name by the handshake, where it is no address, and a server
    /// that knows `wanted` before, come to the certificate of a domain.
    private func isShown(_ domain: String, to name: String, wanted: String? = nil) throws -> Bool {
        let fingerprint = try #require(made[domain]).fingerprint.description
        let pair = try TLSPair(
            server: server,
            client: .client(.fingerprint(fingerprint)),
            name: name,
            wanted: wanted
        )
        try pair.exchange()
        return pair.clientSees.opened != nil && pair.clientError == nil
    }

    @Test(arguments: [
        ("one.test", "one.test"), ("two.test", "two.test"), ("TWO.test", "two.test"),
        ("four.test", "four.test"), ("three.test", "four.test"), ("a.three.test", "four.test"),
        ("elsewhere.test", "two.test"), ("unknown.test", "one.test"), ("127.0.0.1", "one.test"),
    ])
    func choosesByTheNameInTheHandshake(name: String, domain: String) throws {
        for other in made.keys {
            #expect(try isShown(other, to: name) == (other == domain))
        }
    }

    /// With STARTTLS the stream's header came before; some clients name nothing in the handshake.
    @Test(arguments: [
        ("127.0.0.1", "two.test", "two.test"), ("127.0.0.1", "three.test", "four.test"),
        ("127.0.0.1", "unknown.test", "one.test"), ("unknown.test", "two.test", "two.test"),
        ("one.test", "two.test", "one.test"), ("two.test", "one.test", "two.test"),
    ])
    func choosesByTheStreamsHeader(name: String, wanted: String, domain: String) throws {
        for other in made.keys {
            #expect(try isShown(other, to: name, wanted: wanted) == (other == domain))
        }
    }

    @Test func theOnlyCertificateIsForAll() throws {
        let only = try #require(made["two.test"])
        let pair = try TLSPair(
            server: .server([only.files]),
            client: .client(.fingerprint(only.fingerprint.description)),
            name: "one.test",
            wanted: "three.test"
        )
        try pair.exchange()
        #expect(pair.clientSees.opened != nil)
    }

    @Test func saysWhichDomainHasWhichCertificate() {
        let domains = ["one.test", "two.test", "three.test", "four.test", "five.test"]
        let lines = server.summaries(of: domains)
        #expect(lines.count == 5)
        #expect(lines[0].hasPrefix("one.test: certificate for one.test, two.test; valid from"))
        #expect(lines[2].hasPrefix("three.test: certificate for four.test, three.test, *.three"))
        let warnings = server.warnings(of: domains)
        #expect(warnings.count == 2)
        #expect(warnings[0].hasPrefix("two.test: no certificate names it; it is shown the one for"))
        #expect(warnings[0].contains("elsewhere.test"))
        #expect(warnings[1].hasPrefix("five.test: no certificate names it"))
    }

    @Test func knowsInternationalDomains() throws {
        var files = try certificates.make(["xn--bcher-kva.test"]).files
        files.domain = "bücher.test"
        let first = try #require(made["one.test"]).files
        let context = try TLSContext.server([first, files])
        #expect(context.certificate(for: "bücher.test")?.names == ["xn--bcher-kva.test"])
        #expect(context.certificate(for: "xn--bcher-kva.test")?.names == ["xn--bcher-kva.test"])
        #expect(context.warnings(of: ["bücher.test"]).isEmpty)
    }
}
