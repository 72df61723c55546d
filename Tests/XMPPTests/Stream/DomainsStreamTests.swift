import Testing

@testable import XMPP

/// The server's stream where several domains are served at once.
@Suite struct DomainsStreamTests {
    private static let other = "example.net"
    private static let others: Set = [other, "example.com"]

    private static func configuration(
        _ security: ServerStream.Security = .plain
    ) -> ServerStream.Configuration {
        var configuration = Fixture.serverConfiguration(security)
        configuration.others = others
        return configuration
    }

    /// The header that the stream answers with.
    private static func header(_ action: ServerStream.Action) -> StreamHeader? {
        guard case .open(let header, _) = action else { return nil }
        return header
    }

    @Test(arguments: [Fixture.domain, "example.net", "example.com", "EXAMPLE.NET"])
    func answersAsTheDomainThatTheHeaderNames(domain: String) {
        var stream = ServerStream(Self.configuration())
        #expect(stream.domain == nil)
        #expect(Self.header(stream.opened(Fixture.header(to: domain)))?.from == domain.lowercased())
        #expect(stream.domain == domain.lowercased())
    }

    @Test(arguments: ["example.edu", "pubsub.example.net", "alice@example.net"])
    func refusesADomainThatIsNotServed(domain: String) {
        var stream = ServerStream(Self.configuration())
        #expect(stream.opened(Fixture.header(to: domain)).error == .hostUnknown)
    }

    /// `alice` is another account at each domain.
    @Test(arguments: [Fixture.domain, "example.net"])
    func looksUpTheAccountOfTheDomain(domain: String) throws {
        var stream = ServerStream(Self.configuration())
        _ = stream.opened(Fixture.header(to: domain))
        let first = Element.sasl("auth", "n,,n=alice,r=abc", mechanism: "SCRAM-SHA-256")
        let alice = try JID(local: "alice", domain: domain)
        #expect(stream.received(first) == .lookUp(account: alice))
    }

    /// Who may act as somebody of one domain may not as one of another.
    @Test func refusesAnIdentityOfAnotherDomain() {
        var stream = ServerStream(Self.configuration())
        _ = stream.opened(Fixture.header(to: Self.other))
        let first = Element.sasl(
            "auth",
            "n,a=alice@example.org,n=alice,r=abc",
            mechanism: "SCRAM-SHA-256"
        )
        #expect(stream.received(first).saslFailure == .invalidAuthzid)
    }

    /// What stands for accounts that do not exist differs from domain to domain as theirs would.
    @Test func pretendsOtherSecretsAtEachDomain() throws {
        func challenge(at domain: String) -> Element? {
            var stream = ServerStream(Self.configuration(), token: Fixture.token)
            _ = stream.opened(Fixture.header(to: domain))
            let first = Element.sasl("auth", "n,,n=nobody,r=abc", mechanism: "SCRAM-SHA-256")
            _ = stream.received(first)
            guard case .send(let element) = stream.credentialsFound(.unknownAccount) else {
                return nil
            }
            return element
        }
        let (one, two) = (challenge(at: Fixture.domain), challenge(at: Self.other))
        #expect(one?.name == "challenge")
        #expect(one != two)
        #expect(one == challenge(at: Fixture.domain))
    }

    /// CVE-2018-10847: whoever authenticated at one domain went on at another.
    @Test(arguments: [
        ("example.net", StreamError.Condition.notAuthorized), ("example.com", .notAuthorized),
        ("example.edu", .hostUnknown), (Fixture.domain, nil),
    ])
    func staysWithItsDomainAfterTheLogIn(domain: String, error: StreamError.Condition?) {
        var stream = ServerStream.authenticated(others: Self.others)
        #expect(stream.opened(Fixture.header(to: domain)).error == error)
    }

    /// The certificate that was shown is for the domain named before.
    @Test(arguments: [
        (other, nil), (Fixture.domain, StreamError.Condition.notAuthorized),
    ])
    func staysWithItsDomainAfterTLS(domain: String, error: StreamError.Condition?) {
        var stream = ServerStream(Self.configuration(.startTLS(isRequired: true)))
        _ = stream.opened(Fixture.header(to: Self.other))
        _ = stream.received(Element("starttls", Namespace.tls))
        stream.tlsEstablished(.none)
        let action = stream.opened(Fixture.header(to: domain))
        #expect(action.error == error)
        // What ends a stream is said in the name that the stream has.
        if error != nil { #expect(action.ending?.header?.from == Self.other) }
    }
}
