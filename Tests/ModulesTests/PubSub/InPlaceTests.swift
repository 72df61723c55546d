import Testing
import XMPP

@testable import Modules

/// A node's tables are changed where they stand: a copy that is held would have them copied whole
/// by each who comes or goes.
@Suite struct InPlaceTests {
    /// Where the storage of a node's tables is.
    ///
    /// Only as long as a table is not copied, and none of its entries need more room, it stays.
    private func places(_ talk: NodesConversation) throws -> [String: UInt] {
        let node = try #require(talk.service.nodes["n"])
        var places: [String: UInt] = [:]
        for (mirror, table) in [
            (Mirror(reflecting: node.subscriptions), "records"),
            (Mirror(reflecting: node.subscriptions), "ids"), (Mirror(reflecting: node), "audience"),
        ] {
            switch mirror.descendant(table) {
            case let table as [String: SubscriptionRecord]:
                places["records"] = unsafeBitCast(table, to: UInt.self)
            case let table as [JID: [String]]:
                places["ids"] = unsafeBitCast(table, to: UInt.self)
            case let table as [JID: Recipient]:
                places["audience"] = unsafeBitCast(table, to: UInt.self)
            default: Issue.record("a node has no table \(table)")
            }
        }
        return places
    }

    /// A node with a subscription of each of many, and sessions that are notified.
    private func talk(_ fields: [String: String] = [:]) throws -> NodesConversation {
        var talk = NodesConversation()
        _ = try talk.create("n", fields.merging(["access_model": "open"]) { own, _ in own })
        for number in 0..<20 {
            let jid = "u\(number)@example.org/a"
            try come(&talk, jid)
            _ = try talk.set("<subscribe node='n' jid='\(jid)'/>", from: jid)
        }
        return talk
    }

    @discardableResult
    private func come(_ talk: inout NodesConversation, _ jid: String) throws -> [PubSubEffect] {
        try talk.service.available(
            Recipient(jid: JID(jid), session: SessionID(rawValue: 1)),
            relation: Relation(),
            notify: NotifySet(features: ["n+notify"]),
            at: talk.now
        )
    }

    private func expectInPlace(
        _ talk: inout NodesConversation,
        _ change: (inout NodesConversation) throws -> NodesConversation.Outcome?
    ) throws {
        let before = try places(talk)
        let outcome = try change(&talk)
        #expect(outcome?.error == nil)
        let after = try places(talk)
        for (table, place) in before { #expect(after[table] == place, "\(table)") }
    }

    @Test func whenSomebodyUnsubscribesAndSubscribesAgain() throws {
        var talk = try talk()
        let jid = "u3@example.org/a"
        try expectInPlace(&talk) { try $0.set("<unsubscribe node='n' jid='\(jid)'/>", from: jid) }
        #expect(talk.service.nodes["n"]?.subscriptions.count == 19)
        try expectInPlace(&talk) { try $0.set("<subscribe node='n' jid='\(jid)'/>", from: jid) }
        // The same again is answered with what there is.
        try expectInPlace(&talk) { try $0.set("<subscribe node='n' jid='\(jid)'/>", from: jid) }
    }

    @Test func whenOptionsAreSet() throws {
        var talk = try talk()
        let jid = "u3@example.org/a"
        let form =
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
            + "<value>http://jabber.org/protocol/pubsub#subscribe_options</value></field>"
            + "<field var='pubsub#include_body'><value>1</value></field></x>"
        try expectInPlace(&talk) {
            try $0.set("<options node='n' jid='\(jid)'>\(form)</options>", from: jid)
        }
        let record = try #require(
            talk.service.nodes["n"]?.subscriptions.of(address: JID(jid)).first
        )
        #expect(record.options.includesBody)
    }

    @Test func whenAnOwnerEndsSubscriptionsAndSetsAffiliations() throws {
        var talk = try talk()
        try expectInPlace(&talk) {
            try $0.set(
                "#<subscriptions node='n'>"
                    + "<subscription jid='u3@example.org/a' subscription='none'/></subscriptions>"
            )
        }
        try expectInPlace(&talk) {
            try $0.set(
                "#<affiliations node='n'>"
                    + "<affiliation jid='u4@example.org' affiliation='outcast'/></affiliations>"
            )
        }
        #expect(talk.service.nodes["n"]?.subscriptions.count == 18)
        #expect(talk.service.nodes["n"]?.audience.count == 19)
    }

    @Test func whenSessionsGoAndCome() throws {
        var talk = try talk(["tempsub": "1"])
        let jid = "u3@example.org/a"
        try expectInPlace(&talk) { talk in
            _ = talk.service.unavailable(try JID(jid))
            return nil
        }
        #expect(talk.service.nodes["n"]?.subscriptions.count == 19)
        #expect(talk.service.nodes["n"]?.audience.count == 19)
        try expectInPlace(&talk) { talk in
            try come(&talk, jid)
            return nil
        }
        #expect(talk.service.nodes["n"]?.audience.count == 20)
    }

    @Test func whenNotificationsComeBack() throws {
        var talk = try talk()
        try expectInPlace(&talk) { talk in
            let stanza = Stanza(
                .message,
                type: "error",
                id: "event-1",
                from: try JID("u3@example.org/a"),
                to: NodesConversation.owner,
                [StanzaError(.gone).element]
            )
            _ = talk.service.bounced(stanza, from: try JID("u3@example.org/a"))
            return nil
        }
        #expect(talk.service.nodes["n"]?.subscriptions.count == 19)
    }
}
