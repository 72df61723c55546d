import Testing
import XMPP

@testable import Modules

// XEP-0060 §4.1, §4.5
@Suite struct AccessTests {
    private static let viewer = "v@example.org/top"
    private static let friend = Relation(presenceAuthorized: true, rosterGroups: ["friends"])
    private static let contact = Relation(presenceAuthorized: true)

    @Test(arguments: [
        ("open", Relation(), nil),
        ("presence", Relation(), "auth not-authorized presence-subscription-required"),
        ("presence", contact, nil),
        ("roster", contact, "auth not-authorized not-in-roster-group"),
        ("roster", friend, nil),
        ("whitelist", friend, "cancel not-allowed closed-node"),
    ])
    func letsInWhomTheModelLetsIn(
        _ model: String,
        _ relation: Relation,
        _ error: String?
    ) throws {
        var talk = NodesConversation()
        talk.relations[try JID("v@example.org")] = relation
        _ = try talk.create("n", ["access_model": model, "roster_groups_allowed": "friends"])
        _ = try talk.publish("n", "1")
        #expect(try talk.get("<items node='n'/>", from: Self.viewer).error == error)
        #expect(try talk.subscribe(Self.viewer, "n").error == error)
    }

    @Test(arguments: [
        ("publisher", nil, nil, nil), ("member", nil, nil, "auth forbidden"),
        ("none", nil, nil, "auth forbidden"),
        ("publish-only", "auth forbidden", "auth forbidden", nil),
        ("outcast", "auth forbidden", "auth forbidden", "auth forbidden"),
        ("owner", nil, nil, nil),
    ])
    func grantsWhatTheTableOfAffiliationsSays(
        _ affiliation: String,
        _ subscribe: String?,
        _ retrieve: String?,
        _ publish: String?
    ) throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"])
        _ = try talk.affiliate("v@example.org", "n", affiliation)
        #expect(try talk.subscribe(Self.viewer, "n").error == subscribe)
        #expect(try talk.get("<items node='n'/>", from: Self.viewer).error == retrieve)
        #expect(try talk.publish("n", "1", from: Self.viewer).error == publish)
    }

    @Test func listsAffiliationsBothWays() throws {
        var talk = NodesConversation()
        _ = try talk.create("n")
        _ = try talk.affiliate("v@example.org", "n", "member")
        let all = try talk.get("#<affiliations node='n'/>").reply?.payload?.elements.first
        #expect(
            all?.elements.compactMap { $0["affiliation"] } == ["owner", "member"]
        )
        let own = try talk.get("<affiliations/>", from: Self.viewer).reply?.payload?.elements.first
        #expect(own?.elements.compactMap { $0["node"] } == ["n"])
    }

    // XEP-0060 §8.9.2.4: what can be set is set; the owner of the account stays its owner.
    @Test func setsWhatItCanAndNamesTheRest() throws {
        var talk = NodesConversation()
        _ = try talk.create("n")
        let outcome = try talk.set(
            "#<affiliations node='n'><affiliation jid='v@example.org' affiliation='member'/>"
                + "<affiliation jid='host@example.org' affiliation='none'/>"
                + "<affiliation jid='w@example.org' affiliation='king'/></affiliations>"
        )
        #expect(outcome.error == "modify not-acceptable")
        #expect(outcome.changes.count == 1)
        let failed = outcome.reply?.payload("pubsub", Namespace.pubsubOwner)?.elements.first
        #expect(
            failed?.elements.compactMap { $0["jid"] } == ["host@example.org", "w@example.org"]
        )
        #expect(try talk.configure("n", ["title": "still mine"]).error == nil)
    }

    // An outcast's subscription ends with its standing.
    @Test func endsTheSubscriptionOfAnOutcast() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"])
        _ = try talk.subscribe(Self.viewer, "n")
        #expect(try talk.affiliate("v@example.org", "n", "outcast").changes.count == 2)
        #expect(try talk.publish("n", "1").told.isEmpty)
    }

    // XEP-0060 §6.1.3.1, §6.2.3.3: one subscribes and unsubscribes oneself, and says so.
    @Test(arguments: [
        ("<subscribe node='n'/>", "modify bad-request jid-required"),
        ("<subscribe node='n' jid='@'/>", "modify bad-request invalid-jid"),
        ("<subscribe node='n' jid='w@example.org'/>", "modify bad-request invalid-jid"),
        ("<unsubscribe node='n'/>", "modify bad-request jid-required"),
        ("<unsubscribe node='n' jid='@'/>", "modify bad-request invalid-jid"),
        ("<unsubscribe node='n' jid='w@example.org'/>", "auth forbidden"),
        (
            "<unsubscribe node='n' jid='v@example.org'/>",
            "cancel unexpected-request not-subscribed"
        ),
    ])
    func subscribesNobodyButWhoAsks(_ request: String, _ error: String) throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"])
        _ = try talk.subscribe("w@example.org/1", "n")
        let outcome = try talk.set(request, from: Self.viewer)
        #expect(outcome.error == error)
        #expect(outcome.changes.isEmpty)
    }
}
