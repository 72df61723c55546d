import Testing
import XMPP

@testable import Modules

/// What a node does again after it stopped doing it, and what it does no more.
@Suite struct RegainedRightsTests {
    /// XEP-0060 §16.4.4, item_expire.
    @Test func itemsExpireAgainAfterTheyDidNotForAWhile() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["item_expire": "5"])
        _ = try talk.publish("n", "1")
        _ = try talk.configure("n", ["item_expire": "max"])
        _ = talk.wait(.seconds(10))
        #expect(try talk.items(of: "n") == ["1"])
        _ = try talk.publish("n", "2")
        _ = try talk.configure("n", ["item_expire": "5"])
        _ = talk.wait(.seconds(5))
        #expect(try talk.items(of: "n") == [])
    }

    /// XEP-0060 §4.5: on a node of access model authorize the subscription is what lets in.
    @Test func sessionsOfWhoUnsubscribesAreToldNoMore() throws {
        var talk = NodesConversation.ofService()
        let viewer = "viewer@example.org"
        _ = try talk.create("n", ["access_model": "authorize"])
        _ = try talk.arrive(viewer + "/top", wanting: ["n"])
        let content =
            "#<subscriptions node='n'>"
            + "<subscription jid='\(viewer)' subscription='subscribed'/></subscriptions>"
        _ = try talk.set(content)
        #expect(try talk.publish("n", "1").told == ["\(viewer)/top: n item 1"])
        _ = try talk.set("<unsubscribe node='n' jid='\(viewer)'/>", from: viewer + "/top")
        #expect(try talk.publish("n", "2").told == [])
    }
}
