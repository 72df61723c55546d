import Testing
import XMPP

@testable import Modules

// XEP-0060 §6.1.6: several subscriptions of one address.
@Suite struct SubscriptionIDTests {
    private static let viewer = "v@example.org/top"

    private func open(_ limits: PubSubLimits = PubSubLimits()) throws -> NodesConversation {
        var talk = NodesConversation(limits: limits)
        _ = try talk.create("n", ["access_model": "open"])
        return talk
    }

    @Test func makesAnotherSubscriptionForOtherOptionsOnly() throws {
        var talk = try open()
        let first = try talk.subscribe(Self.viewer, "n").subscriptionID
        let second = try talk.subscribe(Self.viewer, "n", ["digest": "1"]).subscriptionID
        #expect(first != second)
        // The same options, or none: one of those that there are.
        #expect(try talk.subscribe(Self.viewer, "n", ["digest": "1"]).subscriptionID == second)
        #expect(try talk.subscribe(Self.viewer, "n", ["digest": "0"]).subscriptionID == first)
        let again = try talk.subscribe(Self.viewer, "n")
        #expect(again.subscriptionID == first)
        #expect(again.changes.isEmpty)
    }

    // §6.2.3.1, §6.2.3.5, §6.3.4.4, §6.3.4.5; pubsub.md §1.9, 16.
    @Test(arguments: ["unsubscribe", "options"])
    func needsTheIDWhereThereAreSeveral(_ request: String) throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let form = NodesConversation.optionsForm(["deliver": "1"])
        func content(_ id: String) -> String {
            "<\(request) node='n' jid='v@example.org'\(id)>\(form)</\(request)>"
        }
        #expect(
            try talk.set(content(" subid='x'"), from: Self.viewer).error
                == "modify not-acceptable invalid-subid"
        )
        let id = try talk.subscribe(Self.viewer, "n", ["digest": "1"]).subscriptionID ?? ""
        #expect(
            try talk.set(content(""), from: Self.viewer).error
                == "modify bad-request subid-required"
        )
        #expect(try talk.set(content(" subid='\(id)'"), from: Self.viewer).error == nil)
    }

    @Test func needsNoIDWhereThereIsOne() throws {
        var talk = try open()
        let id = try talk.subscribe(Self.viewer, "n").subscriptionID
        let content = "<unsubscribe node='n' jid='v@example.org'/>"
        let outcome = try talk.set(content, from: Self.viewer)
        #expect(outcome.state == "none")
        #expect(outcome.subscriptionID == id)
        #expect(talk.service.subscribed.isEmpty)
    }

    // pubsub.md §1.9, 17.
    @Test func takesASessionForAnotherThanItsAccount() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        _ = try talk.set("<subscribe node='n' jid='\(Self.viewer)'/>", from: Self.viewer)
        // One of each address: neither request needs an id.
        let content = "<unsubscribe node='n' jid='v@example.org'/>"
        #expect(try talk.set(content, from: "v@example.org/phone").error == nil)
        #expect(try talk.publish("n", "1").told == ["\(Self.viewer): n item 1"])
    }

    // pubsub.md §1.9, 16; XEP-0060 §7.1.2.3.
    @Test func sendsOneMessageThatNamesThemAll() throws {
        var talk = try open()
        let first = try #require(try talk.subscribe(Self.viewer, "n").subscriptionID)
        let second = try #require(
            try talk.subscribe(Self.viewer, "n", ["subscription_depth": "all"]).subscriptionID
        )
        let outcome = try talk.publish("n", "1")
        #expect(outcome.told == ["v@example.org: n item 1"])
        let headers = String(
            decoding: outcome.notifications[0].recipients[0].headers,
            as: UTF8.self
        )
        #expect(headers.contains("<header name='SubID'>\(first)</header>"))
        #expect(headers.contains("<header name='SubID'>\(second)</header>"))
    }

    @Test func listsThemWithTheirIDs() throws {
        var talk = try open()
        _ = try talk.create("m", ["access_model": "open"])
        let ids = [
            try talk.subscribe(Self.viewer, "n").subscriptionID,
            try talk.subscribe(Self.viewer, "n", ["digest": "1"]).subscriptionID,
        ]
        _ = try talk.subscribe(Self.viewer, "m")
        let all = try talk.get("<subscriptions/>", from: Self.viewer)
        #expect(all.reply?.payload?.elements.first?.elements.count == 3)
        let some = try talk.get("<subscriptions node='n'/>", from: Self.viewer)
        #expect(
            some.reply?.payload?.elements.first?.elements.compactMap { $0["subid"] }
                == ids.compactMap { $0 }
        )
    }

    // §6.1.3.9
    @Test func takesThoseOfOneUpToTheirLimit() throws {
        var limits = PubSubLimits()
        limits.subscriptionsOfOne = 2
        var talk = try open(limits)
        _ = try talk.create("m", ["access_model": "open"])
        #expect(try talk.subscribe(Self.viewer, "n").error == nil)
        #expect(try talk.subscribe("v@example.org/phone", "m").error == nil)
        #expect(
            try talk.set("<subscribe node='m' jid='\(Self.viewer)'/>", from: Self.viewer).error
                == "wait policy-violation too-many-subscriptions"
        )
        #expect(try talk.subscribe("w@example.org/top", "m").error == nil)
    }

    @Test func takesThoseOfOneToANodeUpToTheirLimit() throws {
        var talk = try open()
        for interval in 1...PubSubLimits.subscriptionsOfOneToNodeMaximum {
            let options = ["{urn:lapwing:1}min-interval": String(interval)]
            #expect(try talk.subscribe(Self.viewer, "n", options).error == nil)
        }
        #expect(
            try talk.subscribe(Self.viewer, "n").error
                == nil
        )
        #expect(
            try talk.subscribe(Self.viewer, "n", ["digest": "1"]).error
                == "wait policy-violation too-many-subscriptions"
        )
    }

    // §6.1.3.10
    @Test func subscribesNobodyWhereNobodyMay() throws {
        var talk = try open()
        _ = try talk.configure("n", ["subscribe": "0"])
        #expect(
            try talk.subscribe(Self.viewer, "n").error
                == "cancel feature-not-implemented unsupported subscribe"
        )
    }

    // §6.1.5: an owner may have a subscriber set options first.
    @Test func tellsWhoHasToSetOptionsFirst() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let waits = try talk.set(
            "#<subscriptions node='n'><subscription jid='v@example.org'"
                + " subscription='unconfigured'/></subscriptions>"
        )
        #expect(waits.word == ["v@example.org: n v@example.org unconfigured"])
        #expect(try talk.publish("n", "1").told.isEmpty)
        let again = try talk.subscribe(Self.viewer, "n")
        #expect(again.state == "unconfigured")
        let options = again.reply?.payload?.child("subscription")?.child("subscribe-options")
        #expect(options?.child("required") != nil)
        #expect(
            try talk.setOptions(Self.viewer, "n", ["deliver": "1"]).told
                == ["v@example.org: n item 1 late"]
        )
        #expect(try talk.publish("n", "2").told == ["v@example.org: n item 2"])
    }
}
