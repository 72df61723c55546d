import Testing

@testable import XMPP

/// What other servers got wrong between servers, each by its number.
@Suite struct FederationAdvisoryTests {
    private static let replies: [DialbackMessage.Content] = [
        .valid, .invalid, .error(StanzaError(.itemNotFound)),
    ]

    /// CVE-2012-3525, CVE-2012-4669, CVE-2012-4672: answers that nobody asked for were believed.
    @Test(arguments: replies)
    func ignoresUnsolicitedDialbackOnInboundStreams(
        _ content: DialbackMessage.Content
    ) throws {
        var stream = try InboundFederation.open()
        // Also while the very pair is being asked about, on another stream.
        let question = try #require(stream.received(Link.result(.key("x"))).question)
        for (from, to) in [(Link.there, Link.here), (Link.here, Link.there)] {
            #expect(stream.received(Link.result(content, from: from, to: to)).isIgnored)
            let answer = Link.verify(content, from: from, to: to, id: question.streamID)
            #expect(stream.received(answer).isIgnored)
        }
        #expect(stream.pairs.isEmpty)
        #expect(stream.received(try Link.stanza()).error == .notAuthorized)
    }

    /// The same on a stream that goes both ways, which has more to lose (XEP-0288 §4).
    @Test(arguments: replies)
    func ignoresUnsolicitedDialbackOnStreamsBothWays(
        _ content: DialbackMessage.Content
    ) throws {
        var stream = try InboundFederation.certified(isBidirectional: true)
        #expect(stream.received(Link.result(content, from: "other.example")).isIgnored)
        #expect(stream.received(Link.verify(content, from: "other.example")).isIgnored)
        #expect(stream.pairs == [Link.pair])
    }

    @Test(arguments: replies)
    func ignoresUnsolicitedDialbackOnOutboundStreams(
        _ content: DialbackMessage.Content
    ) throws {
        var stream = try OutboundFederation.open()
        let other = DomainPair(local: Link.there, remote: "other.example")
        let question = DialbackQuestion(
            pair: DomainPair(local: Link.there, remote: Link.here),
            streamID: "s",
            key: "k"
        )
        _ = stream.ask(question)
        // Another pair than was asked for, another direction, another id.
        let strangers = [
            Link.result(content, from: other.remote, to: other.local),
            Link.result(content, from: Link.there, to: Link.here),
            Link.verify(content, from: Link.here, to: Link.there, id: "t"),
            Link.verify(content, from: Link.there, to: Link.here, id: "s"),
            Link.verify(content, from: other.remote, to: other.local, id: "s"),
        ]
        for element in strangers { #expect(stream.received(element).isIgnored) }
        #expect(stream.isReady == false)
        #expect(stream.questions == [question])
    }

    /// CVE-2016-0756, through the whole machine: the key of one domain is none of a longer one.
    @Test func answersNoForADomainThatEndsLikeAnother() throws {
        var stream = try InboundFederation.open()
        let key = try Link.keys().key(
            receiving: "x.\(Link.there)",
            originating: Link.here,
            streamID: "1"
        )
        #expect(stream.received(Link.verify(.key(key), id: "1")).dialback == .invalid)
        let asked = Link.verify(.key(key), from: "x.\(Link.there)", id: "1")
        #expect(stream.received(asked).dialback == .valid)
    }

    /// CVE-2018-10847: whoever authenticated at one domain went on at another.
    @Test(arguments: [
        (Link.header(), nil),
        (Link.header(from: nil), nil),
        (Link.header(to: "chat.montague.example"), StreamError.Condition.hostUnknown),
        (Link.header(to: nil), .improperAddressing),
        (Link.header(from: "other.example"), .invalidFrom),
    ])
    func refusesAnotherDomainAtTheRestart(
        _ header: StreamHeader,
        _ error: StreamError.Condition?
    ) throws {
        var stream = try InboundFederation.open(verdict: goodCertificate)
        _ = stream.received(Link.external())
        #expect(stream.opened(header).error == error)
        #expect(stream.pairs == (error == nil ? [Link.pair] : []))
    }

    @Test(arguments: [
        (Link.header(to: "chat.montague.example"), StreamError.Condition.hostUnknown),
        (Link.header(from: "other.example"), .invalidFrom),
    ])
    func refusesAnotherDomainBehindTLS(
        _ header: StreamHeader,
        _ error: StreamError.Condition
    ) throws {
        var stream = InboundFederation(try .usual(.startTLS))
        _ = stream.opened(Link.header())
        _ = stream.received(Link.startTLS)
        stream.tlsEstablished()
        #expect(stream.opened(header).error == error)
    }

    /// A domain of ours that nobody outside reaches is not there, and nobody else's either.
    @Test(arguments: [
        (Link.header(to: "internal.example"), StreamError.Condition.hostUnknown),
        (Link.header(from: "internal.example"), .invalidFrom),
    ])
    func hidesWhatStaysHere(_ header: StreamHeader, _ error: StreamError.Condition) throws {
        var configuration = try InboundFederation.Configuration.usual()
        configuration.isOurs = { Link.served.contains($0) || $0 == "internal.example" }
        var stream = InboundFederation(configuration, token: Fixture.token)
        stream.tlsEstablished()
        #expect(stream.opened(header).error == error)
        // Nor by a key.
        var other = InboundFederation(configuration, token: Fixture.token)
        other.tlsEstablished()
        if case .checkCertificate = other.opened(Link.header()) {
            _ = other.certificateChecked(noCertificate)
        }
        let isTo = header.to == "internal.example"
        let result = Link.result(
            .key("x"),
            from: isTo ? Link.there : "internal.example",
            to: isTo ? "internal.example" : Link.here
        )
        #expect(other.received(result).dialbackError == (isTo ? .itemNotFound : .notAcceptable))
    }

    /// CVE-2014-8760: TLS was got round through another feature.
    @Test func opensNothingBeforeTLSWhereItIsRequired() throws {
        func stream() throws -> InboundFederation {
            var stream = InboundFederation(try .usual(.startTLS))
            _ = stream.opened(Link.header())
            return stream
        }
        var dialback = try stream()
        #expect(dialback.received(Link.result(.key("x"))).dialbackError == .policyViolation)
        #expect(dialback.received(Link.verify(.key("x"))).dialbackError == .policyViolation)
        #expect(dialback.received(Link.external()).saslFailure == .encryptionRequired)
        for name in ["compress", "enable"] {
            var other = try stream()
            let namespace =
                name == "enable"
                ? Namespace.streamManagement : "http://jabber.org/protocol/compress"
            #expect(other.received(Element(name, namespace)).error == .unsupportedStanzaType)
        }
        var both = try stream()
        #expect(both.received(.bidirectional).error == .unsupportedStanzaType)
        var stanzas = try stream()
        #expect(stanzas.received(try Link.stanza()).error == .notAuthorized)
    }

    /// A strict domain on a stream whose first claim was another's.
    @Test func holdsEachDomainToItsOwnRule() throws {
        var policy = Link.policy { $0.requiresEncryption = false }
        #expect(policy.set(FederationPolicy.Rule(), for: "strict.example") == true)
        var stream = InboundFederation(try .usual(.startTLS, policy: policy))
        _ = stream.opened(Link.header())
        #expect(stream.received(Link.result(.key("x"))).question != nil)
        let strict = stream.received(Link.result(.key("x"), from: "strict.example"))
        #expect(strict.dialbackError == .policyViolation)
    }

    /// RFC 6120 §5.4.3.3, CVE-2011-0411: what was said in the clear, by whoever was on the way,
    /// counts for nothing behind TLS.
    @Test func forgetsWhatWasSaidInTheClear() throws {
        let policy = Link.policy { $0.requiresEncryption = false }
        var stream = InboundFederation(try .usual(.startTLS, policy: policy))
        _ = stream.opened(Link.header())
        _ = stream.received(.bidirectional)
        _ = stream.prove()
        let other = stream.received(Link.result(.key("x"), from: "other.example"))
        let question = try #require(other.question)
        #expect(stream.pairs.count == 1)
        _ = stream.received(Link.startTLS)
        #expect(stream.pairs.isEmpty)
        #expect(stream.isBidirectional == false)
        #expect(stream.verified(question, .valid) == .nothing)
        stream.tlsEstablished()
        _ = stream.opened(Link.header())
        _ = stream.certificateChecked(noCertificate)
        #expect(stream.verified(question, .valid) == .nothing)
        #expect(stream.received(try Link.stanza()).error == .notAuthorized)
    }

    /// CVE-2021-32919: a certificate stood in for the answer of the authoritative server.
    @Test func asksAboutKeysHoweverGoodTheCertificate() throws {
        var stream = try InboundFederation.open(verdict: goodCertificate)
        #expect(stream.received(Link.result(.key("x"))).question != nil)
        #expect(stream.pairs.isEmpty)
        var certified = try InboundFederation.certified()
        let other = certified.received(Link.result(.key("x"), from: "other.example"))
        #expect(other.question != nil)
        #expect(certified.pairs == [Link.pair])
    }

    /// CVE-2021-32918: what strangers cost has limits.
    @Test func limitsWhatAStrangerCanMakeUsDo() throws {
        var stream = try InboundFederation.open()
        var asked = 0
        for number in 0..<1000 {
            let element = Link.result(.key("x"), from: "d\(number).example")
            if stream.received(element).question != nil { asked += 1 }
        }
        #expect(asked == FederationPolicy.Limits().pendingVerifications)
        #expect(stream.pending.count == asked)
    }

    /// RFC 7590 §3.1: a man in the middle takes the offer of TLS away.
    @Test func sendsNothingInTheClear() throws {
        var stream = OutboundFederation(try .usual(.startTLS))
        _ = stream.connected()
        _ = stream.opened(Link.header(to: Link.there, from: Link.here, id: "1"))
        let action = stream.received(Element("features", Namespace.streams, [.dialbackFeature]))
        #expect(action.failure == .tlsUnavailable)
        #expect(action.sent.isEmpty)
    }
}
