import Testing
import XMPP

@testable import Modules

// XEP-0060 §6.1, §6.2, §8.8
@Suite struct SubscriptionTests {
    private static let viewer = "v@example.org/top"

    private func open(_ limits: PubSubLimits = PubSubLimits()) throws -> NodesConversation {
        var talk = NodesConversation(limits: limits)
        _ = try talk.create("n", ["access_model": "open"])
        return talk
    }

    @Test func answersWithTheSubscription() throws {
        var talk = try open()
        let outcome = try talk.subscribe(Self.viewer, "n")
        let subscription = try #require(outcome.reply?.payload?.child("subscription"))
        #expect(subscription["jid"] == "v@example.org")
        #expect(subscription["subscription"] == "subscribed")
        #expect(outcome.durabilities == [.immediate])
        // A second time it is the same one.
        let again = try talk.subscribe(Self.viewer, "n")
        #expect(again.reply?.payload?.child("subscription")?["subid"] == subscription["subid"])
        #expect(again.changes.isEmpty)
    }

    @Test func keepsFullAndBareApart() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        _ = try talk.set("<subscribe node='n' jid='\(Self.viewer)'/>", from: Self.viewer)
        let list = try talk.get("<subscriptions/>", from: Self.viewer)
        #expect(
            list.reply?.payload?.elements.first?.elements.compactMap { $0["jid"] }.sorted()
                == ["v@example.org", Self.viewer]
        )
        _ = try talk.set("<unsubscribe node='n' jid='\(Self.viewer)'/>", from: Self.viewer)
        #expect(try talk.publish("n", "1").told == ["v@example.org: n item 1"])
    }

    @Test(arguments: [
        ("<subscribe node='n'/>", "modify bad-request jid-required"),
        ("<subscribe node='n' jid='x@example.org'/>", "modify bad-request invalid-jid"),
        ("<subscribe node='n' jid='@'/>", "modify bad-request invalid-jid"),
        (
            "<subscribe jid='v@example.org'/>",
            "auth not-authorized presence-subscription-required"
        ),
        ("<subscribe node='x' jid='v@example.org'/>", "cancel item-not-found"),
        (
            "<unsubscribe node='n' jid='v@example.org'/>",
            "cancel unexpected-request not-subscribed"
        ),
        ("<unsubscribe node='n'/>", "modify bad-request jid-required"),
        ("<unsubscribe node='n' jid='x@example.org'/>", "auth forbidden"),
        ("<unsubscribe node='x' jid='v@example.org'/>", "cancel item-not-found"),
    ])
    func tellsEachReasonApart(_ content: String, _ error: String) throws {
        var talk = try open()
        let outcome = try talk.set(content, from: Self.viewer)
        #expect(outcome.error == error)
        #expect(outcome.changes.isEmpty)
    }

    @Test func wantsTheRightSubscriptionID() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(
            try talk.set(
                "<unsubscribe node='n' jid='v@example.org' subid='x'/>",
                from: Self.viewer
            ).error == "modify not-acceptable invalid-subid"
        )
    }

    @Test func takesSubscriptionsUpToTheirLimit() throws {
        var limits = PubSubLimits()
        limits.subscriptions = 2
        var talk = try open(limits)
        #expect(try talk.subscribe("a@example.org/1", "n").error == nil)
        #expect(try talk.subscribe("b@example.org/1", "n").error == nil)
        #expect(
            try talk.subscribe("c@example.org/1", "n").error
                == "wait policy-violation too-many-subscriptions"
        )
        #expect(try talk.subscribe("a@example.org/1", "n").error == nil)
    }

    // XEP-0060 §16.4.4: a subscriber may publish from any of its sessions.
    @Test func letsSubscribersPublishWhereTheyMay() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open", "publish_model": "subscribers"])
        #expect(try talk.publish("n", "1", from: Self.viewer).error == "auth forbidden")
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(try talk.publish("n", "1", from: Self.viewer).error == nil)
    }

    @Test func showsTheOwnerAllSubscriptions() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let list = try talk.get("#<subscriptions node='n'/>")
        #expect(list.reply?.payload?.elements.first?.elements.count == 1)
        #expect(
            try talk.get("#<subscriptions node='n'/>", from: Self.viewer).error
                == "auth forbidden"
        )
    }

    // XEP-0060 §8.8.2.3: what can be done is done, what can't is named.
    @Test func setsWhatItCanAndNamesTheRest() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let outcome = try talk.set(
            "#<subscriptions node='n'>"
                + "<subscription jid='v@example.org' subscription='none'/>"
                + "<subscription jid='w@example.org' subscription='subscribed'/>"
                + "<subscription jid='x@example.org' subscription='nonsense'/></subscriptions>"
        )
        #expect(outcome.error == "modify not-acceptable")
        #expect(outcome.changes.count == 2)
        let failed = outcome.reply?.payload("pubsub", Namespace.pubsubOwner)?.elements.first
        #expect(failed?.elements.compactMap { $0["jid"] } == ["x@example.org"])
        #expect(try talk.publish("n", "1").told == ["w@example.org: n item 1"])
    }

    @Test func endsWithTheNode() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(try talk.set("#<delete node='n'/>").told == ["v@example.org: n delete"])
        #expect(
            try talk.get("<subscriptions/>", from: Self.viewer).reply?.payload?.elements.first?
                .elements.isEmpty == true
        )
        #expect(talk.service.subscribed.isEmpty)
    }

    // What is stored is what comes back after a restart.
    @Test func survivesARestart() throws {
        var record = NodeRecord(
            owner: NodesConversation.owner,
            node: "n",
            configuration: ["pubsub#access_model": ["open"], "pubsub#gone": ["1"]]
        )
        record.subscriptions = [.init(id: "s", jid: try JID("v@example.org"))]
        record.items = [
            .init(
                id: "1",
                publisher: NodesConversation.owner,
                published: Instant(milliseconds: 1),
                payload: .bytes(Array("<a xmlns='urn:a'/>".utf8))
            )
        ]
        var talk = NodesConversation(nodes: [record])
        #expect(try talk.get("<items node='n'/>", from: "x@y/z").items == ["1"])
        #expect(try talk.publish("n", "2").told == ["v@example.org: n item 2"])
    }
}
