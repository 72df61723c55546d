import Testing
import XMPP

@testable import Modules

// XEP-0060 §12.4; pubsub.md §1.9, 27.
@Suite struct BounceTests {
    private static let viewer = "v@example.org/top"

    private func subscribed() throws -> NodesConversation {
        var talk = NodesConversation()
        for node in ["n", "m"] {
            _ = try talk.create(node, ["access_model": "open"])
            _ = try talk.subscribe(Self.viewer, node)
        }
        return talk
    }

    private func error(_ kind: String, _ condition: String) -> String {
        "<error xmlns='jabber:client' type='\(kind)'>"
            + "<\(condition) xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    }

    private func bounce(
        _ talk: inout NodesConversation,
        _ kind: String,
        _ condition: String,
        id: String = "event-1"
    ) throws -> NodesConversation.Outcome {
        try talk.tell(error(kind, condition), type: "error", id: id, from: "v@example.org")
    }

    @Test(arguments: [
        ("cancel", "item-not-found"), ("cancel", "gone"), ("modify", "gone"),
        ("cancel", "feature-not-implemented"),
    ])
    func endsSubscriptionsOfWhoIsGone(_ kind: String, _ condition: String) throws {
        var talk = try subscribed()
        #expect(try bounce(&talk, kind, condition).changes.count == 2)
        #expect(talk.service.subscribed.isEmpty)
    }

    @Test(arguments: [
        ("wait", "remote-server-timeout"), ("auth", "registration-required"),
        ("modify", "bad-request"), ("modify", "redirect"), ("modify", "not-acceptable"),
        // RFC 6121 §8.5.2.2.1: so is answered for who is only away.
        ("cancel", "service-unavailable"),
    ])
    func countsWhatPasses(_ kind: String, _ condition: String) throws {
        var talk = try subscribed()
        for _ in 1..<PubSubLimits.bouncesMaximum {
            #expect(try bounce(&talk, kind, condition).changes.isEmpty)
        }
        #expect(try bounce(&talk, kind, condition).changes.count == 2)
    }

    @Test func beginsToCountAgainWhenTheSubscriberComes() throws {
        var talk = try subscribed()
        for _ in 1..<PubSubLimits.bouncesMaximum {
            _ = try bounce(&talk, "wait", "remote-server-timeout")
        }
        _ = try talk.arrive(Self.viewer)
        #expect(try bounce(&talk, "wait", "remote-server-timeout").changes.isEmpty)
    }

    @Test func endsTheOneThatTheErrorNames() throws {
        var talk = try subscribed()
        var message = Stanza(.message, type: "error", id: "event-1")
        let items = Element("items", Namespace.pubsubEvent, attributes: [.init("node", "m")])
        message.children = [
            .element(Element("event", Namespace.pubsubEvent, [items])),
            .element(StanzaError(.itemNotFound).element),
        ]
        let effects = talk.service.bounced(message, from: try JID("v@example.org"))
        #expect(talk.outcome(of: effects).changes.count == 1)
        #expect(try talk.publish("n", "1").told.count == 1)
        #expect(try talk.publish("m", "1").told.isEmpty)
    }

    @Test func looksAtErrorsToNotificationsOnly() throws {
        var talk = try subscribed()
        #expect(try bounce(&talk, "cancel", "gone", id: "approve-1").changes.isEmpty)
        let other = error("cancel", "gone")
        #expect(
            try talk.tell(other, type: "error", id: "event-1", from: "w@example.org").changes
                .isEmpty
        )
    }
}
