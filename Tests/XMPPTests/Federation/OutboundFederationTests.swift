import Testing

@testable import XMPP

extension OutboundFederation {
    static let responseHeader = Link.header(to: Link.there, from: Link.here, id: "D60000229F")

    static func features(_ names: String...) -> Element {
        let known: [String: Element] = [
            "starttls": Link.startTLS,
            "external": Element(
                "mechanisms",
                Namespace.sasl,
                [Element("mechanism", Namespace.sasl, text: "EXTERNAL")]
            ),
            "bidi": .bidirectionalFeature,
            "dialback": .dialbackFeature,
            "sm": .streamManagementFeature,
        ]
        return Element("features", Namespace.streams, names.compactMap { known[$0] })
    }

    /// A stream over TLS whose key is being verified.
    static func open(
        _ configuration: Configuration? = nil,
        verdict: CertificateVerdict = noCertificate,
        features: Element = features("dialback")
    ) throws -> OutboundFederation {
        var stream = OutboundFederation(try configuration ?? .usual())
        _ = stream.connected()
        _ = stream.tlsEstablished(verdict)
        _ = stream.opened(responseHeader)
        _ = stream.received(features)
        return stream
    }

    /// A stream that carries its first pair.
    static func ready(
        _ configuration: Configuration? = nil,
        features: Element = features("dialback")
    ) throws -> OutboundFederation {
        var stream = try open(configuration, features: features)
        _ = stream.received(Link.result(.valid, from: Link.here, to: Link.there))
        return stream
    }
}

/// A stream that we open, from the side of `capulet.example`.
@Suite struct OutboundFederationTests {
    private static let pair = DomainPair(local: Link.there, remote: Link.here)
    private static let question = DialbackQuestion(pair: pair, streamID: "417GAF25", key: "abc")

    private static func valid(for local: String = Link.there) -> Element {
        Link.result(.valid, from: Link.here, to: local)
    }

    // MARK: Opening

    @Test func opensWithBothNames() throws {
        var stream = OutboundFederation(try .usual(.startTLS))
        guard case .open(let header, nil, nil) = stream.connected() else {
            Issue.record("no header")
            return
        }
        #expect(header.namespace == Namespace.server)
        #expect(header.from == Link.there)
        #expect(header.to == Link.here)
        #expect(header.declaresDialback)
    }

    @Test func securesTheStreamFirst() throws {
        var stream = OutboundFederation(try .usual(.startTLS))
        _ = stream.connected()
        #expect(stream.opened(OutboundFederation.responseHeader) == .nothing)
        let features = OutboundFederation.features("starttls", "external", "bidi", "dialback")
        #expect(stream.received(features) == .send([Link.startTLS]))
        #expect(stream.received(Element("proceed", Namespace.tls)) == .startTLS(nil))
        guard case .open = stream.tlsEstablished(goodCertificate) else {
            Issue.record("no header behind TLS")
            return
        }
    }

    @Test func connectsToNoBlockedDomain() throws {
        let policy = Link.policy { $0.isAllowed = false }
        var stream = OutboundFederation(try .usual(policy: policy))
        #expect(stream.connected() == .fail(.blocked, nil))
        #expect(FederationFailure.blocked.isPermanent)
    }

    @Test func failsWhereTLSIsRefused() throws {
        var stream = OutboundFederation(try .usual(.startTLS))
        _ = stream.connected()
        _ = stream.opened(OutboundFederation.responseHeader)
        _ = stream.received(OutboundFederation.features("starttls"))
        #expect(stream.received(Element("failure", Namespace.tls)).failure == .tlsUnavailable)
    }

    @Test func goesOnInTheClearOnlyWherePolicyAllows() throws {
        let policy = Link.policy { $0.requiresEncryption = false }
        var stream = OutboundFederation(try .usual(.startTLS, policy: policy))
        _ = stream.connected()
        _ = stream.opened(OutboundFederation.responseHeader)
        // No certificate without TLS, whatever is offered.
        let action = stream.received(OutboundFederation.features("external", "dialback"))
        #expect(action.sent.map(\.name) == ["result"])
        // A certificate is wanted: there is none in the clear.
        let strict = Link.policy {
            $0.requiresEncryption = false
            $0.authentication = .certificate
        }
        var other = OutboundFederation(try .usual(.startTLS, policy: strict))
        _ = other.connected()
        _ = other.opened(OutboundFederation.responseHeader)
        let refused = other.received(OutboundFederation.features("dialback"))
        #expect(refused.failure == .tlsUnavailable)
    }

    @Test(
        arguments: [
            (FederationPolicy.Authentication.dialback, noCertificate, nil),
            (.certificate, goodCertificate, nil),
            (.certificate, .trusted(.dane), nil),
            (.certificate, noCertificate, "it showed none"),
            (.pinned([[1]]), .trusted(.pin), nil),
            (.pinned([[1]]), goodCertificate, "it is not a pinned one"),
        ] as [(FederationPolicy.Authentication, CertificateVerdict, String?)]
    )
    func wantsTheCertificateThatThePolicySays(
        _ authentication: FederationPolicy.Authentication,
        _ verdict: CertificateVerdict,
        _ reason: String?
    ) throws {
        let policy = Link.policy { $0.authentication = authentication }
        var stream = OutboundFederation(try .usual(policy: policy))
        #expect(stream.connected() == .startTLS(nil))
        let action = stream.tlsEstablished(verdict)
        #expect(action.failure == reason.map { .certificateUntrusted($0) })
        // Nothing is said to a server that is not the one wanted.
        if reason != nil { #expect(action.ending == nil) }
    }

    @Test(arguments: [OutboundFederation.Purpose.stanzas, .questions])
    func takesNoDialbackForWhatSignedRecordsRefuse(_ purpose: OutboundFederation.Purpose) throws {
        var configuration = try OutboundFederation.Configuration.usual()
        configuration.purpose = purpose
        var stream = OutboundFederation(configuration)
        _ = stream.connected()
        let refused = stream.tlsEstablished(.refused("another is named"))
        #expect(refused == .fail(.certificateUntrusted("another is named"), nil))
        stream = OutboundFederation(configuration)
        _ = stream.connected()
        let undecided = stream.tlsEstablished(.undecided("no answer"))
        #expect(undecided == .fail(.unreachable("no answer", isPermanent: false), nil))
    }

    @Test func goesNowhereInTheClearWhereSignedRecordsPromiseTLS() throws {
        let policy = Link.policy { $0.requiresEncryption = false }
        var stream = OutboundFederation(try .usual(.startTLS, policy: policy))
        _ = stream.connected(promisesTLS: true)
        _ = stream.opened(OutboundFederation.responseHeader)
        let action = stream.received(OutboundFederation.features("dialback"))
        #expect(action.failure == .tlsUnavailable)
    }

    @Test(arguments: [
        (Link.header(namespace: Namespace.client, id: "1"), StreamError.Condition.invalidNamespace),
        (Link.header(version: nil, id: "1"), .unsupportedVersion),
        (Link.header(id: nil), .badFormat),
        (Link.header(id: ""), .badFormat),
        (Link.header(id: String(repeating: "i", count: 257)), .badFormat),
        (Link.header(to: nil, from: nil, id: "1"), nil),
        (Link.header(from: "host7.example", id: "1"), nil),
    ])
    func checksTheHeader(_ header: StreamHeader, _ error: StreamError.Condition?) throws {
        var stream = OutboundFederation(try .usual(.startTLS))
        _ = stream.connected()
        let action = stream.opened(header)
        #expect(action.failure == error.map { .protocolViolated(StreamError($0)) })
        #expect(action.error == error)
    }

    // MARK: Proving ourselves

    @Test func showsItsCertificateWhereThatIsWanted() throws {
        var stream = try OutboundFederation.open(
            verdict: goodCertificate,
            features: Element("x", "")
        )
        #expect(stream.isOver == true)
        stream = OutboundFederation(try .usual())
        _ = stream.connected()
        _ = stream.tlsEstablished(goodCertificate)
        _ = stream.opened(OutboundFederation.responseHeader)
        let asked = stream.received(OutboundFederation.features("external", "bidi", "dialback"))
        #expect(asked.sent == [.bidirectional, Link.external()])
        guard case .open = stream.received(Element("success", Namespace.sasl)) else {
            Issue.record("no header")
            return
        }
        _ = stream.opened(OutboundFederation.responseHeader)
        #expect(stream.isReady == false)
        let action = stream.received(OutboundFederation.features("sm"))
        #expect(
            action
                == .tell(
                    .authenticated(Self.pair, .certificate(.authority), .both),
                    send: [Element("enable", Namespace.streamManagement)]
                )
        )
        #expect([stream.isReady, stream.isCertificateTaken] == [true, true])
    }

    @Test func provesItselfByDialback() throws {
        var stream = OutboundFederation(try .usual())
        _ = stream.connected()
        _ = stream.tlsEstablished(noCertificate)
        _ = stream.opened(OutboundFederation.responseHeader)
        let action = stream.received(OutboundFederation.features("bidi", "dialback", "sm"))
        // XEP-0220 §2.1.1, the example.
        let key = "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3"
        #expect(action.sent == [.bidirectional, Link.result(.key(key))])
        #expect(stream.isReady == false)
        let ready = stream.received(Self.valid())
        #expect(ready.event == .authenticated(Self.pair, .dialback, .both))
        #expect(ready.sent == [Element("enable", Namespace.streamManagement)])
        #expect([stream.isReady, stream.isCertificateTaken] == [true, false])
    }

    @Test func fallsBackToDialback() throws {
        var stream = try OutboundFederation.open(
            verdict: goodCertificate,
            features: OutboundFederation.features("external", "dialback")
        )
        let action = stream.received(SASLFailure(.notAuthorized).element)
        #expect(action.sent.map(\.name) == ["result"])
        #expect(stream.received(Self.valid()).event != nil)
    }

    @Test func fallsBackToNothingElse() throws {
        var configuration = try OutboundFederation.Configuration.usual()
        configuration.policy = Link.policy { $0.sendsDialback = false }
        var stream = try OutboundFederation.open(
            configuration,
            verdict: goodCertificate,
            features: OutboundFederation.features("external", "dialback")
        )
        let action = stream.received(SASLFailure(.notAuthorized).element)
        #expect(action.failure == .certificateRefused(SASLFailure(.notAuthorized)))
        var other = OutboundFederation(configuration)
        _ = other.connected()
        _ = other.tlsEstablished(goodCertificate)
        _ = other.opened(OutboundFederation.responseHeader)
        #expect(
            other.received(OutboundFederation.features("dialback")).failure == .noProofOffered
        )
    }

    @Test func takesTheOldWayToOfferDialback() throws {
        for (isDeclared, failure) in [(true, nil), (false, FederationFailure.noProofOffered)] {
            var stream = OutboundFederation(try .usual())
            _ = stream.connected()
            _ = stream.tlsEstablished(noCertificate)
            var header = OutboundFederation.responseHeader
            header.declaresDialback = isDeclared
            _ = stream.opened(header)
            #expect(stream.received(OutboundFederation.features()).failure == failure)
        }
    }

    @Test(arguments: [
        (DialbackMessage.Content.invalid, FederationFailure.keyDenied, true),
        (
            .error(StanzaError(.remoteServerNotFound)),
            .verificationFailed(StanzaError(.remoteServerNotFound)), false
        ),
        (
            .error(StanzaError(.notAuthorized)),
            .verificationFailed(StanzaError(.notAuthorized)), true
        ),
        (
            .error(StanzaError(.resourceConstraint)),
            .verificationFailed(StanzaError(.resourceConstraint)), false
        ),
    ])
    func failsWhereTheKeyIsNotTaken(
        _ content: DialbackMessage.Content,
        _ failure: FederationFailure,
        _ isPermanent: Bool
    ) throws {
        var stream = try OutboundFederation.open()
        let action = stream.received(Link.result(content, from: Link.here, to: Link.there))
        #expect(action.failure == failure)
        #expect(failure.isPermanent == isPermanent)
    }

    // MARK: Further domains

    @Test func provesFurtherDomains() throws {
        var stream = try OutboundFederation.ready()
        let other = DomainPair(local: "rooms.capulet.example", remote: Link.here)
        let action = stream.prove(other.local)
        #expect(action.sent.first?["from"] == other.local)
        #expect(stream.prove(other.local) == .nothing)
        #expect(!stream.pairs.contains(other))
        #expect(
            stream.received(Self.valid(for: other.local))
                == .tell(.authenticated(other, .dialback, .outgoing))
        )
        #expect(stream.pairs == [Self.pair, other])
    }

    @Test func goesOnWhereAFurtherDomainIsRefused() throws {
        var stream = try OutboundFederation.ready()
        let other = DomainPair(local: "rooms.capulet.example", remote: Link.here)
        _ = stream.prove(other.local)
        let error = StanzaError(.forbidden)
        let action = stream.received(Link.result(.error(error), from: Link.here, to: other.local))
        #expect(action == .tell(.refused(other, .verificationFailed(error))))
        #expect(stream.isReady == true)
    }

    @Test func limitsPairs() throws {
        var configuration = try OutboundFederation.Configuration.usual()
        configuration.policy = Link.policy { $0.limits.pairs = 2 }
        var stream = try OutboundFederation.ready(configuration)
        #expect(stream.prove("a.example").sent.count == 1)
        let over = DomainPair(local: "b.example", remote: Link.here)
        #expect(stream.prove("b.example") == .tell(.refused(over, .tooManyPairs)))
    }

    // MARK: Questions

    @Test func carriesOnlyAQuestion() throws {
        var stream = OutboundFederation(try .usual(for: .questions))
        #expect(stream.ask(Self.question) == .nothing)
        _ = stream.connected()
        _ = stream.tlsEstablished(noCertificate)
        _ = stream.opened(OutboundFederation.responseHeader)
        let asked = stream.received(OutboundFederation.features("external", "bidi", "dialback"))
        #expect(asked.sent == [Link.verify(.key("abc"), id: "417GAF25")])
        let answer = Link.verify(.valid, from: Link.here, to: Link.there, id: "417GAF25")
        let action = stream.received(answer)
        #expect(action.event == .answered(Self.question, .valid))
        #expect(action.ending == StreamEnding(awaitsPeer: true))
        #expect(stream.peerClosed() == .disconnect)
    }

    @Test(arguments: [
        (DialbackMessage.Content.valid, DialbackVerdict.valid), (.invalid, .invalid),
        (.error(StanzaError(.itemNotFound)), .notFound),
        (.error(StanzaError(.remoteServerTimeout)), .notFound),
    ])
    func asksOnAStreamThatIsThere(
        _ content: DialbackMessage.Content,
        _ verdict: DialbackVerdict
    ) throws {
        var stream = try OutboundFederation.ready()
        #expect(stream.ask(Self.question).sent == [Link.verify(.key("abc"), id: "417GAF25")])
        let answer = Link.verify(content, from: Link.here, to: Link.there, id: "417GAF25")
        #expect(stream.received(answer) == .tell(.answered(Self.question, verdict)))
        #expect(stream.received(answer).isIgnored)
        #expect(stream.isReady == true)
    }

    @Test func asksBehindTheCertificate() throws {
        var stream = try OutboundFederation.open(
            verdict: goodCertificate,
            features: OutboundFederation.features("external")
        )
        #expect(stream.ask(Self.question) == .nothing)
        _ = stream.received(Element("success", Namespace.sasl))
        _ = stream.opened(OutboundFederation.responseHeader)
        let action = stream.received(OutboundFederation.features())
        #expect(action.sent.map(\.name) == ["verify"])
    }

    @Test func limitsQuestions() throws {
        var stream = try OutboundFederation.ready()
        func question(_ number: Int) -> DialbackQuestion {
            DialbackQuestion(pair: Self.pair, streamID: "\(number)", key: "k")
        }
        for number in 0..<OutboundFederation.questionsMax {
            #expect(stream.ask(question(number)).sent.count == 1)
        }
        let over = question(OutboundFederation.questionsMax)
        #expect(stream.ask(over) == .tell(.answered(over, .timedOut)))
    }

    @Test func asksNoTwoQuestionsWithOneAnswer() throws {
        var stream = try OutboundFederation.ready()
        _ = stream.ask(Self.question)
        #expect(stream.ask(Self.question) == .nothing)
        let other = DialbackQuestion(pair: Self.pair, streamID: "417GAF25", key: "def")
        #expect(stream.ask(other) == .tell(.answered(other, .timedOut)))
    }

    @Test func leavesQuestionsToWhoeverAskedWhereItFails() throws {
        var stream = try OutboundFederation.ready()
        _ = stream.ask(Self.question)
        let failure = try #require(stream.disconnected().failure)
        #expect(failure.verdict == .timedOut)
        #expect(stream.questions == [Self.question])
        #expect(stream.ask(Self.question) == .nothing)
    }

    // MARK: The peer's stanzas

    @Test func takesStanzasOnlyBothWays() throws {
        let stanza = try Link.stanza(
            from: "romeo@montague.example",
            to: "juliet@capulet.example"
        )
        var oneWay = try OutboundFederation.ready()
        #expect(oneWay.received(stanza).error == .notAuthorized)
        let features = OutboundFederation.features("bidi", "dialback")
        var early = try OutboundFederation.open(features: features)
        #expect(early.received(stanza).error == .notAuthorized)
        var both = try OutboundFederation.ready(features: features)
        #expect(both.received(stanza) == .deliver(try #require(try Stanza(stanza))))
        let other = try Link.stanza(from: "x@other.example", to: "juliet@capulet.example")
        #expect(both.received(other).error == .invalidFrom)
    }

    @Test func letsThePeerProveNothing() throws {
        let key = Link.result(.key("x"), from: "chat.montague.example", to: Link.there)
        var oneWay = try OutboundFederation.ready()
        #expect(oneWay.received(key).isIgnored)
        let features = OutboundFederation.features("bidi", "dialback")
        var both = try OutboundFederation.ready(features: features)
        #expect(both.received(key).dialbackError == .notAcceptable)
        #expect(both.received(Link.verify(.key("x"))).isIgnored)
        #expect(both.session.accepted == [Self.pair])
    }

    // MARK: Acknowledgements and endings

    @Test func countsWhatHasArrived() throws {
        var stream = try OutboundFederation.ready(
            features: OutboundFederation.features("dialback", "sm")
        )
        _ = stream.received(Element("enabled", Namespace.streamManagement))
        let request = Element("r", Namespace.streamManagement)
        #expect(stream.wrote(LinkAcknowledgements.stanzasPerRequest) == .send([request]))
        var answer = Element("a", Namespace.streamManagement)
        answer["h"] = "48"
        #expect(stream.received(answer) == .tell(.settled(48)))
        #expect(stream.disconnected().failure == .disconnected)
        #expect(stream.acknowledgements.remainder == .unacknowledged(2))
    }

    @Test func countsWhatIsOfUnknownFate() throws {
        var stream = try OutboundFederation.ready()
        #expect(stream.wrote(1000) == .nothing)
        stream.settle(through: 990)
        let end = stream.received(StreamError(.systemShutdown).element)
        #expect(end.failure == .streamFailed(StreamError(.systemShutdown)))
        #expect(stream.acknowledgements.remainder == .ofUnknownFate(10))
    }

    @Test func endsAsItsStateAllows() throws {
        var idle = OutboundFederation(try .usual())
        #expect(idle.timedOut() == .fail(.timedOut, nil))
        var open = try OutboundFederation.ready()
        #expect(open.timedOut().error == .connectionTimeout)
        #expect(open.timedOut() == .disconnect)
        #expect(open.disconnected() == .nothing)
        var closed = try OutboundFederation.ready()
        #expect(closed.peerClosed().failure == .closedByPeer)
        #expect(closed.close() == .nothing)
        var broken = try OutboundFederation.ready()
        let error = StreamError(.notWellFormed)
        #expect(broken.inputFailed(error).failure == .protocolViolated(error))
        var peaceful = try OutboundFederation.ready()
        #expect(peaceful.close() == .close(StreamEnding(awaitsPeer: true)))
        #expect(peaceful.received(Self.valid()) == .nothing)
        #expect(peaceful.peerClosed() == .disconnect)
    }
}
