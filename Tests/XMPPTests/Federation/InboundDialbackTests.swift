import Testing

@testable import XMPP

/// A stream that another server opened: dialback, and the stanzas of what it proves.
@Suite struct InboundDialbackTests {
    // MARK: The receiving server

    @Test func asksTheAuthoritativeServer() throws {
        var stream = try InboundFederation.open()
        let question = try #require(stream.received(Link.result(.key("abc"))).question)
        #expect(question == DialbackQuestion(pair: Link.pair, streamID: "token", key: "abc"))
        #expect(stream.pairs.isEmpty)
        #expect(stream.received(try Link.stanza()).error == .notAuthorized)
    }

    @Test func acceptsWhatTheAuthoritativeServerVouchesFor() throws {
        var stream = try InboundFederation.open()
        let action = stream.prove()
        #expect(
            action
                == .tell(
                    .authenticated(Link.pair, .dialback, .incoming),
                    send: [Link.result(.valid, from: Link.here, to: Link.there)]
                )
        )
        #expect(stream.pairs == [Link.pair])
        guard case .deliver = stream.received(try Link.stanza()) else {
            Issue.record("not delivered")
            return
        }
    }

    @Test func endsWithAnImpostor() throws {
        var stream = try InboundFederation.open()
        let question = try #require(stream.received(Link.result(.key("abc"))).question)
        let action = stream.verified(question, .invalid)
        #expect(action.dialback == .invalid)
        #expect(action.ending?.awaitsPeer == true)
        guard case .rejected(Link.pair, _)? = action.event else {
            Issue.record("not told")
            return
        }
    }

    @Test func goesOnForThePairsThatAreProven() throws {
        var stream = try InboundFederation.certified()
        let question = try #require(
            stream.received(Link.result(.key("abc"), from: "rooms.capulet.example")).question
        )
        #expect(stream.verified(question, .invalid).dialbackError == .forbidden)
        guard case .deliver = stream.received(try Link.stanza()) else {
            Issue.record("not delivered")
            return
        }
    }

    @Test(arguments: [
        (DialbackVerdict.notFound, StanzaError.Condition.remoteServerNotFound),
        (.timedOut, .remoteServerTimeout),
    ])
    func saysWhyNobodyCouldVouch(
        _ verdict: DialbackVerdict,
        _ condition: StanzaError.Condition
    ) throws {
        var stream = try InboundFederation.open()
        let question = try #require(stream.received(Link.result(.key("abc"))).question)
        let action = stream.verified(question, verdict)
        #expect(action.dialbackError == condition)
        #expect(action.ending == nil)
        #expect(stream.pairs.isEmpty)
        // It may try again.
        #expect(stream.prove().event != nil)
    }

    @Test func carriesManyPairs() throws {
        var stream = try InboundFederation.certified()
        let more = [
            DomainPair(local: Link.here, remote: "rooms.capulet.example"),
            DomainPair(local: "chat.montague.example", remote: Link.there),
        ]
        for pair in more {
            #expect(stream.prove(pair).event == .authenticated(pair, .dialback, .incoming))
        }
        #expect(stream.pairs == Set(more + [Link.pair]))
        let stanza = try Link.stanza(from: "x@rooms.capulet.example")
        guard case .deliver = stream.received(stanza) else {
            Issue.record("not delivered")
            return
        }
    }

    @Test func saysAgainWhatIsProven() throws {
        var stream = try InboundFederation.certified()
        #expect(stream.received(Link.result(.key("x"))).dialback == .valid)
    }

    @Test(arguments: [
        (Link.there, "other.example", StanzaError.Condition.itemNotFound),
        ("chat.montague.example", Link.here, .notAcceptable),
        ("blocked.example", Link.here, .policyViolation),
        ("strict.example", Link.here, .notAuthorized),
    ])
    func refusesPairsWithoutAsking(
        _ from: String,
        _ to: String,
        _ condition: StanzaError.Condition
    ) throws {
        var policy = Link.policy()
        let strict = FederationPolicy.Rule(authentication: .certificate)
        #expect(policy.set(FederationPolicy.Rule(isAllowed: false), for: "blocked.example") == true)
        #expect(policy.set(strict, for: "strict.example") == true)
        var stream = try InboundFederation.open(policy: policy)
        let limit = FederationPolicy.Limits().failures
        // However often: it costs nothing.
        for _ in 0...limit {
            let action = stream.received(Link.result(.key("x"), from: from, to: to))
            #expect(action.dialbackError == condition)
            #expect(action.ending == nil)
        }
    }

    @Test func takesOneKeyOfAPairAtATime() throws {
        var stream = try InboundFederation.open()
        let first = try #require(stream.received(Link.result(.key("a"))).question)
        #expect(stream.received(Link.result(.key("b"))).dialbackError == .resourceConstraint)
        #expect(stream.verified(first, .valid).dialback == .valid)
    }

    @Test func limitsKeysUnderWay() throws {
        let policy = Link.policy { $0.limits.pendingVerifications = 2 }
        var stream = try InboundFederation.open(policy: policy)
        let first = stream.received(Link.result(.key("x"), from: "a.example"))
        let question = try #require(first.question)
        #expect(stream.received(Link.result(.key("x"), from: "b.example")).question != nil)
        let over = stream.received(Link.result(.key("x"), from: "c.example"))
        #expect(over.dialbackError == .resourceConstraint)
        _ = stream.verified(question, .valid)
        #expect(stream.received(Link.result(.key("x"), from: "c.example")).question != nil)
    }

    @Test func limitsPairs() throws {
        let policy = Link.policy { $0.limits.pairs = 2 }
        var stream = try InboundFederation.open(policy: policy)
        for name in ["a.example", "b.example"] {
            #expect(stream.prove(DomainPair(local: Link.here, remote: name)).dialback == .valid)
        }
        let over = stream.received(Link.result(.key("x"), from: "c.example"))
        #expect(over.dialbackError == .resourceConstraint)
    }

    @Test func limitsQuestionsAskedInVain() throws {
        let policy = Link.policy { $0.limits.failures = 2 }
        var stream = try InboundFederation.open(policy: policy)
        for (name, isOver) in [("a.example", false), ("b.example", true)] {
            let action = stream.received(Link.result(.key("x"), from: name))
            let answer = stream.verified(try #require(action.question), .notFound)
            #expect(answer.dialbackError == .remoteServerNotFound)
            #expect((answer.error == .policyViolation) == isOver)
        }
    }

    @Test func dropsAnswersThatNobodyWaitsFor() throws {
        var stream = try InboundFederation.open()
        let question = try #require(stream.received(Link.result(.key("a"))).question)
        let other = DialbackQuestion(pair: question.pair, streamID: question.streamID, key: "b")
        #expect(stream.verified(other, .valid) == .nothing)
        #expect(stream.verified(question, .timedOut).dialbackError == .remoteServerTimeout)
        #expect(stream.verified(question, .valid) == .nothing)
        #expect(stream.pairs.isEmpty)
        _ = stream.close(nil)
        #expect(stream.verified(question, .valid) == .nothing)
    }

    // MARK: The authoritative server

    @Test func knowsItsOwnKeys() throws {
        // On a stream that says nothing of itself.
        var stream = try InboundFederation.open(from: nil)
        let key = try Link.keys().key(
            receiving: Link.there,
            originating: Link.here,
            streamID: "417GAF25"
        )
        let valid = stream.received(Link.verify(.key(key), id: "417GAF25"))
        #expect(
            valid.sent == [Link.verify(.valid, from: Link.here, to: Link.there, id: "417GAF25")]
        )
        #expect(stream.received(Link.verify(.key(key), id: "417GAF26")).dialback == .invalid)
        let other = Link.verify(.key(key), from: "other.example", id: "417GAF25")
        #expect(stream.received(other).dialback == .invalid)
        // To know that a key is right proves nothing of who asks.
        #expect(stream.pairs.isEmpty)
    }

    @Test func knowsNoKeysOfOthers() throws {
        var stream = try InboundFederation.open()
        let action = stream.received(Link.verify(.key("x"), to: "other.example"))
        #expect(action.dialbackError == .itemNotFound)
        #expect(action.ending == nil)
    }

    // MARK: Stanzas

    @Test(arguments: [
        ("juliet@other.example", "romeo@montague.example", StreamError.Condition.invalidFrom),
        ("montague.example", "romeo@montague.example", .invalidFrom),
        ("juliet@capulet.example", "romeo@other.example", .hostUnknown),
        ("juliet@capulet.example", "chat.montague.example", .notAuthorized),
        ("x.capulet.example", "montague.example", .invalidFrom),
    ])
    func refusesStanzasOfOtherPairs(
        _ from: String,
        _ to: String,
        _ error: StreamError.Condition
    ) throws {
        var stream = try InboundFederation.certified()
        #expect(stream.received(try Link.stanza(from: from, to: to)).error == error)
    }

    @Test(arguments: [
        "<message xmlns='jabber:client' to='romeo@montague.example'/>",
        "<message xmlns='jabber:client' from='juliet@capulet.example'/>",
        "<message xmlns='jabber:client' from='@' to='romeo@montague.example'/>",
        "<message xmlns='jabber:client' from='juliet@capulet.example' to='a@b..example'/>",
    ])
    func refusesStanzasWithoutAddresses(_ text: String) throws {
        var stream = try InboundFederation.certified()
        #expect(stream.received(try Element.xml(text)).error == .improperAddressing)
    }

    @Test func sendsBackWhatIsForNobody() throws {
        var stream = try InboundFederation.certified()
        let message = try Element.xml(
            "<message xmlns='jabber:client' from='juliet@capulet.example/x' id='1' "
                + "to='\"@montague.example'/>"
        )
        guard case .bounce(let error) = stream.received(message) else {
            Issue.record("not sent back")
            return
        }
        #expect(error.error?.condition == .jidMalformed)
        #expect(error.from?.description == Link.here)
        #expect(error.to?.description == "juliet@capulet.example/x")
        #expect(error.id == "1")
    }

    @Test(arguments: [
        "<message xmlns='jabber:client' from='\"@capulet.example' to='romeo@montague.example'/>",
        "<message xmlns='jabber:client' from='a@capulet.example/\u{E000}' to='montague.example'/>",
        "<iq xmlns='jabber:client' type='error' from='a@capulet.example' "
            + "to='\"@montague.example'/>",
        "<iq xmlns='jabber:client' type='result' from='capulet.example' to='montague.example'/>",
    ])
    func dropsWhatCanHaveNoAnswer(_ text: String) throws {
        var stream = try InboundFederation.certified()
        #expect(stream.received(try Element.xml(text)).isIgnored)
        // The stream carries more than that one account.
        guard case .deliver = stream.received(try Link.stanza()) else {
            Issue.record("not delivered")
            return
        }
        #expect(stream.acknowledgements.received == 2)
    }

    @Test func doesNotLetAMalformedAddressHideItsDomain() throws {
        var stream = try InboundFederation.certified()
        let message = try Element.xml(
            "<message xmlns='jabber:client' from='\"@other.example' to='romeo@montague.example'/>"
        )
        #expect(stream.received(message).error == .invalidFrom)
    }

    @Test(arguments: [
        ("get", nil, 1), ("set", "1", 0), ("set", "1", 2), ("", "1", 1), ("push", "1", 1),
    ])
    func sendsBackMalformedRequests(_ type: String, _ id: String?, _ payloads: Int) throws {
        var stream = try InboundFederation.certified()
        let request = try Link.stanza(
            .iq,
            type: type,
            id: id,
            payloads: Array(repeating: Element("ping", Namespace.ping), count: payloads)
        )
        guard case .bounce(let error) = stream.received(request) else {
            Issue.record("not sent back")
            return
        }
        #expect(error.error?.condition == .badRequest)
    }

    @Test func stampsTheStreamsLanguage() throws {
        var stream = try InboundFederation.open()
        _ = stream.received(.bidirectional)
        _ = stream.prove()
        stream.session.language = "it"
        guard case .deliver(let message) = stream.received(try Link.stanza()) else {
            Issue.record("not delivered")
            return
        }
        #expect(message.language == "it")
    }
}
