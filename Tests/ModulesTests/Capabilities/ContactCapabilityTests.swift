import Testing
import XMPP

@testable import Modules

// XEP-0163 §4.1 across domains: a contact elsewhere says by its presence what it wants.
struct ContactCapabilityTests {
    private static let info = DiscoInfo(
        identities: [.init(category: "client", type: "pc")],
        features: ["n+notify"]
    )
    private let contact: JID
    private let capabilities: Element

    init() throws {
        contact = try JID("romeo@montague.example/phone")
        capabilities = try #require(EntityCapabilities2(describing: Self.info)).element
    }

    /// Juliet's account, to whose presence the contact is subscribed.
    private func conversation(with contact: JID? = nil) throws -> Conversation {
        var talk = Conversation(["juliet"])
        try talk.login("juliet/balcony")
        talk.available("juliet/balcony")
        let bare = (contact ?? self.contact).bare
        let juliet = Conversation.jid("juliet")
        talk.arrive(Stanza(.presence, type: "subscribe", from: bare, to: juliet))
        talk.send("juliet/balcony", Stanza(.presence, type: "subscribed", to: bare))
        return talk
    }

    private func appear(_ talk: inout Conversation, _ payloads: [Element]) {
        talk.arrive(
            Stanza(.presence, from: contact, to: Conversation.jid("juliet"), payloads)
        )
    }

    private func publish(_ talk: inout Conversation, _ id: String = "1") throws {
        let markup =
            "<pubsub xmlns='\(Namespace.pubsub)'><publish node='n'><item id='\(id)'>"
            + "<a xmlns='urn:a'/></item></publish></pubsub>"
        let payload = try Element(parsing: Array(markup.utf8))
        talk.send("juliet/balcony", Stanza(.iq, type: "set", id: "p", [payload]))
    }

    private func questions(_ talk: Conversation) -> [Stanza] {
        talk.sentAway.filter {
            $0.isRequest && $0.to == contact && $0.payload?.namespace == Namespace.discoInfo
        }
    }

    private func events(_ talk: Conversation) -> Int {
        talk.sentAway.count {
            $0.to == contact && $0.payload("event", Namespace.pubsubEvent) != nil
        }
    }

    @Test func contactElsewhereIsAskedAndNotified() throws {
        var talk = try conversation()
        try publish(&talk)
        appear(&talk, [capabilities])
        let question = try #require(questions(talk).first)
        #expect(question.from == Conversation.jid("juliet"))
        #expect(events(talk) == 0)
        talk.arrive(question.result(Self.info.element))
        // The last item, now that it is known to be wanted.
        #expect(events(talk) == 1)
        try publish(&talk, "2")
        #expect(events(talk) == 2)
        talk.arrive(
            Stanza(.presence, type: "unavailable", from: contact, to: Conversation.jid("juliet"))
        )
        try publish(&talk, "3")
        #expect(events(talk) == 2)
    }

    // Its presence came before it had a right to anything.
    @Test func contactThatIsLetInLaterIsAskedThen() throws {
        var talk = Conversation(["juliet"])
        let juliet = Conversation.jid("juliet")
        try talk.login("juliet/balcony")
        talk.available("juliet/balcony")
        talk.send("juliet/balcony", Stanza(.presence, type: "subscribe", to: contact.bare))
        talk.arrive(Stanza(.presence, type: "subscribed", from: contact.bare, to: juliet))
        appear(&talk, [capabilities])
        #expect(questions(talk).isEmpty)
        talk.arrive(Stanza(.presence, type: "subscribe", from: contact.bare, to: juliet))
        talk.send("juliet/balcony", Stanza(.presence, type: "subscribed", to: contact.bare))
        let probe = talk.sentAway.last { $0.kind == .presence && $0.type == "probe" }
        #expect(probe?.from == juliet)
        #expect(probe?.to == contact.bare)
        appear(&talk, [capabilities])
        #expect(questions(talk).count == 1)
    }

    @Test func knownHashIsNotAskedAbout() throws {
        var talk = try conversation()
        appear(&talk, [capabilities])
        let question = try #require(questions(talk).first)
        // Again while it waits, as when what it shows changes.
        appear(&talk, [capabilities, Element("show", Namespace.client, text: "away")])
        #expect(questions(talk).count == 1)
        talk.arrive(question.result(Self.info.element))
        talk.arrive(
            Stanza(.presence, type: "unavailable", from: contact, to: Conversation.jid("juliet"))
        )
        appear(&talk, [capabilities])
        #expect(questions(talk).count == 1)
        try publish(&talk)
        #expect(events(talk) == 1)
    }

    @Test func answerOfAnotherCountsForNothing() throws {
        var talk = try conversation()
        appear(&talk, [capabilities])
        var answer = try #require(questions(talk).first).result(Self.info.element)
        answer.from = try JID("romeo@montague.example/other")
        talk.arrive(answer)
        try publish(&talk)
        #expect(events(talk) == 0)
    }

    @Test func strangerIsNeitherAskedNorNotified() throws {
        var talk = try conversation(with: try JID("friar@montague.example"))
        appear(&talk, [capabilities])
        #expect(questions(talk).isEmpty)
        try publish(&talk)
        #expect(events(talk) == 0)
    }

    @Test func contactThatWantsNothingAnyMoreGetsNothing() throws {
        var talk = try conversation()
        appear(&talk, [capabilities])
        talk.arrive(try #require(questions(talk).first).result(Self.info.element))
        appear(&talk, [])
        try publish(&talk)
        #expect(events(talk) == 0)
    }

    @Test func lateAnswerIsNone() throws {
        var talk = try conversation()
        appear(&talk, [capabilities])
        let question = try #require(questions(talk).first)
        talk.pass(milliseconds: 31_000)
        // Another presence is another chance.
        appear(&talk, [capabilities])
        #expect(questions(talk).count == 2)
        talk.arrive(question.result(Self.info.element))
        try publish(&talk)
        #expect(events(talk) == 0)
    }
}
