import Testing
import XMPP

@testable import Modules

// XEP-0060 §16.4.4: items that go by themselves.
@Suite struct ExpiryTests {
    private static let viewer = "v@example.org/top"

    /// A node with one item, as the store has it.
    private static func stored(
        _ configuration: [String: [String]],
        _ published: Instant
    ) -> NodeRecord {
        let owner = NodesConversation.owner
        var record = NodeRecord(owner: owner, node: "n", configuration: configuration)
        record.items = [.init(id: "1", publisher: owner, published: published, payload: .absent)]
        return record
    }

    // item_expire: not a moment before its time, and then from the memory and from the store.
    @Test func endsAnItemAtItsAgeAndNotBefore() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["item_expire": "10", "max_items": "5"])
        let wakes = try talk.publish("n", "1").wakes
        #expect(wakes == [talk.now + .seconds(10)])
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        talk.now.milliseconds += 9_999
        #expect(talk.outcome(of: talk.service.woke(at: talk.now)).changes.isEmpty)
        #expect(try talk.items(of: "n") == ["1"])
        talk.now.milliseconds += 1
        let outcome = talk.outcome(of: talk.service.woke(at: talk.now))
        #expect(outcome.removedItems == [["1"]])
        #expect(outcome.told == ["\(Self.viewer): n retract 1"])
        #expect(try talk.items(of: "n").isEmpty)
    }

    @Test func tellsOfNoEndWhereRetractsAreNotTold() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["item_expire": "10", "notify_retract": "0"])
        _ = try talk.publish("n", "1")
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        let outcome = talk.pass(seconds: 10)
        #expect(outcome.removedItems == [["1"]])
        #expect(outcome.told.isEmpty)
    }

    // Published again, an item is young again (§12.1); a node has one entry in the schedule.
    @Test func countsFromTheLatestPublish() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["item_expire": "10"])
        for _ in 0..<5 {
            _ = try talk.publish("n", "current")
            talk.now = talk.now + .seconds(4)
            #expect(talk.service.schedule.count <= 1)
            #expect(talk.outcome(of: talk.service.woke(at: talk.now)).changes.isEmpty)
        }
        #expect(talk.pass(seconds: 6).removedItems == [["current"]])
        #expect(talk.service.schedule.count == 0)
    }

    @Test func endsOneAfterTheOther() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["item_expire": "10", "max_items": "max"])
        _ = try talk.publish("n", "1")
        talk.now = talk.now + .seconds(3)
        _ = try talk.publish("n", "2")
        #expect(talk.pass(seconds: 7).removedItems == [["1"]])
        #expect(talk.pass(seconds: 3).removedItems == [["2"]])
    }

    // What was kept before a restart ends when it would have.
    @Test func endsItemsFromBeforeARestart() throws {
        let now = Instant(milliseconds: 1_700_000_000_000)
        var talk = NodesConversation(nodes: [Self.stored(["pubsub#item_expire": ["60"]], now)])
        let started = talk.outcome(of: talk.service.started(at: now + .seconds(5)))
        #expect(started.wakes == [now + .seconds(60)])
        #expect(talk.pass(seconds: 60).removedItems == [["1"]])
    }

    @Test func asksForNothingWhereNothingExpires() throws {
        var talk = NodesConversation()
        _ = try talk.create("n")
        #expect(try talk.publish("n", "1").wakes.isEmpty)
        _ = try talk.create("e", ["item_expire": "10"])
        #expect(talk.service.schedule.count == 0)
        #expect(talk.outcome(of: talk.service.started(at: talk.now)).wakes.isEmpty)
    }

    // A shorter age holds for what is there already, a longer one too.
    @Test func followsAConfigurationThatChanges() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["item_expire": "100"])
        _ = try talk.publish("n", "1")
        let wakes = try talk.configure("n", ["item_expire": "10"]).wakes
        #expect(wakes == [talk.now + .seconds(10)])
        _ = try talk.configure("n", ["item_expire": "20"])
        #expect(talk.pass(seconds: 10).changes.isEmpty)
        #expect(talk.pass(seconds: 10).removedItems == [["1"]])
        _ = try talk.publish("n", "2")
        _ = try talk.configure("n", ["item_expire": "max"])
        #expect(talk.pass(seconds: 200).changes.isEmpty)
    }

    // A node of the same name that is made later has nothing to do with the old one's times.
    @Test func forgetsTheTimesOfANodeThatIsGone() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["item_expire": "10"])
        _ = try talk.publish("n", "1")
        _ = try talk.set("#<delete node='n'/>")
        _ = try talk.create("n", ["item_expire": "100"])
        _ = try talk.publish("n", "2")
        #expect(talk.pass(seconds: 50).changes.isEmpty)
        #expect(talk.pass(seconds: 50).removedItems == [["2"]])
    }

    // One wake ends no more than a limit; the rest follows at once.
    @Test func endsManyItemsByPortions() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["item_expire": "10", "max_items": "max", "notify_retract": "0"])
        let limit = PubSubLimits.idsPerRequestMaximum
        for id in 0...limit { _ = try talk.publish("n", String(id)) }
        let first = talk.pass(seconds: 10)
        #expect(first.removedItems.map(\.count) == [limit])
        #expect(first.wakes == [talk.now])
        #expect(talk.pass(seconds: 0).removedItems == [[String(limit)]])
    }

    // MARK: purge_offline

    @Test func emptiesANodeWhenItsPublisherGoes() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["purge_offline": "1", "max_items": "5"])
        _ = try talk.arrive(NodesConversation.agent, wanting: [])
        _ = try talk.arrive("host@example.org/two", wanting: [])
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        for id in ["1", "2"] { _ = try talk.publish("n", id) }
        // While another of its sessions is there it is.
        var gone = talk.outcome(of: talk.service.unavailable(try JID(NodesConversation.agent)))
        #expect(gone.changes.isEmpty)
        gone = talk.outcome(of: talk.service.unavailable(try JID("host@example.org/two")))
        #expect(gone.changes == [.purge(owner: NodesConversation.owner, node: "n")])
        #expect(gone.told == ["\(Self.viewer): n purge"])
        #expect(try talk.items(of: "n").isEmpty)
    }

    // The relevant publisher's: those of others stay.
    @Test func leavesTheItemsOfThoseWhoStay() throws {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n", ["purge_offline": "1", "publish_model": "open"])
        _ = try talk.arrive(NodesConversation.agent, wanting: [])
        _ = try talk.arrive("p@example.org/1", wanting: [])
        _ = try talk.subscribe(Self.viewer, "n")
        // A service does not see users' presence unless it asks.
        #expect(try talk.publish("n", "1").watched == [NodesConversation.owner])
        #expect(try talk.publish("n", "2").watched.isEmpty)
        #expect(
            try talk.publish("n", "3", from: "p@example.org/1").watched == [
                try JID("p@example.org")
            ]
        )
        let gone = talk.outcome(of: talk.service.unavailable(try JID(NodesConversation.agent)))
        #expect(gone.removedItems == [["1", "2"]])
        #expect(gone.told == ["v@example.org: n retract 1", "v@example.org: n retract 2"])
        #expect(try talk.items(of: "n") == ["3"])
    }

    @Test func purgesNothingWhereItIsNotToldTo() throws {
        var talk = NodesConversation()
        _ = try talk.arrive(NodesConversation.agent, wanting: [])
        _ = try talk.publish("n", "1")
        let jid = try JID(NodesConversation.agent)
        #expect(talk.outcome(of: talk.service.unavailable(jid)).changes.isEmpty)
        // Told to later, it follows those who had published before.
        _ = try talk.arrive(NodesConversation.agent, wanting: [])
        _ = try talk.configure("n", ["purge_offline": "1"])
        #expect(talk.outcome(of: talk.service.unavailable(jid)).changes.count == 1)
    }

    // After a start nobody is there.
    @Test func purgesAtTheStartWhatWasLeft() throws {
        let record = Self.stored(["pubsub#purge_offline": ["1"]], Instant(milliseconds: 1))
        var talk = NodesConversation(nodes: [record])
        let started = talk.outcome(of: talk.service.started(at: talk.now))
        #expect(started.changes == [.purge(owner: NodesConversation.owner, node: "n")])
    }
}
