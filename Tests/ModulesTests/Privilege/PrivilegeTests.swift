import Testing
import XMPP

@testable import Modules

/// What a component may do in the names of accounts, and what not (XEP-0356).
@Suite struct PrivilegeTests {
    static let component = JID(normalizedLocal: nil, domain: "pep.example.com")
    static let server = JID(normalizedLocal: nil, domain: "example.com")
    static let juliet = Conversation.jid("juliet")
    static let romeo = Conversation.jid("romeo")

    static func privileges(_ change: (inout Privileges) -> Void) -> [JID: Privileges] {
        var privileges = Privileges(over: ["example.com"])
        change(&privileges)
        return [component: privileges]
    }

    static func condition(_ stanza: Stanza?) -> StanzaError.Condition? { stanza?.error?.condition }

    static func conversation(_ change: (inout Privileges) -> Void = { _ in }) -> Conversation {
        Conversation(["juliet", "romeo"], privileges: privileges(change))
    }

    // MARK: Advertisement

    @Test func tellsWhatIsGranted() throws {
        var talk = Self.conversation {
            $0.roster = .both
            $0.pushes = true
            $0.sendsMessages = true
            $0.presence = .contacts
            $0.iq = ["b": .set, "a": .both]
        }
        talk.attach(Self.component)
        let message = try #require(talk.take(Self.component.domain).first)
        #expect(message.from == Self.server && message.to == Self.component)
        let permissions = try #require(message.payload("privilege", Privileges.namespace)).elements
        #expect(permissions.map { $0["access"] } == ["roster", "message", "iq", "presence"])
        #expect(permissions.map { $0["type"] } == ["both", "outgoing", nil, "roster"])
        #expect(permissions.first?["push"] == "true")
        let namespaces = permissions[2].elements
        #expect(namespaces.map { $0["ns"] } == ["a", "b"])
        #expect(namespaces.map { $0["type"] } == ["both", "set"])
    }

    @Test func tellsNothingWhereNothingIsGranted() {
        var talk = Self.conversation()
        talk.attach(Self.component)
        talk.attach(JID(normalizedLocal: nil, domain: "other.example.com"))
        #expect(talk.take(Self.component.domain).isEmpty)
        #expect(talk.take("other.example.com").isEmpty)
        #expect(talk.takeSentAway().isEmpty)
    }

    // MARK: Rosters

    static func rosterRequest(_ type: String, from: JID = component, to: JID = juliet) -> Stanza {
        let jid = Element.Attribute("jid", "nurse@example.com")
        let item = Element("item", Namespace.roster, attributes: [jid])
        let query = Element("query", Namespace.roster, type == "set" ? [item] : [])
        return Stanza(.iq, type: type, id: "r", from: from, to: to, [query])
    }

    @Test(arguments: [
        (Privileges.Access.none, []), (.get, ["get"]), (.set, ["set"]), (.both, ["get", "set"]),
    ])
    func letsIntoRosters(_ access: Privileges.Access, _ allowed: [String]) {
        for type in ["get", "set"] {
            var talk = Self.conversation { $0.roster = access }
            talk.arrive(Self.rosterRequest(type))
            let answer = talk.takeSentAway().first
            #expect(answer?.from == Self.juliet && answer?.id == "r")
            #expect(answer?.type == (allowed.contains(type) ? "result" : "error"))
            if !allowed.contains(type) {
                #expect(Self.condition(answer) == .forbidden)
                #expect(talk.stored.isEmpty)
            }
        }
    }

    /// Addresses below a component may be anybody's.
    @Test(arguments: ["user@pep.example.com", "pep.example.com/x", "other.example.com"])
    func letsNobodyElseIntoRosters(_ from: String) throws {
        var talk = Self.conversation { $0.roster = .both }
        talk.arrive(Self.rosterRequest("get", from: try JID(from)))
        #expect(Self.condition(talk.takeSentAway().first) == .forbidden)
    }

    @Test(arguments: [true, false]) func pushesChanges(_ wanted: Bool) throws {
        var talk = Self.conversation {
            $0.roster = .get
            $0.pushes = wanted
        }
        try talk.login("juliet/balcony")
        var request = Self.rosterRequest("set", to: Self.juliet)
        request.to = nil
        talk.send("juliet/balcony", request)
        let pushes = talk.takeSentAway().filter { $0.type == "set" }
        #expect(pushes.count == (wanted ? 1 : 0))
        guard wanted else { return }
        #expect(pushes.first?.from == Self.juliet && pushes.first?.to == Self.component)
        let item = pushes.first?.payload?.elements.first
        #expect(item?["jid"] == "nurse@example.com")
    }

    // MARK: Messages

    static func message(
        _ inner: Stanza?,
        from: JID = component,
        to: JID = server
    ) -> Stanza {
        let inside = inner.map { [Forwarded.element($0)] } ?? []
        let privilege = Element("privilege", Privileges.namespace, inside)
        return Stanza(.message, id: "w", from: from, to: to, [privilege])
    }

    static func hello(from: JID?, to: JID? = romeo) -> Stanza {
        let body = Element("body", Namespace.client, text: "hello")
        return Stanza(.message, id: "m", from: from, to: to, [body])
    }

    @Test(arguments: [juliet, server]) func sendsMessages(as sender: JID) throws {
        var talk = Self.conversation { $0.sendsMessages = true }
        try talk.login("romeo/orchard")
        talk.available("romeo/orchard")
        _ = talk.take("romeo/orchard")
        talk.arrive(Self.message(Self.hello(from: sender)))
        let got = talk.take("romeo/orchard").first
        #expect(got == Self.hello(from: sender))
        #expect(talk.takeSentAway().isEmpty)
    }

    /// As slixmpp has it: what is inside is left in the namespace of the component's stream.
    @Test func sendsMessagesOfTheStreamsNamespace() throws {
        var talk = Self.conversation { $0.sendsMessages = true }
        let away = try JID("friend@elsewhere.example")
        let foreign = Element("body", "urn:other", [Element("body", Namespace.component)])
        var inner = Self.hello(from: Self.juliet, to: away).element
        inner.append(foreign)
        inner.namespace = Namespace.component
        inner.children[0] = .element(Element("body", Namespace.component, text: "hello"))
        let forwarded = Element("forwarded", Forwarded.namespace, [inner])
        var wrapper = Self.message(nil)
        wrapper.children = [.element(Element("privilege", Privileges.namespace, [forwarded]))]
        talk.arrive(wrapper)
        var wanted = Self.hello(from: Self.juliet, to: away)
        wanted.children.append(.element(foreign))
        #expect(talk.takeSentAway() == [wanted])
    }

    @Test func sendsMessagesToOtherDomains() throws {
        var talk = Self.conversation { $0.sendsMessages = true }
        let away = try JID("friend@elsewhere.example")
        talk.arrive(Self.message(Self.hello(from: Self.juliet, to: away)))
        #expect(talk.takeSentAway() == [Self.hello(from: Self.juliet, to: away)])
    }

    @Test(arguments: [
        "juliet@example.com/balcony", "nobody@example.com", "juliet@elsewhere.example",
        "elsewhere.example", "user@pep.example.com", "pep.example.com", "example.com/x",
    ])
    func sendsNoMessages(as sender: String) throws {
        var talk = Self.conversation { $0.sendsMessages = true }
        talk.arrive(Self.message(Self.hello(from: try JID(sender))))
        let sent = talk.takeSentAway()
        #expect(sent.count == 1 && sent.first?.id == "w" && sent.first?.to == Self.component)
        #expect(Self.condition(sent.first) == .forbidden)
    }

    @Test func sendsNoMessagesWithoutThePermission() throws {
        var talk = Self.conversation { $0.roster = .both }
        talk.arrive(Self.message(Self.hello(from: Self.juliet)))
        #expect(Self.condition(talk.takeSentAway().first) == .forbidden)
        // Nor for anybody who is no component, whatever others may.
        talk = Self.conversation { $0.sendsMessages = true }
        try talk.login("romeo/orchard")
        talk.send("romeo/orchard", Self.message(Self.hello(from: Self.juliet)))
        #expect(Self.condition(talk.take("romeo/orchard").first) == .forbidden)
        for from in ["user@pep.example.com", "other.example.com"] {
            talk.arrive(Self.message(Self.hello(from: Self.juliet), from: try JID(from)))
            #expect(Self.condition(talk.takeSentAway().first) == .forbidden)
        }
    }

    @Test func sendsOnlyMessages() {
        var talk = Self.conversation { $0.sendsMessages = true }
        var iq = Self.hello(from: Self.juliet)
        iq.kind = .iq
        iq.type = "get"
        for inner in [nil, Self.hello(from: nil), Self.hello(from: Self.server, to: nil), iq] {
            talk.arrive(Self.message(inner))
            #expect(Self.condition(talk.takeSentAway().first) == .forbidden)
        }
    }

    /// Rights over one domain's accounts are none over another's.
    @Test func isConfinedToItsDomains() {
        let elsewhere = Self.privileges {
            $0.domains = ["other.example"]
            $0.roster = .both
            $0.pushes = true
            $0.sendsMessages = true
            $0.presence = .contacts
            $0.iq = [Namespace.pubsub: .both]
        }
        var talk = Conversation(["juliet", "romeo"], privileges: elsewhere)
        talk.attach(Self.component)
        #expect(talk.take(Self.component.domain).isEmpty)
        let attempts = [
            Self.rosterRequest("get"), Self.message(Self.hello(from: Self.juliet)),
            PrivilegedRequestTests.wrapper("get", PrivilegedRequestTests.items()),
        ]
        for attempt in attempts {
            talk.arrive(attempt)
            #expect(Self.condition(talk.takeSentAway().first) == .forbidden)
        }
    }

    // MARK: Presence

    @Test(arguments: [Privileges.Sight.none, .accounts, .contacts])
    func showsThePresenceOfAccounts(_ sight: Privileges.Sight) throws {
        var talk = Self.conversation {
            $0.roster = .get
            $0.presence = sight
        }
        try talk.login("juliet/balcony")
        talk.available("juliet/balcony")
        // Only the first is told, and the end.
        talk.available("juliet/balcony", [Element("show", Namespace.client, text: "away")])
        talk.logout("juliet/balcony")
        let seen = talk.takeSentAway()
        #expect(seen.map(\.type) == (sight == .none ? [] : [nil, "unavailable"]))
        #expect(seen.allSatisfy { $0.to == Self.component })
        #expect(seen.allSatisfy { $0.from?.description == "juliet@example.com/balcony" })
    }

    @Test func showsWhoIsThereAlready() throws {
        var talk = Self.conversation { $0.presence = .accounts }
        try talk.login("juliet/balcony")
        try talk.login("romeo/orchard")
        talk.available("juliet/balcony")
        _ = talk.takeSentAway()
        talk.attach(Self.component)
        #expect(talk.takeSentAway().map { $0.from?.local } == ["juliet"])
        // Another connection of the same component needs no more than its rights.
        talk.attach(Self.component, isFirst: false)
        #expect(talk.takeSentAway().isEmpty)
        #expect(talk.take(Self.component.domain).count == 1)
    }

    @Test func showsManyInPortions() throws {
        let count = AccountShard.introducedAtOnce + 10
        var talk = Conversation(
            (0..<count).map { "user\($0)" },
            privileges: Self.privileges { $0.presence = .accounts }
        )
        for number in 0..<count {
            try talk.login("user\(number)/x")
            talk.available("user\(number)/x")
        }
        _ = talk.takeSentAway()
        talk.attach(Self.component)
        var seen = talk.takeSentAway().map(\.from)
        #expect(seen.count == AccountShard.introducedAtOnce)
        talk.pass(milliseconds: 1_000)
        seen += talk.takeSentAway().map(\.from)
        #expect(seen.count == count && Set(seen).count == count)
    }

    @Test(arguments: [Privileges.Sight.accounts, .contacts])
    func showsContactsOnce(_ sight: Privileges.Sight) throws {
        var talk = Self.conversation {
            $0.roster = .get
            $0.presence = sight
        }
        let friend = try JID("friend@elsewhere.example/phone")
        for name in ["juliet", "romeo"] {
            try talk.login(name + "/x")
            talk.send(name + "/x", Stanza(.presence, type: "subscribe", to: friend.bare))
            let to = Conversation.jid(name)
            talk.arrive(Stanza(.presence, type: "subscribed", from: friend.bare, to: to))
        }
        _ = talk.takeSentAway()
        for type in [nil, "unavailable"] {
            for name in ["juliet", "romeo"] {
                let to = Conversation.jid(name)
                talk.arrive(Stanza(.presence, type: type, from: friend, to: to))
            }
            let seen = talk.takeSentAway()
            #expect(seen.map(\.from) == (sight == .contacts ? [friend] : []))
            #expect(seen.allSatisfy { $0.to == Self.component && $0.type == type })
        }
        // A stranger's is no contact's.
        let stranger = try JID("stranger@elsewhere.example/x")
        talk.arrive(Stanza(.presence, from: stranger, to: Self.juliet))
        #expect(talk.takeSentAway().isEmpty)
    }
}
