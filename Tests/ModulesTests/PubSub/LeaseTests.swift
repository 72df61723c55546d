import Testing
import XMPP

@testable import Modules

// XEP-0060 §12.5, §12.19; pubsub.md §1.9, 18.
@Suite struct LeaseTests {
    private static let viewer = "v@example.org/top"

    private func open(_ fields: [String: String] = [:]) throws -> NodesConversation {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"].merging(fields) { $1 })
        return talk
    }

    private func end(_ talk: NodesConversation, in duration: Duration) -> [String: String] {
        ["expire": (talk.now + duration).dateTime]
    }

    @Test func endsWithItsLease() throws {
        var talk = try open()
        let outcome = try talk.subscribe(Self.viewer, "n", end(talk, in: .seconds(60)))
        #expect(outcome.wakes == [talk.now + .seconds(60)])
        #expect(talk.wait(.seconds(59)).changes.isEmpty)
        #expect(try talk.publish("n", "1").told == ["v@example.org: n item 1"])
        let over = talk.wait(.seconds(1))
        #expect(over.word == ["v@example.org: n v@example.org none"])
        #expect(over.changes.count == 1)
        #expect(try talk.publish("n", "2").told.isEmpty)
    }

    @Test func isRenewed() throws {
        var talk = try open()
        let id = try talk.subscribe(Self.viewer, "n", end(talk, in: .seconds(60))).subscriptionID
        _ = try talk.setOptions(Self.viewer, "n", end(talk, in: .seconds(120)))
        #expect(talk.wait(.seconds(60)).word.isEmpty)
        // Who subscribes again with another end renews too, and makes no second subscription.
        let again = try talk.subscribe(Self.viewer, "n", end(talk, in: .seconds(120)))
        #expect(again.subscriptionID == id)
        #expect(again.changes.count == 1)
        #expect(talk.wait(.seconds(60)).word.isEmpty)
        #expect(talk.wait(.seconds(60)).word == ["v@example.org: n v@example.org none"])
    }

    @Test func isCutBackToTheLongestAllowed() throws {
        var talk = try open()
        let longest = talk.now + PubSubLimits.leaseMaximum
        let options = end(talk, in: PubSubLimits.leaseMaximum + .seconds(1))
        let id = try #require(try talk.subscribe(Self.viewer, "n", options).subscriptionID)
        #expect(talk.service.nodes["n"]?.subscriptions[id]?.options.expiry == .at(longest))
    }

    @Test func isAnnouncedADayBeforeItsEnd() throws {
        var talk = try open()
        let expiry = talk.now + .seconds(3 * 86_400)
        _ = try talk.subscribe(Self.viewer, "n", ["expire": expiry.dateTime])
        #expect(
            talk.wait(.seconds(2 * 86_400)).word
                == ["v@example.org: n v@example.org subscribed \(expiry.dateTime)"]
        )
        #expect(
            talk.wait(.seconds(86_400)).word == ["v@example.org: n v@example.org none"]
        )
    }

    @Test func outlivesARestart() throws {
        var record = NodeRecord(owner: NodesConversation.owner, node: "n")
        var options = SubscriptionOptions()
        options.expiry = .at(Instant(milliseconds: 1_700_000_060_000))
        record.subscriptions = [.init(id: "s", jid: try JID("v@example.org"), options: options)]
        var talk = NodesConversation(nodes: [record])
        #expect(talk.outcome(of: talk.service.started(at: talk.now)).wakes.count == 1)
        #expect(
            talk.wait(.seconds(60)).word.contains("v@example.org: n v@example.org none")
        )
    }

    // A subscriber that renews all the time leaves no more behind than one that does not.
    @Test func sweepsOutWhatRenewalsLeave() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n", end(talk, in: .seconds(60)))
        for second in 1...5_000 {
            _ = try talk.setOptions(Self.viewer, "n", end(talk, in: .seconds(60 + second)))
        }
        #expect(talk.service.schedule.count < 1_100)
        #expect(talk.wait(.seconds(5_060)).word == ["v@example.org: n v@example.org none"])
    }

    // MARK: As long as the subscriber is there

    @Test func endsWhenItsSubscriberGoes() throws {
        var talk = try open()
        _ = try talk.arrive(Self.viewer)
        let outcome = try talk.subscribe(Self.viewer, "n", ["expire": "presence"])
        #expect(outcome.state == "subscribed")
        // A restart ends it as well: the store never hears of it.
        #expect(outcome.changes.isEmpty)
        #expect(try talk.publish("n", "1").told == ["v@example.org: n item 1"])
        #expect(try talk.leave(Self.viewer).changes.isEmpty)
        #expect(talk.service.subscribed.isEmpty)
        #expect(try talk.publish("n", "2").told.isEmpty)
    }

    @Test func staysAsLongAsAnySessionOfABareAddress() throws {
        var talk = try open()
        _ = try talk.arrive(Self.viewer)
        _ = try talk.arrive("v@example.org/phone")
        _ = try talk.subscribe(Self.viewer, "n", ["expire": "presence"])
        _ = try talk.leave(Self.viewer)
        #expect(try talk.publish("n", "1").told == ["v@example.org: n item 1"])
        _ = try talk.leave("v@example.org/phone")
        #expect(try talk.publish("n", "2").told.isEmpty)
    }

    @Test func needsASubscriberWhoIsThere() throws {
        var talk = try open()
        #expect(
            try talk.subscribe(Self.viewer, "n", ["expire": "presence"]).error
                == "modify not-acceptable invalid-options"
        )
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(
            try talk.setOptions(Self.viewer, "n", ["expire": "presence"]).error
                == "modify not-acceptable invalid-options"
        )
    }

    @Test func leavesTheStoreWhenItBecomesTemporary() throws {
        var talk = try open()
        _ = try talk.arrive(Self.viewer)
        let id = try #require(try talk.subscribe(Self.viewer, "n").subscriptionID)
        let forgotten = PubSubChange.removeSubscription(
            owner: NodesConversation.owner,
            node: "n",
            id: id
        )
        #expect(
            try talk.setOptions(Self.viewer, "n", ["expire": "presence"]).changes == [forgotten]
        )
        #expect(try talk.setOptions(Self.viewer, "n", ["expire": ""]).changes.count == 1)
    }

    // §12.5: an owner has all of them be so.
    @Test func isTemporaryWhereTheNodeSays() throws {
        var talk = try open(["tempsub": "1"])
        _ = try talk.arrive(Self.viewer)
        #expect(try talk.subscribe(Self.viewer, "n").changes.isEmpty)
        _ = try talk.leave(Self.viewer)
        #expect(talk.service.subscribed.isEmpty)
    }

    @Test func becomesTemporaryWithTheNode() throws {
        var talk = try open()
        _ = try talk.arrive(Self.viewer)
        _ = try talk.subscribe(Self.viewer, "n")
        _ = try talk.subscribe("w@example.org/top", "n")
        // Who is not there is gone; who is stays until it goes.
        #expect(
            try talk.configure("n", ["tempsub": "1"]).word
                == ["w@example.org: n w@example.org none"]
        )
        #expect(try talk.publish("n", "1").told == ["v@example.org: n item 1"])
        #expect(try talk.configure("n", ["tempsub": "0"]).changes.count == 2)
        _ = try talk.leave(Self.viewer)
        #expect(try talk.publish("n", "2").told == ["v@example.org: n item 2"])
    }

    @Test func asksForPresenceOnAService() throws {
        var talk = NodesConversation(profile: .shared(users: "example.org"))
        _ = try talk.set("<create node='n'/>", from: "a@example.org/1")
        let outcome = try talk.subscribe(Self.viewer, "n", ["expire": "presence"])
        #expect(outcome.watched == [try JID("v@example.org")])
        // The answer: a session, or nobody.
        _ = try talk.arrive(Self.viewer)
        #expect(try talk.publish("n", "1", from: "a@example.org/1").told.count == 1)
        _ = try talk.leave("v@example.org")
        #expect(!talk.service.subscribed.isEmpty)
        _ = try talk.leave(Self.viewer)
        #expect(talk.service.subscribed.isEmpty)
        _ = try talk.subscribe(Self.viewer, "n", ["expire": "presence"])
        _ = try talk.leave("v@example.org")
        #expect(talk.service.subscribed.isEmpty)
    }
}
