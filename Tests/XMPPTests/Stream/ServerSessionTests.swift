import Testing

@testable import XMPP

/// The server's stream after authentication.
@Suite struct ServerSessionTests {
    private static let desk = JID(
        normalizedLocal: "alice",
        domain: Fixture.domain,
        resource: "desk"
    )

    private static func bind(_ resource: String = "") -> String {
        """
        <iq xmlns='jabber:client' type='set' id='b'><bind \
        xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>\(resource)</resource></bind></iq>
        """
    }

    // MARK: Binding

    @Test func offersBindingAndAnOptionalSession() throws {
        var stream = ServerStream.authenticated()
        let features = try #require(stream.opened(Fixture.header()).features)
        #expect(features.elements.map(\.name) == ["bind", "session"])
        #expect(features.child("session", Namespace.session)?.child("optional") != nil)
    }

    @Test(arguments: [("", nil), ("desk", "desk")])
    func asksForTheResource(_ wanted: String, _ resource: String?) throws {
        var stream = ServerStream.binding()
        #expect(
            stream.received(try .xml(Self.bind(wanted)))
                == .bind(account: Fixture.alice, resource: resource)
        )
    }

    @Test func tellsTheFullAddress() throws {
        var stream = ServerStream.binding()
        _ = stream.received(try .xml(Self.bind()))
        let answer = try #require(stream.bound(Self.desk).sent)
        #expect(answer["type"] == "result")
        #expect(answer["id"] == "b")
        let bound = answer.child("bind", Namespace.bind)?.child("jid")
        #expect(bound?.text == "alice@example.org/desk")
        #expect(stream.jid == Self.desk)
    }

    @Test func letsTheClientTryAgainButNotForEver() throws {
        var stream = ServerStream.binding()
        for attempt in 1...ServerStream.bindingFailuresMax {
            _ = stream.received(try .xml(Self.bind("desk")))
            let action = stream.bindFailed(StanzaError(.conflict))
            #expect(action.stanzaError == .conflict)
            #expect((action.error != nil) == (attempt == ServerStream.bindingFailuresMax))
        }
    }

    @Test func refusesAResourceThatIsTooLong() throws {
        var stream = ServerStream.binding()
        let long = String(repeating: "x", count: 1024)
        let action = stream.received(try .xml(Self.bind(long)))
        #expect(action.stanzaError == .badRequest)
    }

    @Test(arguments: [
        ("", StanzaError.Condition.notAuthorized),
        ("to='example.org'", .notAuthorized),
        ("to='alice@example.org'", .notAuthorized),
        ("to='@'", .jidMalformed),
    ])
    func refusesStanzasBeforeBinding(_ to: String, _ condition: StanzaError.Condition) throws {
        var stream = ServerStream.binding()
        let action = stream.received(
            try .xml("<iq xmlns='jabber:client' type='get' id='1' \(to)><x xmlns='y'/></iq>")
        )
        #expect(action.stanzaError == condition)
    }

    @Test func endsTheStreamForAStanzaToOthersBeforeBinding() throws {
        var stream = ServerStream.binding()
        let message = try Element.xml("<message xmlns='jabber:client' to='bob@example.org'/>")
        #expect(stream.received(message).error == .notAuthorized)
    }

    // MARK: Stanzas

    @Test(arguments: ["", "from='alice@example.org'", "from='alice@example.org/desk'"])
    func stampsTheSender(_ from: String) throws {
        var stream = ServerStream.bound()
        let action = stream.received(
            try .xml("<message xmlns='jabber:client' \(from) to='bob@example.org' id='1'/>")
        )
        let bob = JID(normalizedLocal: "bob", domain: Fixture.domain)
        #expect(action == .deliver(Stanza(.message, id: "1", from: Self.desk, to: bob)))
    }

    @Test(arguments: [
        "bob@example.org", "alice@example.org/phone", "example.org", "@", "alice@example.com/desk",
    ])
    func endsTheStreamOfWhoClaimsToBeAnother(_ from: String) throws {
        var stream = ServerStream.bound()
        let message = try Element.xml("<message xmlns='jabber:client' from='\(from)'/>")
        #expect(stream.received(message).error == .invalidFrom)
    }

    @Test(arguments: [
        "<iq xmlns='jabber:client' type='get'><x xmlns='y'/></iq>",
        "<iq xmlns='jabber:client' id='1'><x xmlns='y'/></iq>",
        "<iq xmlns='jabber:client' id='1' type='push'><x xmlns='y'/></iq>",
        "<iq xmlns='jabber:client' id='1' type='get'/>",
        "<iq xmlns='jabber:client' id='1' type='get'><x xmlns='y'/><x xmlns='y'/></iq>",
    ])
    func refusesABrokenRequest(_ text: String) throws {
        var stream = ServerStream.bound()
        let action = stream.received(try .xml(text))
        #expect(action.stanzaError == .badRequest)
        #expect(action.sent?["to"] == "alice@example.org/desk")
    }

    @Test func dropsAnAnswerToNothing() throws {
        var stream = ServerStream.bound()
        #expect(stream.received(try .xml("<iq xmlns='jabber:client' type='result'/>")) == .nothing)
    }

    @Test(arguments: [("get", true), ("error", false), ("result", false)])
    func refusesAnAddressThatIsNone(_ type: String, _ isAnswered: Bool) throws {
        var stream = ServerStream.bound()
        let action = stream.received(
            try .xml(
                "<iq xmlns='jabber:client' type='\(type)' id='1' to='@'><x xmlns='y'/></iq>"
            )
        )
        #expect(action.stanzaError == (isAnswered ? .jidMalformed : nil))
        #expect((action == .nothing) == !isAnswered)
    }

    @Test(arguments: [
        "<x xmlns='y'/>", "<message xmlns='jabber:server'/>", "<messages xmlns='jabber:client'/>",
    ])
    func refusesElementsThatAreNoStanzas(_ text: String) throws {
        var stream = ServerStream.bound()
        #expect(stream.received(try .xml(text)).error == .unsupportedStanzaType)
    }

    @Test func answersTheOldSessionRequest() throws {
        var stream = ServerStream.bound()
        let request = Stanza(.iq, type: "set", id: "s", [Element("session", Namespace.session)])
        let answer = try #require(stream.received(request.element).sent)
        #expect(answer["type"] == "result")
        #expect(answer["id"] == "s")
    }

    @Test func refusesASecondBinding() throws {
        var stream = ServerStream.bound()
        #expect(stream.received(try .xml(Self.bind())).stanzaError == .notAllowed)
    }

    @Test func deliversOtherRequests() throws {
        var stream = ServerStream.bound()
        let request = Stanza(.iq, type: "get", id: "1", [Element("ping", Namespace.ping)])
        var stamped = request
        stamped.from = Self.desk
        #expect(stream.received(request.element) == .deliver(stamped))
    }

    @Test func hasTheStreamsLanguageHoldForMessages() throws {
        var stream = ServerStream.bound(language: "de")
        func language(_ text: String) throws -> String? {
            guard case .deliver(let stanza) = stream.received(try .xml(text)) else { return nil }
            return stanza.language
        }
        #expect(try language("<message xmlns='jabber:client'/>") == "de")
        #expect(try language("<message xmlns='jabber:client' xml:lang='fr'/>") == "fr")
        #expect(try language("<iq xmlns='jabber:client' type='result' id='1'/>") == nil)
    }
}
