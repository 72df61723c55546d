import Testing
import XMPP

@testable import Modules

/// Names with wildcards on the service where users make nodes.
@Suite struct ServicePatternTests {
    private let viewer = "viewer@example.org/top"

    @Test func coversNodesThatAreMadeLater() throws {
        var talk = NodesConversation.ofService()
        #expect(try talk.subscribe(viewer, "site/*/load").error == nil)
        _ = try talk.create("site/a/load")
        _ = try talk.create("site/a/other")
        _ = try talk.publish("site/a/load", "1")
        #expect(
            try talk.publish("site/a/load", "2").told == [
                "viewer@example.org: site/a/load item 2"
            ]
        )
        #expect(try talk.publish("site/a/other", "1").told == [])
    }

    @Test(arguments: ["#", "*", "a/*", "a/#", "*/b"])
    func makesNoNodeOfSuchAName(_ name: String) throws {
        var talk = NodesConversation.ofService()
        #expect(try talk.create(name).error == "modify not-acceptable")
        #expect(try talk.publish(name, "1").error == "modify not-acceptable")
    }

    // What lets in to a pattern need not let in to a node.
    @Test func tellsOnlyWhoMayHaveTheNode() throws {
        var talk = NodesConversation.ofService()
        _ = try talk.subscribe(viewer, "#")
        _ = try talk.create("closed", ["access_model": "whitelist"])
        #expect(try talk.publish("closed", "1").told == [])
        _ = try talk.affiliate("viewer@example.org", "closed", "member")
        #expect(
            try talk.publish("closed", "2").told == ["viewer@example.org: closed item 2"]
        )
    }

    @Test func tellsNoOutcast() throws {
        var talk = NodesConversation.ofService()
        _ = try talk.subscribe(viewer, "#")
        _ = try talk.create("open")
        #expect(try talk.publish("open", "1").told == ["viewer@example.org: open item 1"])
        _ = try talk.affiliate("viewer@example.org", "open", "outcast")
        #expect(try talk.publish("open", "2").told == [])
    }

    @Test func beginsWithTheLastItems() throws {
        var talk = NodesConversation.ofService()
        for node in ["a/x", "a/y", "b"] {
            _ = try talk.create(node)
            for id in ["1", "2"] { _ = try talk.publish(node, id) }
        }
        #expect(
            try talk.subscribe(viewer, "a/#").told == [
                "viewer@example.org: a/x item 2 late", "viewer@example.org: a/y item 2 late",
            ]
        )
    }

    @Test func findsPatternsWithoutLookingAtOthers() {
        var table = PatternTable()
        for name in ["#", "a/*", "a/#", "*/b", "a/b/#", "x/#"] {
            table[name] = Node(name, NodeConfiguration(), pattern: NodePattern(name))
        }
        #expect(Set(table.covering("a/b").map(\.name)) == ["#", "a/*", "a/#", "*/b"])
        #expect(Set(table.covering("a/b/c").map(\.name)) == ["#", "a/#", "a/b/#"])
        #expect(table.covering("x").map(\.name) == ["#"])
        table["#"] = nil
        table["a/#"] = nil
        #expect(table.covering("a/b/c").map(\.name) == ["a/b/#"])
        for name in ["a/*", "*/b", "a/b/#", "x/#"] { table[name] = nil }
        #expect(table.isEmpty)
        #expect(table.covering("a/b").isEmpty)
    }
}
