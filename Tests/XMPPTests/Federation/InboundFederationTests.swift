import Testing

@testable import XMPP

/// A stream that another server opened, up to what it proves.
@Suite struct InboundFederationTests {
    // MARK: Headers

    @Test(arguments: [
        (Link.header(), nil),
        (Link.header(to: "Chat.Montague.Example"), nil),
        (Link.header(from: nil), nil),
        (Link.header(version: "1.1"), nil),
        (Link.header(to: nil), StreamError.Condition.improperAddressing),
        (Link.header(to: ""), .improperAddressing),
        (Link.header(to: "romeo@montague.example"), .improperAddressing),
        (Link.header(to: "other.example"), .hostUnknown),
        (Link.header(from: "juliet@capulet.example"), .improperAddressing),
        (Link.header(from: "capulet..example"), .improperAddressing),
        (Link.header(from: "chat.montague.example"), .invalidFrom),
        (Link.header(namespace: Namespace.client), .invalidNamespace),
        (Link.header(version: nil), .unsupportedVersion),
        (Link.header(version: "0.9"), .unsupportedVersion),
    ])
    func checksTheHeader(_ header: StreamHeader, _ error: StreamError.Condition?) throws {
        var stream = InboundFederation(try .usual(.startTLS), token: Fixture.token)
        let action = stream.opened(header)
        #expect(action.error == error)
        #expect((action.features != nil) == (error == nil))
        if error != nil {
            #expect(action.ending?.header?.namespace == Namespace.server)
            #expect(Link.served.contains(action.ending?.header?.from ?? ""))
            #expect(action.ending?.awaitsPeer == true)
        }
    }

    @Test func refusesABlockedDomain() throws {
        var policy = Link.policy()
        #expect(policy.set(FederationPolicy.Rule(isAllowed: false), for: Link.there) == true)
        var stream = InboundFederation(try .usual(.startTLS, policy: policy))
        #expect(stream.opened(Link.header()).error == .policyViolation)
        var other = InboundFederation(try .usual(.startTLS, policy: policy))
        #expect(other.opened(Link.header(from: "other.example")).error == nil)
    }

    @Test func givesEachHeaderAnIDOfItsOwn() throws {
        var stream = InboundFederation(try .usual(.startTLS))
        var ids: Set<String> = []
        func note(_ action: FederationAction) {
            if case .open(let header, _, _) = action { ids.insert(header.id ?? "") }
        }
        note(stream.opened(Link.header()))
        _ = stream.received(Link.startTLS)
        stream.tlsEstablished()
        _ = stream.opened(Link.header())
        note(stream.certificateChecked(goodCertificate))
        _ = stream.received(Link.external())
        note(stream.opened(Link.header()))
        #expect(ids.count == 3)
        #expect(ids.allSatisfy { $0.utf8.count >= 20 })
    }

    // MARK: Features

    @Test func offersOnlyTLSWhereItIsRequired() throws {
        var stream = InboundFederation(try .usual(.startTLS))
        let action = stream.opened(Link.header())
        #expect(action.features == ["starttls"])
        guard case .open(_, let features?, nil) = action else {
            Issue.record("no features")
            return
        }
        #expect(features.child("starttls", Namespace.tls)?.child("required") != nil)
    }

    @Test func startsTLSAndOffersTheRest() throws {
        var stream = InboundFederation(try .usual(.startTLS))
        _ = stream.opened(Link.header())
        #expect(
            stream.received(Link.startTLS) == .startTLS(Element("proceed", Namespace.tls))
        )
        stream.tlsEstablished()
        #expect(stream.opened(Link.header()) == .checkCertificate(of: Link.there))
        let action = stream.certificateChecked(goodCertificate)
        #expect(action.features == ["mechanisms", "bidi", "dialback", "sm"])
    }

    @Test func offersNoCertificateLogInWithoutAGoodOne() throws {
        var stream = InboundFederation(try .usual())
        stream.tlsEstablished()
        _ = stream.opened(Link.header())
        let action = stream.certificateChecked(noCertificate)
        #expect(action.features == ["bidi", "dialback", "sm"])
        #expect(stream.received(Link.external()).saslFailure == .invalidMechanism)
    }

    @Test func offersNoCertificateLogInToTheNameless() throws {
        var stream = InboundFederation(try .usual())
        stream.tlsEstablished()
        #expect(stream.opened(Link.header(from: nil)).features == ["bidi", "dialback", "sm"])
        #expect(stream.received(Link.external()).saslFailure == .invalidMechanism)
    }

    @Test func takesOnlyPinnedCertificatesWhereSomeAreNamed() throws {
        let policy = Link.policy { $0.authentication = .pinned([[1]]) }
        for (verdict, isOffered) in [(goodCertificate, false), (.trusted(.pin), true)] {
            var stream = InboundFederation(try .usual(policy: policy))
            stream.tlsEstablished()
            _ = stream.opened(Link.header())
            let features = stream.certificateChecked(verdict).features
            #expect(features?.contains("mechanisms") == isOffered)
        }
    }

    @Test func offersAllBesideTLSWhereItIsNotRequired() throws {
        let policy = Link.policy { $0.requiresEncryption = false }
        var stream = InboundFederation(try .usual(.startTLS, policy: policy))
        #expect(stream.opened(Link.header()).features == ["starttls", "bidi", "dialback", "sm"])
    }

    @Test func leavesOutWhatTheListenerDoes() throws {
        var configuration = try InboundFederation.Configuration.usual()
        configuration.offersBidirectional = false
        configuration.offersAcknowledgements = false
        var stream = InboundFederation(configuration)
        stream.tlsEstablished()
        #expect(stream.opened(Link.header(from: nil)).features == ["dialback"])
        #expect(stream.received(.bidirectional).error == .unsupportedStanzaType)
    }

    @Test func refusesTLSWithinTLS() throws {
        var stream = try InboundFederation.open()
        #expect(stream.received(Link.startTLS).sent == [Element("failure", Namespace.tls)])
    }

    // MARK: Certificates

    @Test(arguments: [Link.there, "Capulet.Example", nil])
    func takesACertificate(_ name: String?) throws {
        var stream = try InboundFederation.open(verdict: goodCertificate)
        #expect(
            stream.received(Link.external(name))
                == .restart(success: Element("success", Namespace.sasl))
        )
        #expect(stream.pairs.isEmpty)
        let action = stream.opened(Link.header())
        #expect(action.features == ["bidi", "dialback", "sm"])
        #expect(
            action.event == .authenticated(Link.pair, .certificate(.authority), .incoming)
        )
        #expect(stream.pairs == [Link.pair])
        let stanza = try Link.stanza()
        #expect(stream.received(stanza) == .deliver(try #require(try Stanza(stanza))))
    }

    @Test(arguments: [
        ("other.example", SASLFailure.Condition.invalidAuthzid),
        ("juliet@capulet.example", .invalidAuthzid),
        ("montague.example", .invalidAuthzid),
        ("\u{0}", .invalidAuthzid),
    ])
    func refusesAnotherNameThanTheHeaders(
        _ name: String,
        _ condition: SASLFailure.Condition
    ) throws {
        var stream = try InboundFederation.open(verdict: goodCertificate)
        #expect(stream.received(Link.external(name)).saslFailure == condition)
        #expect(stream.pairs.isEmpty)
    }

    @Test(arguments: [
        (
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>=</auth>",
            SASLFailure.Condition.invalidMechanism
        ),
        ("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>=</auth>", .invalidMechanism),
        (
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>?</auth>",
            .incorrectEncoding
        ),
        (
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>/w==</auth>",
            .invalidAuthzid
        ),
        ("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", .malformedRequest),
    ])
    func refusesWhatIsNoLogIn(_ text: String, _ condition: SASLFailure.Condition) throws {
        var stream = try InboundFederation.open(verdict: goodCertificate)
        #expect(stream.received(try Element.xml(text)).saslFailure == condition)
        // It may still prove itself in another way.
        #expect(stream.prove().event != nil)
    }

    @Test func takesACertificateOnce() throws {
        var stream = try InboundFederation.certified()
        #expect(stream.received(Link.external()).saslFailure == .invalidMechanism)
    }

    @Test func closesAfterTooManyFailures() throws {
        var stream = try InboundFederation.open()
        let limit = FederationPolicy.Limits().failures
        for _ in 1..<limit {
            #expect(stream.received(Link.external()).ending == nil)
        }
        let last = stream.received(Link.external())
        #expect(last.saslFailure == .invalidMechanism)
        #expect(last.error == .policyViolation)
    }

    @Test func endsWithAPeerThatDoesNotWaitForTheFeatures() throws {
        var stream = InboundFederation(try .usual())
        stream.tlsEstablished()
        _ = stream.opened(Link.header())
        #expect(stream.received(Link.external()).error == .policyViolation)
        #expect(stream.certificateChecked(goodCertificate) == .nothing)
    }

    // MARK: Both ways

    @Test func goesBothWaysWhereAsked() throws {
        var stream = try InboundFederation.open(verdict: goodCertificate)
        #expect(stream.received(.bidirectional) == .nothing)
        _ = stream.received(Link.external())
        let action = stream.opened(Link.header())
        #expect(action.features == ["dialback", "sm"])
        #expect(action.event == .authenticated(Link.pair, .certificate(.authority), .both))
        #expect(stream.isBidirectional == true)
    }

    @Test func goesBothWaysBehindDialback() throws {
        var stream = try InboundFederation.open()
        _ = stream.received(.bidirectional)
        #expect(stream.prove().event == .authenticated(Link.pair, .dialback, .both))
    }

    @Test func turnsNoStreamThatHasBegun() throws {
        var stream = try InboundFederation.open()
        _ = stream.prove()
        #expect(stream.received(.bidirectional).error == .unsupportedStanzaType)
    }

    // MARK: Acknowledgements

    @Test func acknowledgesWhatIsHandled() throws {
        var stream = try InboundFederation.certified()
        let enable = Element("enable", Namespace.streamManagement)
        #expect(stream.received(enable).sent.map(\.name) == ["enabled"])
        _ = stream.received(try Link.stanza())
        _ = stream.received(try Link.stanza())
        stream.handled(through: 1)
        let request = Element("r", Namespace.streamManagement)
        #expect(stream.received(request).sent.first?["h"] == "1")
        stream.handled(through: stream.acknowledgements.received)
        // The last word says it too (XEP-0198 §4).
        #expect(stream.close(nil).ending?.last?["h"] == "2")
    }

    @Test func refusesAcknowledgementsBeforeAnythingIsProven() throws {
        var stream = try InboundFederation.open()
        let enable = Element("enable", Namespace.streamManagement)
        #expect(stream.received(enable).sent.map(\.name) == ["failed"])
    }

    @Test func tellsWhatHasArrivedOfItsOwn() throws {
        var stream = try InboundFederation.certified(isBidirectional: true)
        _ = stream.received(Element("enable", Namespace.streamManagement))
        #expect(stream.wrote(3) == .nothing)
        #expect(
            stream.requestAcknowledgement() == .send([Element("r", Namespace.streamManagement)])
        )
        var answer = Element("a", Namespace.streamManagement)
        answer["h"] = "2"
        #expect(stream.received(answer) == .tell(.settled(2)))
        #expect(stream.acknowledgements.remainder == .unacknowledged(1))
        _ = stream.close(StreamError(.systemShutdown))
        // Behind our own end tag it still counts.
        answer["h"] = "3"
        #expect(stream.received(answer) == .tell(.settled(1)))
        #expect(stream.acknowledgements.remainder == .none)
        answer["h"] = "9"
        #expect(stream.received(answer) == .nothing)
    }

    @Test func takesTheEndTagForASignThatAllArrived() throws {
        var stream = try InboundFederation.certified(isBidirectional: true)
        _ = stream.wrote(3)
        #expect(stream.acknowledgements.remainder == .ofUnknownFate(3))
        _ = stream.close(nil)
        #expect(stream.acknowledgements.remainder == .ofUnknownFate(3))
        #expect(stream.peerClosed() == .disconnect)
        #expect(stream.acknowledgements.remainder == .none)
        // Not so where the peer closes first: it may have read nothing.
        var other = try InboundFederation.certified(isBidirectional: true)
        _ = other.wrote(3)
        _ = other.peerClosed()
        #expect(other.acknowledgements.remainder == .ofUnknownFate(3))
    }

    // MARK: Endings

    @Test func endsAsItsStateAllows() throws {
        var securing = InboundFederation(try .usual())
        #expect(securing.timedOut() == .disconnect)
        var waiting = InboundFederation(try .usual(.startTLS), token: Fixture.token)
        #expect(waiting.timedOut().ending?.header?.from == Link.here)
        var open = try InboundFederation.open()
        #expect(open.timedOut().error == .connectionTimeout)
        #expect(open.timedOut() == .disconnect)
        var closed = try InboundFederation.open()
        #expect(closed.peerClosed().ending?.awaitsPeer == false)
        #expect(closed.close(nil) == .nothing)
        #expect(closed.received(try Link.stanza()) == .nothing)
        var failed = try InboundFederation.open()
        #expect(failed.inputFailed(StreamError(.notWellFormed)).error == .notWellFormed)
    }

    @Test func saysThatThePeerEndedItWithAnError() throws {
        var stream = try InboundFederation.open()
        let action = stream.received(StreamError(.systemShutdown).element)
        #expect(action.event == .failed(StreamError(.systemShutdown)))
        #expect(action.ending?.error == nil)
    }

    @Test(arguments: ["<x xmlns='urn:x'/>", "<features xmlns='http://etherx.jabber.org/streams'/>"])
    func endsOnWhatItDoesNotKnow(_ text: String) throws {
        var stream = try InboundFederation.certified()
        #expect(stream.received(try Element.xml(text)).error == .unsupportedStanzaType)
    }
}
