import Testing
import XMPP

@testable import Modules

// XEP-0115 and XEP-0390: what a session wants is learnt once for all that send the same name.
struct CapabilityTests {
    private static let info = DiscoInfo(
        identities: [.init(category: "client", type: "pc")],
        features: ["n+notify"]
    )

    /// Who sees whom.
    private static let groups = SharedGroups([
        "hosts": .init(members: [Conversation.jid("web")], sees: ["viewers"]),
        "viewers": .init(
            members: [Conversation.jid("viewer"), Conversation.jid("other")],
            sees: ["hosts"]
        ),
    ])

    private func publish(_ talk: inout Conversation) throws {
        let markup =
            "<pubsub xmlns='\(Namespace.pubsub)'><publish node='n'><item id='1'>"
            + "<a xmlns='urn:a'/></item></publish></pubsub>"
        let payload = try Element(parsing: Array(markup.utf8))
        talk.send("web/agent", Stanza(.iq, type: "set", id: "p", [payload]))
    }

    /// Answers what the server asks about capabilities; whether it asked.
    @discardableResult
    private func answer(_ name: String, _ info: DiscoInfo, in talk: inout Conversation) -> Bool {
        let questions = talk.take(name).filter {
            $0.isRequest && $0.payload?.namespace == Namespace.discoInfo
        }
        for question in questions {
            var answer = question.result(info.element)
            answer.to = question.from
            talk.send(name, answer)
        }
        return !questions.isEmpty
    }

    private func events(_ name: String, _ talk: inout Conversation) -> Int {
        talk.take(name).count { $0.payload("event", Namespace.pubsubEvent) != nil }
    }

    // XEP-0390 §4.3: asked once, then known by the hash.
    @Test func learnsHashedCapabilitiesOnce() throws {
        var talk = Conversation(["web", "viewer", "other"], groups: Self.groups)
        let name = try #require(EntityCapabilities2(describing: Self.info)).element
        try talk.login("web/agent")
        try talk.login("viewer/top")
        talk.available("viewer/top", [name])
        #expect(answer("viewer/top", Self.info, in: &talk))
        try talk.login("other/top")
        talk.available("other/top", [name])
        #expect(!answer("other/top", Self.info, in: &talk))
        try publish(&talk)
        #expect(events("viewer/top", &talk) == 1)
        #expect(events("other/top", &talk) == 1)
    }

    // XEP-0390 §4.4: what the hash does not confirm counts for who said it alone.
    @Test func keepsAFalseHashFromOthers() throws {
        var talk = Conversation(["web", "viewer", "other"], groups: Self.groups)
        let honest = DiscoInfo(identities: [.init(category: "client", type: "pc")])
        let name = try #require(EntityCapabilities2(describing: honest)).element
        try talk.login("web/agent")
        try talk.login("viewer/top")
        talk.available("viewer/top", [name])
        answer("viewer/top", Self.info, in: &talk)
        try talk.login("other/top")
        talk.available("other/top", [name])
        #expect(answer("other/top", honest, in: &talk))
        try publish(&talk)
        #expect(events("viewer/top", &talk) == 1)
        #expect(events("other/top", &talk) == 0)
    }

    // XEP-0390 §4.3: where both are there, the hashed one is asked for.
    @Test func prefersTheHashedName() throws {
        var talk = Conversation(["viewer"])
        let hashed = try #require(EntityCapabilities2(describing: Self.info))
        let verified = try #require(EntityCapabilities(node: "urn:test", describing: Self.info))
        try talk.login("viewer/top")
        talk.available("viewer/top", [verified.element, hashed.element])
        let question = try #require(talk.take("viewer/top").first { $0.isRequest })
        #expect(question.payload?["node"]?.hasPrefix("urn:xmpp:caps#sha-256.") == true)
    }

    // RFC 6121 §4.6: who is sent directed presence only learns by it what the session wants.
    @Test func readsCapabilitiesInDirectedPresence() throws {
        var talk = Conversation(["web", "viewer"], groups: Self.groups)
        let name = try #require(EntityCapabilities(node: "urn:test", describing: Self.info)).element
        try talk.login("web/agent")
        try talk.login("viewer/top")
        var presence = Stanza(.presence, [name])
        presence.to = Conversation.jid("web")
        talk.send("viewer/top", presence)
        #expect(answer("viewer/top", Self.info, in: &talk))
        try publish(&talk)
        #expect(events("viewer/top", &talk) == 1)
    }
}
