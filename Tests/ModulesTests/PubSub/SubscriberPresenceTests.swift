import Testing
import XMPP

@testable import Modules

// XEP-0060 §12.6 and the option show-values; pubsub.md §1.9, 20.
@Suite struct SubscriberPresenceTests {
    private static let viewer = "v@example.org/top"

    private func open(_ fields: [String: String] = [:]) throws -> NodesConversation {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"].merging(fields) { $1 })
        return talk
    }

    @Test func tellsOnlyWhoIsThereWhereTheNodeSays() throws {
        var talk = try open(["presence_based_delivery": "1"])
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(try talk.publish("n", "1").told.isEmpty)
        _ = try talk.arrive(Self.viewer)
        #expect(try talk.publish("n", "2").told == ["v@example.org: n item 2"])
        _ = try talk.leave(Self.viewer)
        #expect(try talk.publish("n", "3").told.isEmpty)
    }

    @Test func followsTheConfiguration() throws {
        var talk = try open()
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(try talk.publish("n", "1").told.count == 1)
        _ = try talk.configure("n", ["presence_based_delivery": "1"])
        #expect(try talk.publish("n", "2").told.isEmpty)
    }

    @Test func tellsOnlyInPresenceThatWasChosen() throws {
        var talk = try open()
        _ = try talk.arrive(Self.viewer, show: .dnd)
        _ = try talk.subscribe(Self.viewer, "n", ["show-values": "chat|online"])
        #expect(try talk.publish("n", "1").told.isEmpty)
        _ = try talk.show(Self.viewer, .online)
        #expect(try talk.publish("n", "2").told == ["v@example.org: n item 2"])
        // Any session of a bare address will do.
        _ = try talk.show(Self.viewer, .away)
        _ = try talk.arrive("v@example.org/phone", show: .chat)
        #expect(try talk.publish("n", "3").told == ["v@example.org: n item 3"])
        _ = try talk.leave("v@example.org/phone")
        #expect(try talk.publish("n", "4").told.isEmpty)
    }

    @Test func looksAtTheSessionThatSubscribed() throws {
        var talk = try open()
        _ = try talk.arrive(Self.viewer, show: .dnd)
        _ = try talk.arrive("v@example.org/phone", show: .online)
        let form = NodesConversation.optionsForm(["show-values": "online"])
        let content = "<subscribe node='n' jid='\(Self.viewer)'/><options>\(form)</options>"
        _ = try talk.set(content, from: Self.viewer)
        #expect(try talk.publish("n", "1").told.isEmpty)
    }

    @Test func readsWhatPresenceSays() throws {
        func show(_ content: String) throws -> Show {
            let markup = "<presence xmlns='jabber:client'>\(content)</presence>"
            return Show(try #require(try Stanza(Element(parsing: Array(markup.utf8)))))
        }
        #expect(try show("") == .online)
        #expect(try show("<show>xa</show>") == .xa)
        #expect(try show("<show>busy</show>") == .online)
    }

    // A change of presence is no arrival, and asks for nothing again.
    @Test func sendsNothingAgainForAnotherShow() throws {
        var talk = try open()
        _ = try talk.publish("n", "1")
        #expect(try talk.arrive(Self.viewer, wanting: ["n"]).told.count == 1)
        #expect(try talk.show(Self.viewer, .away).told.isEmpty)
    }

    // §16.4.4 send_last_published_item
    @Test(arguments: [
        ("never", 0, 0), ("on_sub", 1, 0), ("on_sub_and_presence", 1, 1),
    ])
    func sendsTheLastItemWhenTheNodeSays(
        _ when: String,
        _ onSubscribing: Int,
        _ onArriving: Int
    ) throws {
        var talk = try open(["send_last_published_item": when])
        _ = try talk.publish("n", "1")
        #expect(try talk.subscribe(Self.viewer, "n").told.count == onSubscribing)
        #expect(try talk.arrive(Self.viewer).told.count == onArriving)
        // The second session of a bare address is no arrival of it.
        #expect(try talk.arrive("v@example.org/phone").told.isEmpty)
    }

    // What answers the question that a service asks at first is no arrival.
    @Test func tellsArrivalsFromAnswersOnAService() throws {
        var talk = NodesConversation(profile: .shared(users: "example.org"))
        _ = try talk.set("<create node='n'/>", from: "a@example.org/1")
        _ = try talk.publish("n", "1", from: "a@example.org/1")
        let outcome = try talk.subscribe(Self.viewer, "n")
        #expect(outcome.told.count == 1)
        #expect(outcome.watched == [try JID("v@example.org")])
        #expect(try talk.arrive(Self.viewer).told.isEmpty)
        _ = try talk.leave(Self.viewer)
        #expect(try talk.arrive(Self.viewer).told == ["v@example.org: n item 1 late"])
    }

    // A pattern's nodes each say for themselves when.
    @Test func sendsWhatAPatternCoversAsEachNodeSays() throws {
        var talk = NodesConversation(profile: .shared(users: "example.org"))
        for (node, when) in [("a/1", "on_sub"), ("a/2", "on_sub_and_presence")] {
            let form = NodesConversation.form(
                Namespace.pubsub + "#node_config",
                ["send_last_published_item": when]
            )
            let create = "<create node='\(node)'/><configure>\(form)</configure>"
            _ = try talk.set(create, from: "a@example.org/1")
            _ = try talk.publish(node, "1", from: "a@example.org/1")
        }
        #expect(try talk.subscribe(Self.viewer, "a/*").told.count == 2)
        _ = try talk.leave("v@example.org")
        #expect(try talk.arrive(Self.viewer).told == ["v@example.org: a/2 item 1 late"])
    }

    @Test func watchesSubscribersAgainAfterARestart() throws {
        var record = NodeRecord(owner: NodesConversation.owner, node: "n")
        record.subscriptions = [.init(id: "s", jid: try JID("v@example.org/top"))]
        var talk = NodesConversation(nodes: [record], profile: .shared(users: "example.org"))
        let outcome = talk.outcome(of: talk.service.started(at: talk.now))
        #expect(outcome.watched == [try JID("v@example.org")])
    }
}
