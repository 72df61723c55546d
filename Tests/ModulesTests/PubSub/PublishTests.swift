import Testing
import XMPP

@testable import Modules

@Suite struct PublishTests {
    @Test func makesANodeOnItsFirstItem() throws {
        var talk = NodesConversation()
        let outcome = try talk.publish("n", "1")
        #expect(outcome.items == ["1"])
        #expect(
            outcome.changes.first
                == .saveNode(
                    owner: NodesConversation.owner,
                    node: "n",
                    configuration: talk.origin
                )
        )
        #expect(outcome.durabilities == [.immediate, .immediate])
        #expect(try talk.get("<items node='n'/>").items == ["1"])
    }

    // XEP-0060 §7.1.4: nobody but the owner makes nodes by publishing.
    @Test func makesNoNodeForOthers() throws {
        var talk = NodesConversation()
        #expect(try talk.publish("n", from: "a@b/c").error == "cancel item-not-found")
    }

    @Test func storesWhatATransactionNeeds() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["max_items": "2"])
        _ = try talk.publish("n", "1")
        _ = try talk.publish("n", "2")
        let record = ItemRecord(
            id: "3",
            publisher: NodesConversation.owner,
            published: talk.now,
            payload: Array("<a xmlns='urn:a'/>".utf8)
        )
        #expect(
            try talk.publish("n", "3").changes == [
                .saveItem(owner: NodesConversation.owner, node: "n", record, trimming: ["1"])
            ]
        )
    }

    // protocol.md: samples are written behind, alerts before the reply, and what is not kept never.
    @Test func writesSamplesBehind() throws {
        var talk = NodesConversation()
        _ = try talk.create("urn:lapwing:1#cpu")
        #expect(try talk.publish("urn:lapwing:1#cpu", "current").durabilities == [.behind])
        _ = try talk.create("urn:lapwing:1#events")
        #expect(try talk.publish("urn:lapwing:1#events", "1").durabilities == [.immediate])
        _ = try talk.create("transient", ["persist_items": "0"])
        #expect(try talk.publish("transient", "1").changes.isEmpty)
    }

    @Test func namesAnItemThatComesWithoutAName() throws {
        var talk = NodesConversation()
        let first = try talk.publish("n").items
        let second = try talk.publish("n").items
        #expect(first.count == 1 && second.count == 1 && first != second)
    }

    // XEP-0060 §12.1: the same id overwrites, and becomes the newest.
    @Test func makesAnOverwrittenItemTheNewest() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["max_items": "3"])
        for id in ["1", "2", "3", "1"] { _ = try talk.publish("n", id) }
        #expect(try talk.items(of: "n") == ["2", "3", "1"])
        #expect(try talk.get("<items node='n' max_items='1'/>").items == ["1"])
        let last = try talk.arrive("v@example.org/top", wanting: ["n"])
        #expect(last.told == ["v@example.org/top: n item 1 late"])
    }

    // XEP-0060 §7.1.2: who may publish may overwrite the items of others.
    @Test func letsAnyPublisherOverwriteAnyItem() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["publish_model": "open", "access_model": "open"])
        _ = try talk.publish("n", "1")
        #expect(try talk.publish("n", "1", from: "a@b/c").error == nil)
        let last = try talk.arrive("v@example.org/top", wanting: ["n"])
        let tail = try #require(last.notifications.first).bytes.body
        #expect(String(decoding: tail, as: UTF8.self).contains("publisher='a@b'"))
    }

    // XEP-0060 §4.3: no item, and an event that only says that something happened.
    @Test func notifiesOfAnEventWithoutAnItem() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["persist_items": "0", "deliver_payloads": "0"])
        _ = try talk.arrive("v@example.org/top", wanting: ["n"])
        let outcome = try talk.set("<publish node='n'/>")
        #expect(outcome.told == ["v@example.org/top: n event"])
        let event = try #require(outcome.notifications.first).event.content[0]
        #expect(event.child("items")?.children.isEmpty == true)
        #expect(try talk.publish("n").error == "modify bad-request item-forbidden")
    }

    // XEP-0060 §7.1.3
    @Test(arguments: [
        ("<publish/>", "modify bad-request nodeid-required"),
        ("<publish node=''/>", "modify bad-request nodeid-required"),
        ("<publish node='n'/>", "modify bad-request item-required"),
        ("<publish node='n'><item/></publish>", "modify bad-request payload-required"),
        (
            "<publish node='n'><item><a xmlns='urn:a'/><b xmlns='urn:a'/></item></publish>",
            "modify bad-request invalid-payload"
        ),
        (
            "<publish node='n'><item><a xmlns='urn:b'/></item></publish>",
            "modify bad-request invalid-payload"
        ),
        (
            "<publish node='n'><item id=''><a xmlns='urn:a'/></item></publish>",
            "modify not-acceptable"
        ),
        (
            "<publish node='n'><item><a xmlns='urn:a'/></item>"
                + "<item><a xmlns='urn:a'/></item></publish>",
            "modify bad-request"
        ),
    ])
    func refusesAnItemThatIsNone(_ content: String, _ error: String) throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["type": "urn:a"])
        let outcome = try talk.set(content)
        #expect(outcome.error == error)
        #expect(outcome.changes.isEmpty)
        #expect(try talk.get("<items node='n'/>").items.isEmpty)
    }

    @Test func takesAPayloadAtItsLimitAndNoneOverIt() throws {
        var talk = NodesConversation()
        let payload = "<a xmlns='urn:a'/>"
        _ = try talk.create("n", ["max_payload_size": String(payload.utf8.count)])
        #expect(try talk.publish("n", "1", payload).error == nil)
        #expect(
            try talk.publish("n", "1", "<ab xmlns='urn:a'/>").error
                == "modify not-acceptable payload-too-big"
        )
    }

    @Test func takesNamesAtTheirLimitAndNoneOverIt() throws {
        var talk = NodesConversation()
        let longest = String(repeating: "n", count: PubSubLimits.nameBytesMaximum)
        #expect(try talk.publish(longest, longest).error == nil)
        #expect(try talk.publish("n", longest + "n").error == "modify not-acceptable")
        #expect(try talk.publish(longest + "n", "1").error == "modify not-acceptable")
        #expect(talk.service.counts == (1, 1))
    }

    @Test func takesNodesUpToTheirLimit() throws {
        var limits = PubSubLimits()
        limits.nodes = 2
        var talk = NodesConversation(limits: limits)
        _ = try talk.publish("1")
        _ = try talk.publish("2")
        let outcome = try talk.publish("3")
        #expect(outcome.error?.hasSuffix("max-nodes-exceeded") == true)
        #expect(try talk.publish("2").error == nil)
    }

    // A refused first item leaves no node behind.
    @Test func makesNoNodeForAnItemThatIsRefused() throws {
        var talk = NodesConversation()
        #expect(try talk.set("<publish node='n'/>").error?.isEmpty == false)
        #expect(talk.service.counts == (0, 0))
    }

    // A payload means the same in the event as in the publish: not a byte of it is another.
    @Test func handsThePayloadOnByteByByte() throws {
        var talk = NodesConversation()
        _ = try talk.arrive("v@example.org/top", wanting: ["n&'"])
        let payload = "<a  xmlns='urn:a'\n b = \"1\"><![CDATA[<x>]]>&#233;</a>"
        let outcome = try talk.publish("n&amp;&apos;", "1", payload)
        let notification = try #require(outcome.notifications.first)
        let whole = String(
            decoding: notification.written(to: try #require(notification.recipients.first)),
            as: UTF8.self
        )
        #expect(whole.contains(">" + payload + "</item>"))
        #expect(
            try Element(parsing: Array(whole.utf8)).attributes.map(\.name).sorted()
                == ["from", "id", "to", "type"]
        )
    }

    // Nothing else of the publish is in the event, so its language goes with the payload.
    @Test func keepsTheLanguageOfAPublish() throws {
        var talk = NodesConversation()
        _ = try talk.arrive("v@example.org/top", wanting: ["n"])
        let outcome = try talk.set(
            "<publish node='n' xml:lang='de'><item><a xmlns='urn:a'/></item></publish>"
        )
        let notification = try #require(outcome.notifications.first)
        let whole = String(
            decoding: notification.written(to: try #require(notification.recipients.first)),
            as: UTF8.self
        )
        #expect(whole.contains("<a xml:lang='de' xmlns='urn:a'/></item>"))
    }

    // The bytes and the tree of a notification say the same.
    @Test func writesTheSameAsItsTree() throws {
        var talk = NodesConversation()
        _ = try talk.arrive("v@example.org/top", wanting: ["n"])
        var outcomes = [try talk.publish("n", "1&lt;&apos;")]
        outcomes.append(
            try talk.set("<retract node='n' notify='1'><item id='1&lt;&apos;'/></retract>")
        )
        outcomes.append(try talk.publish("n", "2"))
        outcomes.append(try talk.arrive("v@example.org/other", wanting: ["n"]))
        outcomes.append(try talk.set("#<purge node='n'/>"))
        outcomes.append(try talk.set("#<delete node='n'><redirect uri='xmpp:a?b'/></delete>"))
        for notification in outcomes.flatMap(\.notifications) {
            let recipient = try #require(notification.recipients.first)
            let stanza = notification.stanza(to: recipient).serialized()
            let bytes = notification.written(to: recipient)
            let tree = try Element(
                parsing: Array("<s xmlns='jabber:client'>".utf8) + stanza + Array("</s>".utf8)
            )
            let written = try Element(
                parsing: Array("<s xmlns='jabber:client'>".utf8) + bytes + Array("</s>".utf8)
            )
            let (left, right) = try (
                #require(tree.elements.first), #require(written.elements.first)
            )
            #expect(left.children == right.children)
            #expect(Set(left.attributes) == Set(right.attributes))
        }
        #expect(outcomes.allSatisfy { $0.notifications.count >= 1 })
    }
}
