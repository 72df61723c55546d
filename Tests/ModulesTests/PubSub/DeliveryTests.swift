import Testing
import XMPP

@testable import Modules

// Who is told (XEP-0060 §9, XEP-0163 §4.3).
@Suite struct DeliveryTests {
    private static let viewer = "v@example.org/top"

    // XEP-0060 §9.2: nothing of a node that capabilities do not ask for.
    @Test func tellsOnlyThoseWhoAskForTheNode() throws {
        var talk = NodesConversation()
        _ = try talk.arrive("a@example.org/1", wanting: ["n", "m"])
        _ = try talk.arrive("b@example.org/1", wanting: ["m"])
        _ = try talk.arrive("c@example.org/1", wanting: [])
        #expect(try talk.publish("n", "1").told == ["a@example.org/1: n item 1"])
        #expect(
            try talk.publish("m", "1").told
                == ["a@example.org/1: m item 1", "b@example.org/1: m item 1"]
        )
    }

    // XEP-0163 §4.3.1, §4.3.2: from the bare address, each session once, as a headline.
    @Test func tellsEachSessionOnceWithOneText() throws {
        var talk = NodesConversation()
        _ = try talk.arrive("v@example.org/1", wanting: ["n"])
        _ = try talk.arrive("v@example.org/2", wanting: ["n"])
        _ = try talk.arrive(NodesConversation.agent, wanting: ["n"])
        let outcome = try talk.publish("n", "1")
        #expect(outcome.notifications.count == 1)
        #expect(
            outcome.told == [
                "host@example.org/agent: n item 1", "v@example.org/1: n item 1",
                "v@example.org/2: n item 1",
            ]
        )
        let stanza = try #require(outcome.notifications.first).stanza(to: NodesConversation.owner)
        #expect(stanza.from == NodesConversation.owner)
        #expect(stanza.type == "headline")
    }

    @Test func tellsNobodyWhereTheNodeIsSilent() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["deliver_notifications": "0"])
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        #expect(try talk.publish("n", "1").told.isEmpty)
        #expect(try talk.set("#<purge node='n'/>").told.isEmpty)
        // XEP-0060 §8.4.2: the end is always told.
        #expect(try talk.set("#<delete node='n'/>").told == ["\(Self.viewer): n delete"])
    }

    @Test func leavesPayloadsOutWhereTheNodeDoes() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["deliver_payloads": "0", "notification_type": "normal"])
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        let notification = try #require(try talk.publish("n", "1").notifications.first)
        #expect(String(decoding: notification.bytes.body, as: UTF8.self).contains("<item id='1'/>"))
        #expect(notification.stanza(to: NodesConversation.owner).type == nil)
    }

    // XEP-0060 §6.1.7: the stamp is that of the publish.
    @Test func stampsTheLastItemWithItsTime() throws {
        var talk = NodesConversation()
        let published = talk.now
        _ = try talk.publish("n", "1")
        talk.now = published + .seconds(3_600)
        let outcome = try talk.arrive(Self.viewer, wanting: ["n", "empty"])
        #expect(outcome.told == ["\(Self.viewer): n item 1 late"])
        let stanza = try #require(outcome.notifications.first).stanza(to: NodesConversation.owner)
        #expect(Delay.stamp(of: stanza) == published)
    }

    // XEP-0163 §4.3.3: only initial presence; a larger interest brings only what is new in it.
    @Test func sendsNoLastItemTwice() throws {
        var talk = NodesConversation()
        _ = try talk.publish("n", "1")
        _ = try talk.publish("m", "1")
        let jid = try JID(Self.viewer)
        let recipient = Recipient(jid: jid, session: SessionID(rawValue: 1))
        let relation = Relation(presenceAuthorized: true)
        func told(_ talk: inout NodesConversation, _ nodes: [String], _ who: Recipient) -> [String]
        {
            talk.outcome(
                of: talk.service.available(
                    who,
                    relation: relation,
                    notify: NotifySet(features: nodes.map { $0 + "+notify" }),
                    at: talk.now
                )
            ).told
        }
        #expect(told(&talk, ["n"], recipient) == ["\(Self.viewer): n item 1 late"])
        #expect(told(&talk, ["n"], recipient).isEmpty)
        #expect(told(&talk, ["n", "m"], recipient) == ["\(Self.viewer): m item 1 late"])
        #expect(told(&talk, ["m"], recipient).isEmpty)
        #expect(try talk.publish("n", "2").told.isEmpty)
        // Another session of the same address starts anew.
        let other = Recipient(jid: jid, session: SessionID(rawValue: 2))
        #expect(told(&talk, ["m"], other) == ["\(Self.viewer): m item 1 late"])
        _ = talk.service.unavailable(jid)
        #expect(try talk.publish("m", "2").told.isEmpty)
        #expect(told(&talk, ["m"], other) == ["\(Self.viewer): m item 2 late"])
    }

    @Test(arguments: [
        ("never", false, false), ("on_sub", false, true), ("on_sub_and_presence", true, true),
    ])
    func sendsTheLastItemWhenConfigured(
        _ field: String,
        _ onPresence: Bool,
        _ onSubscription: Bool
    ) throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["send_last_published_item": field])
        _ = try talk.publish("n", "1")
        let expected = ["\(Self.viewer): n item 1 late"]
        #expect(
            try talk.arrive(Self.viewer, wanting: ["n"]).told == (onPresence ? expected : [])
        )
        #expect(try talk.subscribe(Self.viewer, "n").told == (onSubscription ? expected : []))
    }

    // XEP-0163 §4.3.2: the sessions that ask, and then not the bare address as well.
    @Test func doesNotTellABareAddressBesideItsSessions() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"])
        #expect(try talk.subscribe(Self.viewer, "n").error == nil)
        #expect(try talk.publish("n", "1").told == ["v@example.org: n item 1"])
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        _ = try talk.arrive("v@example.org/quiet", wanting: [])
        #expect(try talk.publish("n", "2").told == ["\(Self.viewer): n item 2"])
        _ = talk.service.unavailable(try JID(Self.viewer))
        #expect(try talk.publish("n", "3").told == ["v@example.org: n item 3"])
    }

    // XEP-0060 §6.1: a full address is a subscriber of its own, with the session it has now.
    @Test func tellsAFullAddressAtItsSession() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"])
        _ = try talk.arrive(Self.viewer, wanting: [])
        _ = try talk.set("<subscribe node='n' jid='\(Self.viewer)'/>", from: Self.viewer)
        _ = try talk.subscribe(Self.viewer, "n")
        let first = try #require(try talk.publish("n", "1").notifications.first).recipients
        #expect(first.map(\.jid.description) == [Self.viewer])
        #expect(first.first?.session == SessionID(rawValue: 1))
        _ = talk.service.unavailable(try JID(Self.viewer))
        _ = try talk.arrive(Self.viewer, wanting: [])
        let second = try #require(try talk.publish("n", "2").notifications.first).recipients
        #expect(second.first?.session == SessionID(rawValue: 2))
    }

    // XEP-0163 §7: a lost presence subscription ends all of it; a regained one begins it.
    @Test func tellsWhoLostItsPresenceNothingMore() throws {
        var talk = NodesConversation()
        _ = try talk.create("open", ["access_model": "open"])
        _ = try talk.publish("n", "1")
        _ = try talk.arrive(Self.viewer, wanting: ["n", "open"])
        _ = try talk.subscribe(Self.viewer, "n")
        let outcome = try talk.change("v@example.org", to: Relation())
        #expect(outcome.changes.count == 1)
        #expect(try talk.publish("n", "2").told.isEmpty)
        #expect(try talk.publish("open", "2").told.isEmpty)
    }

    @Test func followsARosterGroup() throws {
        var talk = NodesConversation()
        _ = try talk.create(
            "n",
            ["access_model": "roster", "roster_groups_allowed": "friends"]
        )
        _ = try talk.publish("n", "1")
        #expect(try talk.arrive(Self.viewer, wanting: ["n"]).told.isEmpty)
        let friend = Relation(presenceAuthorized: true, rosterGroups: ["friends"])
        #expect(
            try talk.change("v@example.org", to: friend).told
                == ["\(Self.viewer): n item 1 late"]
        )
        #expect(try talk.publish("n", "2").told == ["\(Self.viewer): n item 2"])
        _ = try talk.change("v@example.org", to: Relation(presenceAuthorized: true))
        #expect(try talk.publish("n", "3").told.isEmpty)
    }

    // XEP-0060 §9.1.2: who may not have the node gets nothing of it, also where it asks.
    @Test func tellsWhoeverTheNodeAdmits() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "whitelist"])
        _ = try talk.publish("n", "1")
        #expect(try talk.arrive(Self.viewer, wanting: ["n"]).told.isEmpty)
        let outcome = try talk.affiliate("v@example.org", "n", "member")
        #expect(outcome.told == ["\(Self.viewer): n item 1 late"])
        #expect(try talk.publish("n", "2").told == ["\(Self.viewer): n item 2"])
        _ = try talk.affiliate("v@example.org", "n", "outcast")
        #expect(try talk.publish("n", "3").told.isEmpty)
        #expect(try talk.set("#<delete node='n'/>").told.isEmpty)
    }
}
