import Testing
import XMPP

@testable import Modules

// XEP-0060 §7.1.2.5, §7.1.3.4: what becomes of an item that is published on a full node.
@Suite struct FullNodeTests {
    private static let viewer = "v@example.org/top"

    private func full(_ fields: [String: String]) throws -> NodesConversation {
        var talk = NodesConversation()
        _ = try talk.create("n", ["max_items": "2"].merging(fields) { $1 })
        _ = try talk.publish("n", "1")
        _ = try talk.publish("n", "2")
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        return talk
    }

    @Test func retractsTheOldestUnlessToldOtherwise() throws {
        var talk = try full([:])
        let outcome = try talk.publish("n", "3")
        #expect(outcome.told == ["\(Self.viewer): n item 3", "\(Self.viewer): n retract 1"])
        #expect(try talk.items(of: "n") == ["2", "3"])
    }

    // §7.1.2.5: "depending on node configuration".
    @Test func retractsSilentlyWhereRetractsAreNotTold() throws {
        var talk = try full(["notify_retract": "0"])
        #expect(try talk.publish("n", "3").told == ["\(Self.viewer): n item 3"])
        #expect(try talk.items(of: "n") == ["2", "3"])
    }

    @Test func discardsTheOldestSilently() throws {
        var talk = try full(["publish_node_full": "discard-oldest"])
        #expect(try talk.publish("n", "3").told == ["\(Self.viewer): n item 3"])
        #expect(try talk.items(of: "n") == ["2", "3"])
    }

    @Test func rejectsWhatDoesNotFit() throws {
        var talk = try full(["publish_node_full": "reject"])
        let outcome = try talk.publish("n", "3")
        #expect(outcome.error == "cancel conflict node-full")
        #expect(outcome.changes.isEmpty && outcome.told.isEmpty)
        #expect(try talk.publish("n").error == "cancel conflict node-full")
        #expect(try talk.items(of: "n") == ["1", "2"])
        // §7.1.3: an item of an id that is there already MUST NOT fail.
        #expect(try talk.publish("n", "1").error == nil)
        #expect(try talk.items(of: "n") == ["2", "1"])
        _ = try talk.set("<retract node='n'><item id='2'/></retract>")
        #expect(try talk.publish("n", "3").error == nil)
    }

    // The one item of a node is replaced; who shows it would take its retract for an end.
    @Test func replacesTheOnlyItemWithoutARetract() throws {
        var talk = NodesConversation()
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        _ = try talk.publish("n", "1")
        #expect(try talk.publish("n", "2").told == ["\(Self.viewer): n item 2"])
        #expect(try talk.items(of: "n") == ["2"])
    }

    // §16.4.4: as many as the service allows.
    @Test func keepsAsManyAsTheServiceAllowsForMax() throws {
        var limits = PubSubLimits()
        limits.items = 3
        var talk = NodesConversation(limits: limits)
        _ = try talk.create("n", ["max_items": "max"])
        _ = try talk.create("m", ["max_items": "100"])
        for node in ["n", "m"] {
            for id in 1...4 { _ = try talk.publish(node, String(id)) }
            #expect(try talk.items(of: node) == ["2", "3", "4"])
        }
    }

    @Test func tellsOfItemsThatItIsToKeepNone() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["max_items": "0"])
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        let outcome = try talk.publish("n", "1")
        #expect(outcome.told == ["\(Self.viewer): n item 1"])
        #expect(outcome.changes.isEmpty)
        #expect(try talk.items(of: "n").isEmpty)
    }

    // A new limit takes the oldest out, and tells of them as of any item that is removed.
    @Test func tellsOfItemsThatANewLimitTakesOut() throws {
        var talk = try full(["max_items": "5"])
        _ = try talk.publish("n", "3")
        let outcome = try talk.configure("n", ["max_items": "1"])
        #expect(outcome.removedItems == [["1", "2"]])
        #expect(outcome.told == ["\(Self.viewer): n retract 1", "\(Self.viewer): n retract 2"])
        #expect(
            try talk.configure("n", ["persist_items": "0"]).told == ["\(Self.viewer): n purge"]
        )
    }
}
