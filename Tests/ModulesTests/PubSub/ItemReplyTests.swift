import Testing
import XMPP

@testable import Modules

// XEP-0060 §7.1.2.3, §12.17: whom an item names, for replies.
@Suite struct ItemReplyTests {
    private static let publisher = "p@example.org/phone"

    private func named(_ outcome: NodesConversation.Outcome) -> JID? {
        guard case .item(let item?) = outcome.notifications.first?.event.kind else { return nil }
        return item.publisher
    }

    @Test(arguments: [
        ("publisher", "p@example.org"), ("owner", "host@example.org"), ("none", nil),
    ])
    func namesWhomTheNodeIsSetTo(_ itemReply: String, _ name: String?) throws {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n", ["itemreply": itemReply, "publish_model": "open"])
        _ = try talk.subscribe("v@example.org/top", "n")
        let outcome = try talk.publish("n", "1", from: Self.publisher)
        #expect(named(outcome)?.description == name)
        // With every other form of retrieval too: on request, and as the last item.
        let items = try talk.get("<items node='n'/>").reply?.payload?.elements.first
        #expect(items?.elements.map { $0["publisher"] } == [name])
        let last = try talk.subscribe("w@example.org/top", "n")
        #expect(named(last)?.description == name)
    }

    // Who owns the node by then, also after a restart: items are not rewritten.
    @Test func namesTheOwnerThatThereIs() throws {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n", ["itemreply": "owner"])
        func owner(of node: String) throws -> String? {
            talk.service.named(try JID("p@example.org"), on: node)?.description
        }
        #expect(try owner(of: "n") == "host@example.org")
        _ = try talk.affiliate("n", [("a@example.org", "owner"), ("z@example.org", "owner")])
        #expect(try owner(of: "n") == "a@example.org")
        _ = try talk.affiliate("n", [("a@example.org", "none")])
        #expect(try owner(of: "n") == "host@example.org")
        _ = try talk.affiliate("n", [("host@example.org", "none")])
        #expect(try owner(of: "n") == "z@example.org")
        var record = NodeRecord(owner: NodesConversation.domain, node: "m")
        record.configuration = ["pubsub#itemreply": ["owner"]]
        record.affiliations = [try JID("c@example.org"): .owner, try JID("b@example.org"): .owner]
        talk.service = NodesConversation.ofService(nodes: [record]).service
        #expect(try owner(of: "m") == "b@example.org")
    }

    // The publisher cannot say who published.
    @Test func takesNoPublisherFromThePublisher() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["publish_model": "open", "access_model": "open"])
        _ = try talk.arrive("v@example.org/top", wanting: ["n"])
        let outcome = try talk.set(
            "<publish node='n'><item id='1' publisher='king@example.org'><a xmlns='urn:a'/></item>"
                + "</publish>",
            from: Self.publisher
        )
        #expect(named(outcome)?.description == "p@example.org")
    }

    // §12.17: an account's own item needs no name, for it comes from the account.
    @Test func namesNobodyWhereTheSenderSaysIt() throws {
        var talk = NodesConversation()
        _ = try talk.arrive("v@example.org/top", wanting: ["n"])
        #expect(named(try talk.publish("n", "1")) == nil)
    }
}
