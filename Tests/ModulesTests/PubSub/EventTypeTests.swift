import Testing
import XMPP

@testable import Modules

// XEP-0060 §4.3: persistent or transient, with payloads or without.
@Suite struct EventTypeTests {
    private static let viewer = "v@example.org/top"
    private static let item = "<item id='1'><a xmlns='urn:a'/></item>"
    private static let empty = "<item id='1'/>"

    private func talk(_ fields: [String: String]) throws -> NodesConversation {
        var talk = NodesConversation()
        _ = try talk.create("n", fields)
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        return talk
    }

    /// The event's item as it goes over the wire; nil where the event has none.
    private func told(_ outcome: NodesConversation.Outcome) throws -> Element? {
        try #require(outcome.notifications.first).event.content.first?.child("items")?
            .child("item")
    }

    // §7.1.3.7 and the table of §4.3: what each kind of node wants of a publish.
    @Test(arguments: [
        ("1", "1", item, nil), ("1", "1", empty, "modify bad-request payload-required"),
        ("1", "1", "", "modify bad-request item-required"), ("1", "0", item, nil),
        ("1", "0", empty, nil), ("1", "0", "", "modify bad-request item-required"),
        ("0", "1", item, nil), ("0", "1", empty, "modify bad-request payload-required"),
        ("0", "1", "", "modify bad-request item-required"),
        ("0", "0", item, "modify bad-request item-forbidden"),
        ("0", "0", empty, "modify bad-request item-forbidden"), ("0", "0", "", nil),
    ])
    func wantsWhatItsKindWants(
        _ persists: String,
        _ delivers: String,
        _ content: String,
        _ error: String?
    ) throws {
        var talk = try talk(["persist_items": persists, "deliver_payloads": delivers])
        let outcome = try talk.set("<publish node='n'>\(content)</publish>")
        #expect(outcome.error == error)
        #expect(outcome.changes.isEmpty == (error != nil || persists == "0"))
        guard error == nil else { return }
        let item = try told(outcome)
        #expect((item != nil) == !content.isEmpty)
        #expect((item?.children.isEmpty == false) == (delivers == "1"))
    }

    // §7.1.2.2: a payload that is kept is not sent; who wants it asks for it.
    @Test func keepsAPayloadThatItDoesNotSend() throws {
        var talk = try talk(["deliver_payloads": "0"])
        let outcome = try talk.publish("n", "1")
        #expect(try told(outcome)?.children.isEmpty == true)
        let kept = try talk.get("<items node='n'/>").reply?.payload?.elements.first
        #expect(kept?.elements.first?.children.isEmpty == false)
    }

    // §7.1.2: a name for what comes without; unlike all others of the node (§7.1.1).
    @Test func namesATransientItemToo() throws {
        var talk = try talk(["persist_items": "0"])
        let outcome = try talk.set(
            "<publish node='n'><item><a xmlns='urn:a'/></item></publish>"
        )
        #expect(try told(outcome)?["id"]?.isEmpty == false)
    }

    // §8.2.5.3: "full payload" shows what is set, "notification only" that something is.
    @Test(arguments: ["1", "0"])
    func tellsOfItsConfigurationAsOfItems(_ delivers: String) throws {
        var talk = try talk(["deliver_payloads": delivers, "notify_config": "1"])
        let outcome = try talk.configure("n", ["title": "Other"])
        let event = try #require(outcome.notifications.first).event.content.first
        let configuration = event?.child("configuration")
        #expect(configuration?["node"] == "n")
        let form = configuration?.child("x", Namespace.dataForms).flatMap(DataForm.init)
        #expect(form?["pubsub#title"] == (delivers == "1" ? ["Other"] : nil))
        #expect(form?.kind == (delivers == "1" ? .result : nil))
    }

    // §7.1.1: one item a publish; §7.2.1: one a retract. §12.11 still speaks of batches.
    @Test func takesOneItemAtATime() throws {
        var talk = try talk(["max_items": "5"])
        #expect(
            try talk.set("<publish node='n'>\(Self.item)\(Self.item)</publish>").error
                == "modify bad-request"
        )
        _ = try talk.publish("n", "1")
        _ = try talk.publish("n", "2")
        let outcome = try talk.set(
            "<retract node='n'><item id='1'/><item id='2'/></retract>"
        )
        #expect(outcome.error == "modify bad-request")
        #expect(try talk.items(of: "n") == ["1", "2"])
    }

    // §4.1 leaves it to the service; here publishers leave to the owner what they did not publish.
    @Test func isPurgedByItsOwnersAlone() throws {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n")
        _ = try talk.affiliate("n", [("p@example.org", "publisher")])
        _ = try talk.publish("n", "1", from: "p@example.org/1")
        #expect(
            try talk.set("#<purge node='n'/>", from: "p@example.org/1").error == "auth forbidden"
        )
        #expect(try talk.set("#<purge node='n'/>").error == nil)
    }

    // §8.4.2: the end is told, whatever is set.
    @Test(arguments: ["notify_delete", "deliver_notifications"])
    func tellsOfTheEndOfANodeWhateverIsSet(_ field: String) throws {
        var talk = try talk([field: "0"])
        #expect(try talk.set("#<delete node='n'/>").told == ["\(Self.viewer): n delete"])
    }
}
