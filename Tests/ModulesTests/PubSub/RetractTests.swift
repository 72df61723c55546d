import Testing
import XMPP

@testable import Modules

// XEP-0060 §7.2
@Suite struct RetractTests {
    private func retract(_ node: String, _ id: String, notify: String? = nil) -> String {
        let notify = notify.map { " notify='\($0)'" } ?? ""
        return "<retract node='\(node)'\(notify)><item id='\(id)'/></retract>"
    }

    // §7.2.2.1: asked for, subscribers must be told, whatever the node says.
    @Test(arguments: [
        ("1", nil, true), ("1", "0", true), ("0", nil, false), ("0", "1", true),
        ("0", "true", true),
    ])
    func tellsWhenAskedOrConfigured(_ field: String, _ notify: String?, _ tells: Bool) throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["notify_retract": field])
        _ = try talk.publish("n", "1")
        _ = try talk.arrive("v@example.org/top", wanting: ["n"])
        let outcome = try talk.set(retract("n", "1", notify: notify))
        #expect(outcome.told == (tells ? ["v@example.org/top: n retract 1"] : []))
        #expect(
            outcome.changes
                == [.removeItems(owner: NodesConversation.owner, node: "n", ["1"])]
        )
        #expect(try talk.get("<items node='n'/>").items.isEmpty)
    }

    @Test func makesTheOneBeforeTheLast() throws {
        var talk = NodesConversation()
        _ = try talk.create("urn:lapwing:1#late", ["max_items": "3"])
        for id in ["1", "2", "3"] { _ = try talk.publish("urn:lapwing:1#late", id) }
        _ = try talk.set(retract("urn:lapwing:1#late", "3"))
        let outcome = try talk.arrive("v@example.org/top", wanting: ["urn:lapwing:1#late"])
        #expect(outcome.told == ["v@example.org/top: urn:lapwing:1#late item 2 late"])
    }

    @Test func tellsEachReasonApart() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"])
        _ = try talk.create("t", ["persist_items": "0"])
        _ = try talk.publish("n", "1")
        #expect(
            try talk.set("<retract><item id='1'/></retract>").error
                == "modify bad-request nodeid-required"
        )
        #expect(try talk.set(retract("x", "1")).error == "cancel item-not-found")
        #expect(try talk.set(retract("n", "2")).error == "cancel item-not-found")
        #expect(
            try talk.set("<retract node='n'/>").error == "modify bad-request item-required"
        )
        #expect(
            try talk.set("<retract node='n'><item/></retract>").error
                == "modify bad-request item-required"
        )
        #expect(
            try talk.set(retract("t", "1")).error
                == "cancel feature-not-implemented unsupported persistent-items"
        )
        #expect(try talk.set(retract("n", "1"), from: "a@b/c").error == "auth forbidden")
    }

    // XEP-0060 §4.1: publishers retract their own.
    @Test func letsAPublisherRetractOnlyItsOwn() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["max_items": "5"])
        _ = try talk.affiliate("p@example.org", "n", "publisher")
        _ = try talk.publish("n", "1")
        _ = try talk.publish("n", "2", from: "p@example.org/x")
        #expect(try talk.set(retract("n", "1"), from: "p@example.org/x").error == "auth forbidden")
        #expect(try talk.set(retract("n", "2"), from: "p@example.org/y").error == nil)
    }

    @Test func letsAnOutcastRetractNothing() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["publish_model": "open", "access_model": "open"])
        _ = try talk.publish("n", "1", from: "o@example.org/x")
        _ = try talk.affiliate("o@example.org", "n", "outcast")
        #expect(try talk.set(retract("n", "1"), from: "o@example.org/x").error == "auth forbidden")
        #expect(try talk.publish("n", "1", from: "o@example.org/x").error == "auth forbidden")
    }
}
