import Testing
import XMPP

@testable import Modules

// XEP-0060 §6.5
@Suite struct ItemTests {
    private func filled(_ count: Int) throws -> NodesConversation {
        var talk = NodesConversation()
        _ = try talk.create("n", ["max_items": "max"])
        for id in 1...count { _ = try talk.publish("n", String(id)) }
        return talk
    }

    /// The store's part: every payload says which item it is of.
    private func answer(_ outcome: NodesConversation.Outcome) throws -> LoadedItems {
        let request = try #require(outcome.loads.first)
        return request.answered(
            Dictionary(uniqueKeysWithValues: request.items.map { ($0, Array("<\($0)/>".utf8)) })
        )
    }

    // Only the newest stays in memory; the rest is asked of the store, and then answered.
    @Test func loadsWhatIsNotInMemory() throws {
        var talk = try filled(3)
        let outcome = try talk.get("<items node='n'/>")
        #expect(outcome.reply == nil)
        #expect(outcome.loads.first?.items == ["1", "2"])
        let loaded = talk.service.loaded(try answer(outcome), at: talk.now)
        #expect(talk.outcome(of: loaded).items == ["1", "2", "3"])
    }

    @Test func leavesOutWhatIsGoneWhileItWasLoaded() throws {
        var talk = try filled(3)
        let outcome = try talk.get("<items node='n'/>")
        let request = try #require(outcome.loads.first)
        let loaded = talk.service.loaded(request.answered(["2": [0x3C]]), at: talk.now)
        #expect(talk.outcome(of: loaded).items == ["2", "3"])
    }

    // A large payload does not stay in memory, not even as the newest.
    @Test func loadsALargeLastItem() throws {
        var talk = NodesConversation()
        let text = String(repeating: "x", count: PubSubLimits.payloadInMemoryMaximum)
        _ = try talk.publish("n", "1", "<a xmlns='urn:a'>\(text)</a>")
        let outcome = try talk.arrive("v@example.org/top", wanting: ["n"])
        #expect(outcome.told.isEmpty)
        let loaded = talk.service.loaded(try answer(outcome), at: talk.now)
        #expect(talk.outcome(of: loaded).told == ["v@example.org/top: n item 1 late"])
        // Another item came meanwhile: that one was sent already.
        _ = try talk.publish("n", "2")
        let stale = talk.service.loaded(try answer(outcome), at: talk.now)
        #expect(talk.outcome(of: stale).told.isEmpty)
    }

    // What is written behind may not be on the disk yet.
    @Test func keepsWhatIsWrittenBehindInMemoryForAWhile() throws {
        var talk = NodesConversation()
        let node = "urn:lapwing:1#late"
        _ = try talk.create(node, ["max_items": "max"])
        let payload = "<a xmlns='urn:a'>\(String(repeating: "x", count: 8_000))</a>"
        for id in 1...20 { _ = try talk.publish(node, String(id), payload) }
        let outcome = try talk.get("<items node='\(node)'/>")
        let inMemory = 20 - (outcome.loads.first?.items.count ?? 0)
        #expect(inMemory * 8_000 <= PubSubLimits.payloadsInMemoryMaximum + 8_000)
        #expect(inMemory > 1)
    }

    @Test func returnsExactlyTheItemsThatAreNamed() throws {
        var talk = try filled(3)
        #expect(
            try talk.get("<items node='n'><item id='3'/><item id='9'/></items>").items == ["3"]
        )
        #expect(
            try talk.get("<items node='n'><item id='9'/></items>").error
                == "cancel item-not-found"
        )
        #expect(
            try talk.get("<items node='n'><item id='1'/><item id='1'/></items>").loads.first?
                .items == ["1"]
        )
    }

    @Test(arguments: ["0", "-1", "x", "99999999999999999999"])
    func refusesANumberThatIsNone(_ count: String) throws {
        var talk = try filled(1)
        #expect(
            try talk.get("<items node='n' max_items='\(count)'/>").error == "modify bad-request"
        )
    }

    @Test func returnsTheLatestThatAreAskedFor() throws {
        var talk = try filled(5)
        #expect(try talk.get("<items node='n' max_items='1'/>").items == ["5"])
        #expect(try talk.get("<items node='n' max_items='3'/>").loads.first?.items == ["3", "4"])
        #expect(try talk.get("<items/>").error == "modify bad-request nodeid-required")
        #expect(try talk.get("<items node='x'/>").error == "cancel item-not-found")
    }
}
