import Testing
import XMPP

@testable import Modules

// XEP-0163: an account's nodes between its roster, presence and capabilities.
@Suite struct PEPTests {
    private static let groups = SharedGroups([
        "viewers": .init(members: [Conversation.jid("viewer")]),
        "hosts": .init(
            members: [Conversation.jid("web"), Conversation.jid("mail")],
            sees: ["viewers"]
        ),
    ])

    private func publish(_ node: String, _ id: String) throws -> Stanza {
        let markup = """
            <pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='\(node)'>\
            <item id='\(id)'><sample xmlns='urn:lapwing:1'/></item></publish></pubsub>
            """
        return Stanza(.iq, type: "set", id: "p", [try Element(parsing: Array(markup.utf8))])
    }

    private func request(_ type: String, to: String, _ content: String) throws -> Stanza {
        let markup = "<pubsub xmlns='http://jabber.org/protocol/pubsub'>\(content)</pubsub>"
        let payload = try Element(parsing: Array(markup.utf8))
        return Stanza(.iq, type: type, id: "r", to: try JID(to), [payload])
    }

    /// The nodes and items in the events that came, those that come late marked.
    private func events(_ stanzas: [Stanza]) -> [String] {
        stanzas.compactMap { stanza in
            guard let event = stanza.payload("event", Namespace.pubsubEvent),
                let what = event.elements.first
            else { return nil }
            let late = Delay.stamp(of: stanza) == nil ? "" : " late"
            return "\(what["node"] ?? "-") \(what.elements.first?["id"] ?? "-")\(late)"
        }
    }

    /// A session comes with capabilities, and answers what they mean if the server asks; what it
    /// gets meanwhile comes back.
    @discardableResult
    private func arrive(
        _ name: String,
        wanting nodes: [String],
        in talk: inout Conversation
    ) throws -> [Stanza] {
        try talk.login(name)
        let info = DiscoInfo(
            identities: [.init(category: "client", type: "pc")],
            features: nodes.map { $0 + "+notify" }
        )
        let capabilities = try #require(EntityCapabilities(node: "urn:test", describing: info))
        talk.available(name, [capabilities.element])
        let came = talk.take(name)
        guard let question = came.first(where: { $0.payload?.namespace == Namespace.discoInfo })
        else { return came }
        var answer = question.result(info.element)
        answer.to = question.from
        talk.send(name, answer)
        return came + talk.take(name)
    }

    @Test func sendsToAViewerWhatItAsksFor() throws {
        var talk = Conversation(["web", "viewer", "mail"], groups: Self.groups)
        try talk.login("web/agent")
        try arrive("viewer/top", wanting: ["cpu"], in: &talk)
        try arrive("mail/agent", wanting: ["cpu"], in: &talk)
        talk.send("web/agent", try publish("cpu", "current"))
        talk.send("web/agent", try publish("memory", "current"))
        #expect(events(talk.take("viewer/top")) == ["cpu current"])
        // Hosts do not see each other.
        #expect(events(talk.take("mail/agent")).isEmpty)
    }

    // XEP-0163 §4.3.3: an account's nodes speak also while nobody of it is there.
    @Test func sendsTheLastItemOfAnAccountThatIsAway() throws {
        var talk = Conversation(["web", "viewer"], groups: Self.groups)
        try talk.login("web/agent")
        talk.send("web/agent", try publish("cpu", "current"))
        talk.logout("web/agent")
        let came = try arrive("viewer/top", wanting: ["cpu"], in: &talk)
        #expect(events(came) == ["cpu current late"])
    }

    // XEP-0163 §4.3.3: a presence update brings nothing again.
    @Test func sendsNothingAgainForAnUpdate() throws {
        var talk = Conversation(["web", "viewer"], groups: Self.groups)
        try talk.login("web/agent")
        talk.send("web/agent", try publish("cpu", "current"))
        try arrive("viewer/top", wanting: ["cpu"], in: &talk)
        _ = talk.take("viewer/top")
        let info = DiscoInfo(
            identities: [.init(category: "client", type: "pc")],
            features: ["cpu+notify"]
        )
        let capabilities = try #require(EntityCapabilities(node: "urn:test", describing: info))
        talk.available(
            "viewer/top",
            [capabilities.element, Element("show", Namespace.client, text: "away")]
        )
        #expect(events(talk.take("viewer/top")).isEmpty)
        talk.logout("viewer/top")
        let came = try arrive("viewer/top", wanting: ["cpu"], in: &talk)
        #expect(events(came) == ["cpu current late"])
    }

    // XEP-0163 §4.2: interest is what the latest presence says.
    @Test func sendsNothingMoreToWhoStopsAsking() throws {
        var talk = Conversation(["web", "viewer"], groups: Self.groups)
        try talk.login("web/agent")
        try arrive("viewer/top", wanting: ["cpu"], in: &talk)
        talk.available("viewer/top")
        _ = talk.take("viewer/top")
        talk.send("web/agent", try publish("cpu", "current"))
        #expect(events(talk.take("viewer/top")).isEmpty)
    }

    // XEP-0163 §4: the owner's own sessions ask as others do.
    @Test func tellsTheOwnersOtherSessions() throws {
        var talk = Conversation(["web"])
        try talk.login("web/agent")
        try arrive("web/desk", wanting: ["cpu"], in: &talk)
        talk.send("web/agent", try publish("cpu", "current"))
        #expect(events(talk.take("web/desk")) == ["cpu current"])
        #expect(events(talk.take("web/agent")).isEmpty)
    }

    // XEP-0163 §7: who leaves the group leaves the audience.
    @Test func followsTheGroups() throws {
        var talk = Conversation(["web", "viewer"], groups: Self.groups)
        try talk.login("web/agent")
        talk.available("web/agent")
        try arrive("viewer/top", wanting: ["cpu"], in: &talk)
        talk.replaceGroups(with: SharedGroups())
        talk.send("web/agent", try publish("cpu", "1"))
        #expect(events(talk.take("viewer/top")).isEmpty)
        talk.replaceGroups(with: Self.groups)
        #expect(events(talk.take("viewer/top")) == ["cpu 1 late"])
        talk.send("web/agent", try publish("cpu", "2"))
        #expect(events(talk.take("viewer/top")) == ["cpu 2"])
    }

    // XEP-0163 §4.2, the access model presence.
    @Test func refusesAStrangerWhatAContactGets() throws {
        var talk = Conversation(["web", "viewer", "mail"], groups: Self.groups)
        try talk.login("web/agent")
        talk.send("web/agent", try publish("cpu", "current"))
        try talk.login("viewer/top")
        try talk.login("mail/agent")
        let items = try request("get", to: "web@example.com", "<items node='cpu'/>")
        talk.send("viewer/top", items)
        #expect(
            talk.take("viewer/top").last?.payload?.child("items")?.elements.first?["id"]
                == "current"
        )
        talk.send("mail/agent", items)
        #expect(
            talk.take("mail/agent").last?.error?.summary
                == "auth not-authorized presence-subscription-required"
        )
    }

    @Test func letsOnlyTheOwnerMakeNodes() throws {
        var talk = Conversation(["web", "viewer"], groups: Self.groups)
        try talk.login("viewer/top")
        let content = "<publish node='cpu'><item><a xmlns='urn:a'/></item></publish>"
        talk.send("viewer/top", try request("set", to: "web@example.com", content))
        #expect(talk.take("viewer/top").last?.error?.summary == "cancel item-not-found")
        #expect(talk.stored.isEmpty)
    }

    // A change that the store is told of comes before the answer that promises it.
    @Test func storesBeforeItAnswers() throws {
        var service = PubSubService(owner: NodesConversation.owner, profile: .pep())
        let agent = try JID(NodesConversation.agent)
        let effects = try service.receive(
            try publish("n", "1"),
            from: agent,
            relation: { _ in Relation(isOwner: true) },
            at: Instant(milliseconds: 0)
        )
        let kinds = effects.map { effect in
            switch effect {
            case .store: "store"
            case .reply: "reply"
            case .notify: "notify"
            case .load: "load"
            case .wake, .send, .watch, .mirror: "other"
            }
        }
        #expect(kinds == ["store", "store", "reply"])
    }

    // XEP-0163 §6: what an account must do, and no feature that it lacks.
    @Test func namesWhatItDoes() {
        let features = Set(PEPModule.accountFeatures)
        let needed = [
            "access-presence", "auto-create", "auto-subscribe", "filtered-notifications",
            "publish-options", "last-published",
        ]
        #expect(features.isSuperset(of: needed.map { Namespace.pubsub + "#" + $0 }))
        let lacking = ["access-open", "access-authorize"]
        #expect(features.isDisjoint(with: lacking.map { Namespace.pubsub + "#" + $0 }))
        #expect(features.count == PEPModule.accountFeatures.count)
    }
}
