import Testing
import XMPP

@testable import Modules

// What entities make the service send to others, who asked for none of it.
@Suite struct NoticeTests {
    private static let owner = NodesConversation.agent
    private static let refused = "wait resource-constraint"

    /// A service with one node, whose owner may have so many told at once.
    private func talk(
        _ notices: Int,
        _ fields: [String: String] = [:]
    ) throws -> NodesConversation {
        var limits = PubSubLimits()
        limits.notices = notices
        var talk = NodesConversation.ofService(limits)
        #expect(try talk.create("n", fields).error == nil)
        return talk
    }

    private func subscribe(_ jids: String..., as state: String = "subscribed") -> String {
        let entries = jids.map { "<subscription jid='\($0)' subscription='\(state)'/>" }
        return "#<subscriptions node='n'>\(entries.joined())</subscriptions>"
    }

    // MARK: Affiliations (XEP-0060 §8.9.4)

    @Test func tellsNoMoreOfAffiliationsThanItsLimit() throws {
        var talk = try talk(3)
        func change(_ jid: String, from: String = Self.owner) throws -> Int {
            let isMember = try talk.affiliations(of: "n").contains(jid + " member")
            let outcome = try talk.affiliate("n", [(jid, isMember ? "none" : "member")], from: from)
            #expect(outcome.error == nil)
            #expect(outcome.changes.count == 1)
            return outcome.sent.count
        }
        for _ in 1...3 { #expect(try change("v@example.org") == 1) }
        // The change is made all the same, be it of the same entity or of another.
        #expect(try change("v@example.org") == 0)
        #expect(try change("w@example.org") == 0)
        // In one request as well.
        let list = ["a", "b", "c"].map { ("\($0)@example.org", "member" as String?) }
        talk.now = talk.now + .seconds(2)
        let outcome = try talk.affiliate("n", list)
        #expect(outcome.changes.count == 3)
        #expect(outcome.sent.map { $0.to?.description } == ["a@example.org", "b@example.org"])
        // Another owner has a number of its own, an administrator needs none.
        talk.now = talk.now + .seconds(3)
        #expect(try talk.affiliate("n", [("o@example.org", "owner")]).sent.count == 1)
        for _ in 1...3 { #expect(try change("v@example.org", from: "o@example.org/1") == 1) }
        #expect(try change("v@example.org", from: "o@example.org/2") == 0)
        talk.relations[try JID("boss@example.org")] = Relation(isOwner: true)
        for _ in 1...9 { #expect(try change("v@example.org", from: "boss@example.org/1") == 1) }
    }

    @Test func countsNothingThatOneIsToldOfOneself() throws {
        var talk = try talk(1)
        for _ in 1...5 {
            #expect(try talk.set(subscribe("host@example.org")).word.count == 1)
            #expect(try talk.set(subscribe("host@example.org", as: "none")).word.count == 1)
        }
        #expect(try talk.affiliate("v@example.org", "n", "member").sent.count == 1)
    }

    // MARK: Subscriptions (§8.8.4)

    @Test func subscribesNobodyWithoutAWord() throws {
        var talk = try talk(2)
        _ = try talk.publish("n", "1")
        let outcome = try talk.set(subscribe("a@example.org", "b@example.org", "c@example.org"))
        #expect(outcome.error == Self.refused)
        #expect(outcome.entries == ["c@example.org "])
        #expect(outcome.word.count == 2)
        // Word of it, and the last item.
        #expect(outcome.notifications.count == 2)
        #expect(try talk.publish("n", "2").told.count == 2)
        // Nor is what there is changed to and fro; its end is always told.
        let pending = subscribe("a@example.org", as: "pending")
        #expect(try talk.set(pending).error == Self.refused)
        let ended = try talk.set(subscribe("a@example.org", "b@example.org", as: "none"))
        #expect(ended.error == nil)
        #expect(ended.word.count == 2)
        #expect(try talk.set(subscribe("a@example.org")).error == Self.refused)
        talk.now = talk.now + .seconds(1)
        #expect(try talk.set(subscribe("a@example.org")).error == nil)
        #expect(try talk.set(pending).error == Self.refused)
        // Others subscribe as before.
        #expect(try talk.subscribe("b@example.org/1", "n").error == nil)
    }

    // §8.6: each owner is asked, who may be anybody whom another owner made one.
    @Test func asksNoMoreOwnersThanItsLimit() throws {
        var talk = try talk(5, ["access_model": "authorize"])
        _ = try talk.affiliate("n", [("p@example.org", "owner"), ("q@example.org", "owner")])
        let (viewer, unsubscribe) = (
            "v@example.org/1", "<unsubscribe node='n' jid='v@example.org'/>"
        )
        #expect(try talk.subscribe(viewer, "n").sent.count == 3)
        #expect(try talk.set(unsubscribe, from: viewer).error == nil)
        let outcome = try talk.subscribe(viewer, "n")
        #expect(outcome.error == Self.refused)
        #expect(outcome.changes.isEmpty)
        #expect(talk.service.nodes["n"]?.subscriptions.isEmpty == true)
        #expect(try talk.subscribe("w@example.org/1", "n").sent.count == 3)
        talk.now = talk.now + .seconds(1)
        #expect(try talk.subscribe(viewer, "n").sent.count == 3)
    }

    // §16.4.4 notify_sub
    @Test func tellsOwnersNoMoreThanItsLimit() throws {
        var talk = try talk(7, ["notify_sub": "1"])
        _ = try talk.affiliate("n", [("p@example.org", "owner"), ("q@example.org", "owner")])
        let (viewer, unsubscribe) = (
            "v@example.org/1", "<unsubscribe node='n' jid='v@example.org'/>"
        )
        #expect(try talk.subscribe(viewer, "n").word.count == 3)
        #expect(try talk.set(unsubscribe, from: viewer).word.count == 3)
        let outcome = try talk.subscribe(viewer, "n")
        #expect(outcome.state == "subscribed")
        #expect(outcome.word.count == 1)
        #expect(try talk.set(unsubscribe, from: viewer).word.isEmpty)
        #expect(talk.service.nodes["n"]?.subscriptions.isEmpty == true)
    }

    // MARK: The meter

    @Test func metersEachEntityByItself() throws {
        let (one, other) = (try JID("a@example.org"), try JID("b@example.org"))
        let now = Instant(milliseconds: 1_000_000)
        var meter = NoticeMeter()
        #expect(meter.charge(one, with: 2, of: 3, at: now) == 2)
        #expect(meter.charge(one, with: 2, of: 3, at: now) == 1)
        #expect(meter.charge(one, with: 2, of: 3, at: now) == 0)
        #expect(meter.room(for: other, of: 3, at: now) == 3)
        let interval = PubSubLimits.noticeMilliseconds
        let before = now + .milliseconds(interval - 1)
        #expect(meter.room(for: one, of: 3, at: before) == 0)
        #expect(meter.room(for: one, of: 3, at: now + .milliseconds(interval)) == 1)
        #expect(meter.room(for: one, of: 3, at: now + .milliseconds(3 * interval)) == 3)
        #expect(meter.room(for: one, of: 3, at: now + .milliseconds(9 * interval)) == 3)
        // A clock that is put back keeps nobody waiting until it is as late again.
        #expect(meter.room(for: one, of: 3, at: Instant(milliseconds: .min)) == 3)
        let back = now + .seconds(-86_400)
        #expect(meter.charge(one, with: 4, of: 3, at: back) == 3)
        #expect(meter.room(for: one, of: 3, at: back) == 0)
        #expect(meter.room(for: one, of: 3, at: back + .milliseconds(interval)) == 1)
    }

    @Test func keepsNothingOfThoseWhoAreQuiet() {
        var meter = NoticeMeter()
        for second in 0..<5_000 {
            let jid = JID(normalizedLocal: "a\(second)", domain: "example.org")
            let now = Instant(milliseconds: Int64(second) * 1_000)
            #expect(meter.charge(jid, with: 2, of: 3, at: now) == 2)
        }
        #expect(meter.count < 1_100)
    }
}
