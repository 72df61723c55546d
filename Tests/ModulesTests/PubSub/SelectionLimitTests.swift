import Testing
import XMPP

@testable import Modules

// What options cost, and what is refused (docs/protocol.md, filters).
@Suite struct SelectionLimitTests {
    private static let cpu = SelectionConversation.cpu

    private func check(
        _ talk: SelectionConversation,
        _ jid: String,
        replacing id: String? = nil,
        _ change: (inout SubscriptionOptions) -> Void
    ) throws -> (summary: String, text: String)? {
        var options = SubscriptionOptions()
        change(&options)
        let node = try #require(talk.talk.service.nodes[Self.cpu])
        let jid = try JID(jid)
        do throws(StanzaError) {
            try talk.talk.service.checkSelection(options, of: jid, on: node, replacing: id)
            return nil
        } catch {
            return (error.summary, error.text ?? "")
        }
    }

    @Test func saysWhichOptionCannotBeReadAndWhere() throws {
        let talk = try SelectionConversation(Self.cpu)
        let filter = try check(talk, "a@example.org") { $0.filter = "cpu.user > 90 and" }
        #expect(filter?.summary == "modify not-acceptable invalid-options")
        #expect(filter?.text.hasPrefix("filter, column 18: ") == true)
        let deadband = try check(talk, "a@example.org") { $0.deadband = "cpu.user x" }
        #expect(deadband?.text.hasPrefix("deadband, column 10: ") == true)
        let quiet = try check(talk, "a@example.org") { $0.quiet = "25:00-07:00Z" }
        #expect(quiet?.text.hasPrefix("quiet, column 1: ") == true)
        let names = (0...64).map { "n\($0)" }.joined(separator: " ")
        let projection = try check(talk, "a@example.org") { $0.projection = names }
        #expect(projection?.text.hasPrefix("project, column ") == true)
    }

    @Test func limitsTheFiltersOfOneEntityThatAreAskedAtEveryItem() throws {
        var talk = try SelectionConversation(Self.cpu)
        // 50 comparisons that no value finds.
        let filter = (0..<50).map { "cpu.n\($0) > \($0)" }.joined(separator: " or ")
        let count = PubSubLimits.scannedTermsOfOneMaximum / 50
        for index in 0..<count {
            #expect(try check(talk, "a@example.org/\(index)") { $0.filter = filter } == nil)
            try talk.subscribe("a@example.org/\(index)") { $0.filter = filter }
        }
        let refused = try check(talk, "a@example.org") { $0.filter = filter }
        #expect(refused?.summary == "wait policy-violation too-many-subscriptions")
        #expect(refused?.text.isEmpty == false)
        // Not those that a value finds, not those of others, not one in the place of its own.
        #expect(try check(talk, "a@example.org") { $0.filter = "cpu.user > 90" } == nil)
        #expect(try check(talk, "b@example.org") { $0.filter = filter } == nil)
        #expect(try check(talk, "a@example.org", replacing: "s1") { $0.filter = filter } == nil)
        try talk.remove("s1", of: "a@example.org/0")
        #expect(try check(talk, "a@example.org") { $0.filter = filter } == nil)
    }

    @Test func limitsTheFiltersOfANodeThatAreAskedAtEveryItem() throws {
        var talk = try SelectionConversation(Self.cpu)
        let filter = (0..<50).map { "cpu.n\($0) > \($0)" }.joined(separator: " or ")
        for index in 0..<(PubSubLimits.scannedTermsMaximum / 50) {
            let jid = try JID("v\(index)@example.org")
            var record = SubscriptionRecord(id: "t\(index)", jid: jid)
            record.options.filter = filter
            talk.set(record)
        }
        let refused = try check(talk, "a@example.org") { $0.filter = filter }
        #expect(refused?.summary == "wait policy-violation too-many-subscriptions")
        // All of them are still asked.
        #expect(try talk.publish(["n7": "8"]).count == PubSubLimits.scannedTermsMaximum / 50)
    }

    @Test func forgetsTheOldestItemsOfASubscription() throws {
        var talk = try SelectionConversation("many")
        _ = talk.talk.service.update("many") { $0.configuration.itemsMaximum = .max }
        try talk.subscribe("a@example.org", "many") { $0.minimumIntervalMilliseconds = 1_000 }
        for index in 0..<(PubSubLimits.itemsKnownMaximum + 10) {
            _ = try talk.publish(id: "\(index)", node: "many")
        }
        #expect(talk.talk.service.selections.count == PubSubLimits.itemsKnownMaximum)
        // The oldest is told again before its interval is over, the newest is not.
        #expect(try talk.publish(id: "0", node: "many").count == 1)
        let newest = "\(PubSubLimits.itemsKnownMaximum + 9)"
        #expect(try talk.publish(id: newest, node: "many").isEmpty)
    }
}
