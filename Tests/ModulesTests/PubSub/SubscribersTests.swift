import Testing
import XMPP

@testable import Modules

// XEP-0060 §8.8, §12.14.
@Suite struct SubscribersTests {
    private static let viewer = "v@example.org/top"

    private func open(_ fields: [String: String] = [:]) throws -> NodesConversation {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"].merging(fields) { $1 })
        return talk
    }

    private func set(_ entries: String) -> String {
        "#<subscriptions node='n'>\(entries)</subscriptions>"
    }

    private func failed(_ outcome: NodesConversation.Outcome) -> [String] {
        let list = outcome.reply?.payload("pubsub", Namespace.pubsubOwner)?.elements.first
        return list?.elements.map { "\($0["jid"] ?? "") \($0["subscription"] ?? "")" } ?? []
    }

    // §8.8.2.4; pubsub.md §1.9, 24.
    @Test func namesWhatCouldNotBeSetAsItIs() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        _ = try talk.affiliate("x@example.org", "n", "outcast")
        let outcome = try talk.set(
            set(
                "<subscription jid='w@example.org' subscription='subscribed'/>"
                    + "<subscription jid='v@example.org' subscription='nonsense'/>"
                    + "<subscription jid='v@example.org' subscription='none' subid='other'/>"
                    // No owner subscribes an outcast.
                    + "<subscription jid='x@example.org' subscription='subscribed'/>"
            )
        )
        #expect(outcome.error == "modify not-acceptable")
        #expect(
            failed(outcome)
                == ["v@example.org subscribed", "v@example.org none", "x@example.org none"]
        )
        #expect(outcome.word == ["w@example.org: n w@example.org subscribed"])
        #expect(try talk.publish("n", "1").told.count == 2)
    }

    // §8.8.2.1
    @Test func changesNothingWithoutAState() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let outcome = try talk.set(set("<subscription jid='v@example.org'/>"))
        #expect(outcome.error == nil)
        #expect(outcome.changes.isEmpty)
    }

    // §8.8.3, §8.8.4
    @Test func removesAndTells() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let outcome = try talk.set(
            set("<subscription jid='v@example.org' subscription='none'/>")
        )
        #expect(outcome.word == ["v@example.org: n v@example.org none"])
        let list = try talk.get("#<subscriptions node='n'/>").reply?.payload?.elements.first
        #expect(list?.elements.isEmpty == true)
    }

    @Test func tellsSeveralOfOneApartByTheirIDs() throws {
        var talk = try open()
        let first = try talk.subscribe(Self.viewer, "n").subscriptionID ?? ""
        _ = try talk.subscribe(Self.viewer, "n", ["digest": "1"])
        let entry = "<subscription jid='v@example.org' subscription='none'"
        #expect(failed(try talk.set(set(entry + "/>"))) == ["v@example.org subscribed"])
        #expect(try talk.set(set(entry + " subid='\(first)'/>")).error == nil)
        #expect(talk.service.nodes["n"]?.subscriptions.count == 1)
    }

    @Test func putsASubscriptionBackToPending() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        let outcome = try talk.set(
            set("<subscription jid='v@example.org' subscription='pending'/>")
        )
        #expect(outcome.word == ["v@example.org: n v@example.org pending"])
        #expect(try talk.publish("n", "1").told.isEmpty)
    }

    @Test func keepsToTheLimitForOwnersToo() throws {
        var limits = PubSubLimits()
        limits.subscriptions = 1
        var talk = NodesConversation(limits: limits)
        _ = try talk.create("n", ["access_model": "open"])
        let outcome = try talk.set(
            set(
                "<subscription jid='v@example.org' subscription='subscribed'/>"
                    + "<subscription jid='w@example.org' subscription='subscribed'/>"
            )
        )
        #expect(failed(outcome) == ["w@example.org none"])
    }

    // §16.4.4 notify_sub
    @Test func tellsOwnersWhoWantToKnow() throws {
        var talk = try open(["notify_sub": "1"])
        #expect(
            try talk.subscribe(Self.viewer, "n").word
                == ["host@example.org: n v@example.org subscribed"]
        )
        let content = "<unsubscribe node='n' jid='v@example.org'/>"
        #expect(
            try talk.set(content, from: Self.viewer).word
                == ["host@example.org: n v@example.org none"]
        )
        // Not of their own.
        #expect(try talk.subscribe(NodesConversation.agent, "n").word.isEmpty)
    }

    @Test func tellsNoOwnerUnasked() throws {
        var talk = try open()
        #expect(try talk.subscribe(Self.viewer, "n").word.isEmpty)
    }

    // XEP-0163 §7; pubsub.md §1.9, 25: who may not have the node any more is told.
    @Test func tellsWhoLosesAccess() throws {
        var talk = NodesConversation()
        talk.relations[try JID("v@example.org")] = Relation(presenceAuthorized: true)
        _ = try talk.create("n")
        _ = try talk.subscribe(Self.viewer, "n")
        let outcome = try talk.change("v@example.org", to: Relation())
        #expect(outcome.word == ["v@example.org: n v@example.org none"])
        #expect(outcome.changes.count == 1)
    }

    @Test func tellsWhoIsMovedOutOfTheGroup() throws {
        var talk = NodesConversation()
        talk.relations[try JID("v@example.org")] = Relation(
            presenceAuthorized: true,
            rosterGroups: ["friends"]
        )
        _ = try talk.create("n", ["access_model": "roster", "roster_groups_allowed": "friends"])
        _ = try talk.subscribe(Self.viewer, "n")
        let moved = Relation(presenceAuthorized: true, rosterGroups: ["others"])
        #expect(
            try talk.change("v@example.org", to: moved).word
                == ["v@example.org: n v@example.org none"]
        )
    }

    // A service does not know what those who are not asking are to an owner.
    @Test func keepsWhoWasLetInByARosterWhileTheModelStays() throws {
        var talk = NodesConversation(profile: .shared(users: "example.org"))
        _ = try talk.set("<create node='n'/>", from: "a@example.org/1")
        _ = try talk.subscribe(Self.viewer, "n")
        var before = NodeConfiguration.shared
        talk.service.nodes["n"]?.configuration.accessModel = .presence
        func change() -> [String] {
            let effects = talk.service.accessChanged(of: "n", since: before) { _ in Relation() }
            return talk.outcome(of: effects).word
        }
        before.accessModel = .presence
        #expect(change().isEmpty)
        before.accessModel = .roster
        #expect(change() == ["v@example.org: n v@example.org none"])
    }
}
