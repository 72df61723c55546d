import Testing

@testable import XMPP

/// The server's stream up to authentication.
@Suite struct ServerStreamTests {
    // MARK: Headers

    @Test(arguments: [
        (Fixture.header(), nil),
        (Fixture.header(to: "EXAMPLE.ORG"), nil),
        (Fixture.header(from: "alice@example.org"), nil),
        (Fixture.header(version: "1.1"), nil),
        (Fixture.header(version: "2.0"), nil),
        (Fixture.header(to: nil), StreamError.Condition.improperAddressing),
        (Fixture.header(to: ""), .improperAddressing),
        (Fixture.header(to: "example.com"), .hostUnknown),
        (Fixture.header(to: "alice@example.org"), .hostUnknown),
        (Fixture.header(from: "@"), .improperAddressing),
        (Fixture.header(namespace: Namespace.server), .invalidNamespace),
        (Fixture.header(version: nil), .unsupportedVersion),
        (Fixture.header(version: "0.9"), .unsupportedVersion),
        (Fixture.header(version: "x"), .unsupportedVersion),
    ])
    func checksTheHeader(_ header: StreamHeader, _ error: StreamError.Condition?) {
        var stream = ServerStream(Fixture.serverConfiguration(), token: Fixture.token)
        let action = stream.opened(header)
        #expect(action.error == error)
        #expect((action.features != nil) == (error == nil))
        if error != nil {
            // The error stands in a stream, so ours is opened for it.
            #expect(action.ending?.header?.from == Fixture.domain)
            #expect(action.ending?.awaitsPeer == true)
        }
    }

    @Test func givesEachHeaderAnIDOfItsOwn() throws {
        var stream = ServerStream(Fixture.serverConfiguration(.startTLS(isRequired: true)))
        guard case .open(let first, _) = stream.opened(Fixture.header()) else {
            Issue.record("no header")
            return
        }
        _ = stream.received(Element("starttls", Namespace.tls))
        stream.tlsEstablished(.none)
        guard case .open(let second, _) = stream.opened(Fixture.header()) else {
            Issue.record("no second header")
            return
        }
        #expect(try #require(first.id).utf8.count >= 20)
        #expect(first.id != second.id)
    }

    @Test func answersInTheClientsName() {
        var stream = ServerStream(Fixture.serverConfiguration(), token: Fixture.token)
        guard case .open(let header, _) = stream.opened(Fixture.header(from: "alice@example.org"))
        else {
            Issue.record("no header")
            return
        }
        #expect(header.to == "alice@example.org")
        #expect(header.from == "example.org")
        #expect(header.version == "1.0")
    }

    @Test(arguments: [
        (Fixture.header(to: "example.com"), StreamError.Condition.hostUnknown),
        (Fixture.header(from: "bob@example.org"), .invalidFrom),
        (Fixture.header(from: "alice@example.org"), nil),
        (Fixture.header(), nil),
    ])
    func refusesAnotherAddressAtTheRestart(
        _ header: StreamHeader,
        _ error: StreamError.Condition?
    ) {
        // CVE-2018-10847: whoever authenticated at one domain went on at another.
        var stream = ServerStream.authenticated()
        #expect(stream.opened(header).error == error)
    }

    @Test func refusesANameChangedAfterTLS() {
        var stream = ServerStream(Fixture.serverConfiguration(.startTLS(isRequired: true)))
        _ = stream.opened(Fixture.header(from: "alice@example.org"))
        _ = stream.received(Element("starttls", Namespace.tls))
        stream.tlsEstablished(.none)
        #expect(stream.opened(Fixture.header(from: "bob@example.org")).error == .invalidFrom)
    }

    // MARK: TLS

    @Test func offersOnlyTLSWhereItIsRequired() throws {
        var stream = ServerStream(Fixture.serverConfiguration(.startTLS(isRequired: true)))
        let features = try #require(stream.opened(Fixture.header()).features)
        #expect(features.elements.map(\.name) == ["starttls"])
        #expect(features.child("starttls", Namespace.tls)?.child("required") != nil)
    }

    @Test func offersMechanismsBesideTLSWhereItIsNotRequired() throws {
        var stream = ServerStream(Fixture.serverConfiguration(.startTLS(isRequired: false)))
        let action = stream.opened(Fixture.header())
        #expect(action.features?.child("starttls", Namespace.tls)?.children.isEmpty == true)
        #expect(action.mechanisms == ["SCRAM-SHA-256", "SCRAM-SHA-1"])
    }

    @Test func startsTLS() {
        var stream = ServerStream(Fixture.serverConfiguration(.startTLS(isRequired: true)))
        _ = stream.opened(Fixture.header())
        #expect(
            stream.received(Element("starttls", Namespace.tls))
                == .startTLS(proceed: Element("proceed", Namespace.tls))
        )
        stream.tlsEstablished(Fixture.bindings)
        #expect(
            stream.opened(Fixture.header()).mechanisms == SASLMechanism.allCases.map(\.rawValue)
        )
    }

    @Test func refusesTLSWithinTLS() {
        var stream = ServerStream.opened(
            Fixture.serverConfiguration(.direct),
            bindings: ChannelBindings.none
        )
        let action = stream.received(Element("starttls", Namespace.tls))
        #expect(action.ending?.last == Element("failure", Namespace.tls))
    }

    @Test func refusesToAuthenticateBeforeTLS() {
        var stream = ServerStream.opened(Fixture.serverConfiguration(.startTLS(isRequired: true)))
        let action = stream.received(
            .sasl("auth", "n,,n=alice,r=abc", mechanism: "SCRAM-SHA-1")
        )
        #expect(action.saslFailure == .encryptionRequired)
    }

    @Test func ignoresWhatIsNotInTheOfferBeforeTLS() throws {
        // CVE-2014-8760: TLS was got round through another feature.
        var stream = ServerStream.opened(Fixture.serverConfiguration(.startTLS(isRequired: true)))
        let compress = Element("compress", "http://jabber.org/protocol/compress")
        #expect(stream.received(compress).error == .unsupportedStanzaType)
    }

    @Test func endsWithoutAWordWhileShakingHands() {
        var stream = ServerStream(Fixture.serverConfiguration(.direct))
        #expect(stream.timedOut() == .disconnect)
    }

    // MARK: Mechanisms

    @Test func leavesBindingOutWhereTheListenerDoes() {
        var configuration = Fixture.serverConfiguration(.direct)
        configuration.offersChannelBinding = false
        var stream = ServerStream(configuration)
        stream.tlsEstablished(Fixture.bindings)
        let action = stream.opened(Fixture.header())
        #expect(action.mechanisms == ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"])
        #expect(action.features?.elements.count == 1)
    }

    @Test func listsTheBindingsThatItHas() throws {
        var stream = ServerStream(Fixture.serverConfiguration(.direct))
        stream.tlsEstablished(ChannelBindings(exporter: [1], serverEndPoint: [2]))
        let features = try #require(stream.opened(Fixture.header()).features)
        #expect(ChannelBindings.types(in: features) == [.tlsExporter, .tlsServerEndPoint])
    }

    @Test(arguments: [
        ("SCRAM-SHA-256", nil), ("PLAIN", SASLFailure.Condition.encryptionRequired),
        ("SCRAM-SHA-256-PLUS", .invalidMechanism), ("DIGEST-MD5", .invalidMechanism),
        ("scram-sha-256", .invalidMechanism), ("SCRAM-SHA-1", .mechanismTooWeak),
    ])
    func takesOnlyWhatItOffers(_ mechanism: String, _ condition: SASLFailure.Condition?) {
        var configuration = Fixture.serverConfiguration()
        configuration.mechanisms.removeAll { $0 == .scramSHA1 }
        var stream = ServerStream.opened(configuration)
        let action = stream.received(.sasl("auth", "n,,n=alice,r=abc", mechanism: mechanism))
        #expect(action.saslFailure == condition)
        if condition == nil { #expect(action == .lookUp(account: Fixture.alice)) }
    }

    // MARK: Exchanges

    @Test func asksForTheFirstMessageWhereNoneCame() {
        var stream = ServerStream.opened()
        let auth = Element(
            "auth",
            Namespace.sasl,
            attributes: [.init("mechanism", "SCRAM-SHA-1")]
        )
        #expect(stream.received(auth) == .send(Element("challenge", Namespace.sasl)))
        #expect(
            stream.received(.sasl("response", "n,,n=alice,r=abc"))
                == .lookUp(account: Fixture.alice)
        )
    }

    @Test(arguments: ["!", "====", "YWJj YWJj", "YWJ"])
    func refusesWhatIsNotBase64(_ text: String) {
        var stream = ServerStream.opened()
        let auth = Element(
            "auth",
            Namespace.sasl,
            attributes: [.init("mechanism", "SCRAM-SHA-1")],
            children: [.text(text)]
        )
        #expect(stream.received(auth).saslFailure == .incorrectEncoding)
    }

    @Test func abortsAndStartsAgain() throws {
        var stream = ServerStream.opened()
        let auth = Element.sasl("auth", "n,,n=alice,r=abc", mechanism: "SCRAM-SHA-1")
        _ = stream.received(auth)
        _ = stream.credentialsFound(.unknownAccount)
        #expect(stream.received(Element("abort", Namespace.sasl)).saslFailure == .aborted)
        #expect(stream.received(auth) == .lookUp(account: Fixture.alice))
    }

    @Test func challengesAnUnknownAccountLikeAKnownOne() throws {
        var salts: [String] = []
        for _ in 0..<2 {
            var stream = ServerStream.opened()
            _ = stream.received(.sasl("auth", "n,,n=nobody,r=abc", mechanism: "SCRAM-SHA-1"))
            let answer = stream.credentialsFound(.unknownAccount).sent?.saslMessage
            salts.append(try #require(answer))
        }
        #expect(salts[0] == salts[1])
        #expect(salts[0].hasPrefix("r=abctoken,s="))
        #expect(salts[0].hasSuffix(",i=4096"))
    }

    @Test func saysWhenTheStoreCannotAnswer() {
        var stream = ServerStream.opened()
        _ = stream.received(.sasl("auth", "n,,n=alice,r=abc", mechanism: "SCRAM-SHA-1"))
        #expect(stream.credentialsFound(.unavailable).saslFailure == .temporaryAuthFailure)
    }

    @Test(arguments: ["admin@example.org\0alice\0pencil", "x\0alice\0pencil"])
    func letsNobodyActAsAnotherByPlain(_ message: String) {
        var stream = ServerStream.opened(
            Fixture.serverConfiguration(.direct),
            bindings: ChannelBindings.none
        )
        let action = stream.received(.sasl("auth", message, mechanism: "PLAIN"))
        #expect(action.saslFailure == .invalidAuthzid)
    }

    @Test func hasAPasswordVerifiedElsewhere() throws {
        var stream = ServerStream.opened(
            Fixture.serverConfiguration(.direct),
            bindings: ChannelBindings.none
        )
        let auth = Element.sasl("auth", "\0alice\0pencil", mechanism: "PLAIN")
        #expect(stream.received(auth) == .lookUp(account: Fixture.alice))
        let credentials = try #require(Fixture.credentials)
        guard case .verifyPlain(let attempt) = stream.credentialsFound(.found(credentials)) else {
            Issue.record("no attempt")
            return
        }
        #expect(attempt.isCorrect())
        #expect(
            stream.plainVerified(true)
                == .restart(success: Element("success", Namespace.sasl), account: Fixture.alice)
        )
    }

    @Test func computesAsMuchForAnUnknownAccount() {
        var stream = ServerStream.opened(
            Fixture.serverConfiguration(.direct),
            bindings: ChannelBindings.none
        )
        _ = stream.received(.sasl("auth", "\0nobody\0pencil", mechanism: "PLAIN"))
        guard case .verifyPlain(let attempt) = stream.credentialsFound(.unknownAccount) else {
            Issue.record("no attempt")
            return
        }
        #expect(attempt.secrets.iterations == 4096)
        #expect(!attempt.isCorrect())
        #expect(stream.plainVerified(false).saslFailure == .notAuthorized)
    }

    @Test func endsTheStreamAfterTooManyFailures() {
        var stream = ServerStream.opened()
        let auth = Element.sasl("auth", "nonsense", mechanism: "SCRAM-SHA-1")
        for _ in 1..<ServerStream.authenticationFailuresMax {
            #expect(stream.received(auth).sent != nil)
        }
        let last = stream.received(auth)
        #expect(last.saslFailure == .malformedRequest)
        #expect(last.error == .policyViolation)
        #expect(stream.received(auth) == .nothing)
    }

    @Test func endsTheStreamOfWhoDoesNotWaitForAVerdict() {
        var stream = ServerStream.opened()
        let auth = Element.sasl("auth", "n,,n=alice,r=abc", mechanism: "SCRAM-SHA-1")
        _ = stream.received(auth)
        #expect(stream.received(auth).error == .policyViolation)
        // The answer to the first comes late, and must not count for anything.
        #expect(stream.credentialsFound(.unknownAccount) == .nothing)
    }

    // MARK: The rest

    @Test(arguments: [
        "<message xmlns='jabber:client'/>", "<presence xmlns='jabber:client'/>",
        """
        <iq xmlns='jabber:client' type='set' id='1'>
        <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>
        """,
    ])
    func servesNobodyUnknown(_ text: String) throws {
        var stream = ServerStream.opened()
        #expect(stream.received(try .xml(text)).error == .notAuthorized)
    }

    @Test(arguments: ["<x xmlns='y'/>", "<message xmlns='jabber:server'/>"])
    func refusesUnknownElements(_ text: String) throws {
        var stream = ServerStream.opened()
        #expect(stream.received(try .xml(text)).error == .unsupportedStanzaType)
    }

    @Test(arguments: StreamError.Condition.allCases)
    func writesEveryStreamError(_ condition: StreamError.Condition) throws {
        var stream = ServerStream.opened()
        let ending = try #require(stream.inputFailed(StreamError(condition)).ending)
        #expect(
            String(decoding: ending.serialized(), as: UTF8.self)
                == "<stream:error><\(condition.rawValue) "
                + "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"
        )
    }

    @Test func opensAStreamForAnErrorBeforeTheHeader() {
        var stream = ServerStream(Fixture.serverConfiguration(), token: Fixture.token)
        let action = stream.inputFailed(StreamError(.notWellFormed))
        #expect(action.ending?.header?.id == "token")
        #expect(action.error == .notWellFormed)
    }

    @Test func timesOutOnceWithAWordAndOnceWithout() {
        var stream = ServerStream.opened()
        #expect(stream.timedOut().error == .connectionTimeout)
        #expect(stream.timedOut() == .disconnect)
    }

    @Test func answersTheEndTagAndWaitsForItAfterItsOwn() {
        var stream = ServerStream.opened()
        #expect(stream.peerClosed() == .close(StreamEnding(awaitsPeer: false)))
        #expect(stream.peerClosed() == .nothing)
        var other = ServerStream.opened()
        let end = other.close(StreamError(.systemShutdown))
        #expect(
            end == .close(StreamEnding(error: StreamError(.systemShutdown), awaitsPeer: true))
        )
        #expect(other.close(nil) == .nothing)
        #expect(other.peerClosed() == .disconnect)
    }

    @Test func doesNothingOnceTheConnectionIsGone() {
        var stream = ServerStream.bound()
        stream.disconnected()
        #expect(stream.received(Element("presence", Namespace.client)) == .nothing)
        #expect(stream.close(StreamError(.systemShutdown)) == .nothing)
        #expect(stream.timedOut() == .nothing)
        #expect(stream.jid == nil)
    }
}
