import Testing
import XMPP

@testable import Modules

// What one account can ask again and again, and in numbers.
@Suite struct HostileTests {
    // The entries of nodes that are gone would otherwise wait for ten years.
    @Test func leavesNothingInTheScheduleOfNodesThatComeAndGo() throws {
        var talk = NodesConversation()
        for _ in 0..<3_000 {
            _ = try talk.create("n", ["item_expire": "315576000"])
            _ = try talk.publish("n", "1")
            _ = try talk.set("#<delete node='n'/>")
        }
        #expect(talk.service.schedule.count < 2_048)
        _ = try talk.create("n", ["item_expire": "10"])
        _ = try talk.publish("n", "1")
        for number in 0..<2_000 {
            _ = try talk.create("o", ["item_expire": "315576000"])
            _ = try talk.publish("o", "\(number)")
            _ = try talk.set("#<delete node='o'/>")
        }
        // What is still meant is done.
        #expect(talk.pass(seconds: 10).removedItems == [["1"]])
    }

    @Test func leavesNothingInTheScheduleOfDigestsThatNobodyGets() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        for number in 1...3_000 {
            try talk.subscribe("a@example.org") {
                $0.isDigest = true
                $0.digestMilliseconds = 604_800_000
            }
            _ = try talk.publish(["user": "1"])
            try talk.remove("s\(number)", of: "a@example.org")
        }
        #expect(talk.talk.service.schedule.count < 2_048)
    }

    @Test func forgetsWhoseItemsGoOfflineOfNodesThatAreGone() throws {
        var talk = NodesConversation()
        for number in 0..<10 {
            _ = try talk.create("n\(number)", ["purge_offline": "1"])
            _ = try talk.publish("n\(number)", "1")
            _ = try talk.set("#<delete node='n\(number)'/>")
        }
        #expect(talk.service.offlinePurges.isEmpty)
    }

    @Test func forgetsSubscribersOfNodesThatAreGone() throws {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n")
        let two = ["1", "2"].map {
            "<subscription jid='a@example.org/\($0)' subscription='subscribed'/>"
        }
        _ = try talk.set("#<subscriptions node='n'>\(two.joined())</subscriptions>")
        #expect(talk.service.subscriptionCounts.count == 1)
        _ = try talk.set("#<delete node='n'/>")
        #expect(talk.service.subscriptionCounts.isEmpty)
        #expect(talk.service.subscribed.isEmpty)
    }

    // Each owner is asked about every request to subscribe.
    @Test func takesNoMoreOwnersThanCanBeAsked() throws {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n")
        let maximum = PubSubLimits.ownersMaximum
        let others = (1..<maximum).map { ("o\($0)@example.org", "owner" as String?) }
        #expect(try talk.affiliate("n", others).error == nil)
        #expect(try talk.affiliations(of: "n").count == maximum)
        let refused = try talk.affiliate("n", [("p@example.org", "owner")])
        #expect(refused.error == "modify not-acceptable")
        #expect(try talk.affiliate("n", [("p@example.org", "publisher")]).error == nil)
        #expect(try talk.affiliate("n", [("o1@example.org", "none")]).error == nil)
        #expect(try talk.affiliate("n", [("p@example.org", "owner")]).error == nil)
    }

    // Each subscription of one entity has room for some; all together have less.
    @Test func holdsNoMoreBytesForOneEntityThanItsShare() throws {
        var book = SelectionBook()
        let payload = [UInt8](repeating: 120, count: 64 * 1024)
        let own = PubSubLimits.heldBytesMaximum / payload.count
        let all = PubSubLimits.heldBytesOfOneMaximum / payload.count
        var held = 0
        func hold(_ id: String, _ jid: String, _ item: Int) throws -> Bool {
            let event = PubSubEvent(
                "n",
                .item(PubSubEvent.Item(id: "\(item)", publisher: nil, payload: payload))
            )
            return book.hold(
                event,
                about: nil,
                SelectionBook.ItemKey(node: "n", item: "\(item)"),
                SubscriptionRecord(id: id, jid: try JID(jid)),
                on: "n",
                until: Instant(milliseconds: 1)
            )
        }
        for number in 0...(all / own) {
            for item in 0...own where try hold("s\(number)", "a@example.org/\(number)", item) {
                held += 1
            }
        }
        #expect(held == all)
        #expect(try hold("t", "b@example.org", 0))
        // What is sent leaves room.
        #expect(book.takeDue("s0", at: Instant(milliseconds: 1)).count == own)
        #expect(try hold("u", "a@example.org", 0))
    }
}
