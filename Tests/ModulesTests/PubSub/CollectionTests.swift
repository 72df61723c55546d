import Testing
import XMPP

@testable import Modules

// XEP-0248 §7: making collections, putting nodes into them and taking them out.
@Suite struct CollectionTests {
    private static let badOptions = "cancel not-allowed invalid-options"

    // §7.1
    @Test func aFormMakesACollection() throws {
        var talk = NodesConversation.ofUsers()
        #expect(try talk.makeCollection("site").error == nil)
        #expect(try talk.field("node_type", of: "site") == ["collection"])
        #expect(try talk.field("children", of: "site") == [])
        // §8.1: in the root, and the form says so.
        #expect(try talk.field("collection", of: "site") == [""])
        #expect(try talk.field("collection", of: talk.makeLeaf("leaf")) == [""])
    }

    // §7.2, §8.3: a child's collections and a collection's children are the same fact.
    @Test func bothSidesSayWhatIsWhere() throws {
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("site")
        try talk.makeCollection("team")
        try talk.make("a", ["collection": ["site"]])
        #expect(try talk.field("children", of: "site") == ["a"])
        try talk.make("b")
        #expect(try talk.setUp("site", ["children": ["a", "b"]]).error == nil)
        #expect(try talk.field("collection", of: "b") == ["site"])
        // §5.1 multi-collections
        #expect(try talk.setUp("b", ["collection": ["site", "team"]]).error == nil)
        #expect(try talk.field("collection", of: "b") == ["site", "team"])
        #expect(try talk.setUp("site", ["children": []]).error == nil)
        #expect(try talk.field("collection", of: "a") == [""])
        #expect(try talk.field("collection", of: "b") == ["team"])
        // What the form does not name stays.
        #expect(try talk.setUp("team", ["title": ["Team"]]).error == nil)
        #expect(try talk.field("children", of: "team") == ["b"])
    }

    @Test func aCollectionIsMadeWithItsChildren() throws {
        var talk = NodesConversation.ofUsers()
        try talk.make("a")
        let outcome = try talk.makeCollection("site", ["children": ["a"]])
        #expect(outcome.error == nil)
        #expect(try talk.field("collection", of: "a") == ["site"])
        #expect(
            try talk.makeCollection("x", ["children": ["none"]]).error == "cancel item-not-found"
        )
        #expect(talk.service.nodes["x"] == nil)
    }

    // §7.5, §7.6
    @Test func anOwnerAssociatesAndDissociates() throws {
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("site")
        try talk.make("a")
        #expect(try talk.associate("a", "site").error == nil)
        #expect(try talk.field("children", of: "site") == ["a"])
        #expect(try talk.associate("a", "").error == nil)
        #expect(try talk.field("collection", of: "a") == ["", "site"])
        #expect(try talk.associate("a", "", "dissociate").error == nil)
        #expect(try talk.associate("a", "site", "dissociate").error == nil)
        #expect(try talk.field("collection", of: "a") == [""])
        // §7.6.3.1
        #expect(try talk.associate("a", "site", "dissociate").error == "modify bad-request")
        // The root takes what is in no other collection.
        #expect(try talk.associate("a", "", "dissociate").error == Self.badOptions)
        #expect(try talk.associate("a", "site", "marry").error == "modify bad-request")
        #expect(try talk.associate("a", "nowhere").error == "cancel item-not-found")
        #expect(try talk.associate("nobody", "site").error == "cancel item-not-found")
        #expect(
            try talk.set("#<collection node='site'/>", from: NodesConversation.romeo).error
                == "modify bad-request nodeid-required"
        )
    }

    // MARK: What is refused (§7.2.3)

    // §7.2.3.1
    @Test func aLeafHasNoChildren() throws {
        var talk = NodesConversation.ofUsers()
        try talk.make("a")
        try talk.make("b")
        #expect(try talk.setUp("a", ["children": ["b"]]).error == Self.badOptions)
        #expect(try talk.setUp("a", ["collection": ["b"]]).error == Self.badOptions)
        #expect(try talk.associate("a", "b").error == Self.badOptions)
        #expect(try talk.make("c", ["collection": ["b"]]).error == Self.badOptions)
        #expect(talk.service.nodes["c"] == nil)
        #expect(talk.service.collections == CollectionGraph())
    }

    // §7.2.3.2
    @Test func thePolicySaysWhoAddsChildren() throws {
        let juliet = NodesConversation.juliet
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("owners")
        try talk.makeCollection("all", ["children_association_policy": ["all"]])
        let whitelist = ["juliet@example.org"]
        try talk.makeCollection(
            "listed",
            [
                "children_association_policy": ["whitelist"],
                "children_association_whitelist": whitelist,
            ]
        )
        try talk.make("hers", from: juliet)
        #expect(try talk.associate("hers", "owners", from: juliet).error == "auth forbidden")
        #expect(try talk.associate("hers", "all", from: juliet).error == nil)
        #expect(try talk.associate("hers", "listed", from: juliet).error == nil)
        #expect(
            try talk.make("more", ["collection": ["owners"]], from: juliet).error
                == "auth forbidden"
        )
        let paris = "paris@example.org/x"
        try talk.make("his", from: paris)
        #expect(try talk.associate("his", "listed", from: paris).error == "auth forbidden")
        // An outcast of the collection is not anyone.
        let outcast = "<affiliation jid='paris@example.org' affiliation='outcast'/>"
        _ = try talk.set(
            "#<affiliations node='all'>\(outcast)</affiliations>",
            from: NodesConversation.romeo
        )
        #expect(try talk.associate("his", "all", from: paris).error == "auth forbidden")
    }

    // The node's configuration changes as well as the collection's.
    @Test func nobodyTakesInTheNodesOfOthers() throws {
        let (romeo, juliet) = (NodesConversation.romeo, NodesConversation.juliet)
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("site", ["children_association_policy": ["all"]])
        try talk.make("hers", from: juliet)
        #expect(try talk.associate("hers", "site", from: romeo).error == "auth forbidden")
        #expect(try talk.setUp("site", ["children": ["hers"]]).error == "auth forbidden")
        #expect(try talk.associate("hers", "site", from: juliet).error == nil)
        // Either owner may part them, nobody else.
        let paris = "paris@example.org/x"
        #expect(
            try talk.associate("hers", "site", "dissociate", from: paris).error == "auth forbidden"
        )
        #expect(try talk.associate("hers", "site", "dissociate", from: romeo).error == nil)
        #expect(try talk.field("collection", of: "hers", from: juliet) == [""])
    }

    // §7.5.3, §7.6.3: who may not change it does not learn either how it is.
    @Test func saysNothingOfWhatIsWhereToOthers() throws {
        let (juliet, paris) = (NodesConversation.juliet, "paris@example.org/x")
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("site")
        try talk.makeCollection("room", ["collection": ["site"]])
        try talk.make("a", ["collection": ["site"]])
        try talk.make("b")
        for what in ["associate", "dissociate", "disassociate"] {
            for parent in ["site", "room", ""] {
                for child in ["a", "b", "site", "room"] {
                    let outcome = try talk.associate(child, parent, what, from: paris)
                    #expect(outcome.error == "auth forbidden", "\(what) \(child) \(parent)")
                }
            }
        }
        // Nor does an owner of other nodes: “site” can't be below what is in it.
        try talk.makeCollection("hers", from: juliet)
        for children in [["site"], ["room"], ["a"], ["b"]] {
            let outcome = try talk.setUp("hers", ["children": children], from: juliet)
            #expect(outcome.error == "auth forbidden")
        }
        #expect(
            try talk.setUp("hers", ["children_association_policy": ["all"]], from: juliet).error
                == nil
        )
        #expect(try talk.associate("site", "hers").error == nil)
        #expect(
            try talk.setUp("hers", ["collection": ["room"]], from: juliet).error
                == "auth forbidden"
        )
    }

    // §7.2.3.3
    @Test func aCollectionTakesAsManyAsItSays() throws {
        let full = "cancel not-allowed max-nodes-exceeded"
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("site", ["children_max": ["2"]])
        try talk.make("a", ["collection": ["site"]])
        try talk.make("b", ["collection": ["site"]])
        #expect(try talk.make("c", ["collection": ["site"]]).error == full)
        try talk.make("c")
        #expect(try talk.associate("c", "site").error == full)
        #expect(try talk.setUp("site", ["children": ["a", "b", "c"]]).error == full)
        #expect(try talk.setUp("site", ["children": ["a", "c"]]).error == nil)
        // Nor does it shrink below what it has.
        #expect(try talk.setUp("site", ["children_max": ["1"]]).error == full)
        #expect(try talk.setUp("site", ["children_max": ["max"]]).error == nil)
        #expect(try talk.associate("b", "site").error == nil)
    }

    // §7.2.3.4
    @Test func aCollectionIsNoLeafAgain() throws {
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("site")
        #expect(try talk.setUp("site", ["node_type": ["leaf"]]).error == Self.badOptions)
    }

    // §7.2.4: its items go.
    @Test func aLeafBecomesACollection() throws {
        var talk = NodesConversation.ofUsers()
        try talk.make("a")
        _ = try talk.publish("a", "1", from: NodesConversation.romeo)
        let outcome = try talk.setUp("a", ["node_type": ["collection"]])
        #expect(outcome.error == nil)
        #expect(outcome.changes.contains(.purge(owner: NodesConversation.owner, node: "a")))
        #expect(talk.service.nodes["a"]?.items.isEmpty == true)
    }

    // §7.2.3.5
    @Test func nothingIsBelowItself() throws {
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("a")
        try talk.makeCollection("b", ["collection": ["a"]])
        try talk.makeCollection("c", ["collection": ["b"]])
        #expect(try talk.setUp("a", ["collection": ["c"]]).error == Self.badOptions)
        #expect(try talk.setUp("c", ["children": ["a"]]).error == Self.badOptions)
        #expect(try talk.associate("a", "c").error == Self.badOptions)
        #expect(try talk.associate("a", "a").error == Self.badOptions)
        // Turned round in one step, no cycle is there at the end.
        #expect(try talk.setUp("b", ["collection": [], "children": []]).error == nil)
        #expect(try talk.setUp("b", ["children": ["a"], "collection": ["c"]]).error == nil)
    }

    // §4.1: no deeper than the limit.
    @Test func collectionsAreSoDeepAndNoDeeper() throws {
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("0")
        for level in 1...CollectionGraph.levelsMaximum {
            let parent = ["collection": ["\(level - 1)"]]
            #expect(try talk.makeCollection("\(level)", parent).error == nil)
        }
        let last = ["collection": ["\(CollectionGraph.levelsMaximum)"]]
        #expect(try talk.make("leaf", last).error == Self.badOptions)
    }

    // XEP-0060 §7.1.3.2, §6.5.9.9, §7.2.3.5, §8.5.3.2: a collection has no items.
    @Test func aCollectionHasNoItems() throws {
        let romeo = NodesConversation.romeo
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("site")
        let unsupported = "cancel feature-not-implemented unsupported "
        #expect(try talk.publish("site", "1", from: romeo).error == unsupported + "publish")
        #expect(
            try talk.get("<items node='site'/>", from: romeo).error
                == unsupported + "retrieve-items"
        )
        #expect(
            try talk.set("<retract node='site'><item id='1'/></retract>", from: romeo).error
                == unsupported + "persistent-items"
        )
        #expect(
            try talk.set("#<purge node='site'/>", from: romeo).error
                == unsupported + "persistent-items"
        )
        let options = ["node_type": "collection"]
        #expect(
            try talk.publish("other", "1", options: options, from: romeo).error
                == unsupported + "publish"
        )
        #expect(talk.service.nodes["other"] == nil)
    }

    // MARK: The end (§7.4, §8.2)

    @Test func childrenOutliveTheirCollection() throws {
        let romeo = NodesConversation.romeo
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("site")
        try talk.makeCollection("team")
        try talk.make("a", ["collection": ["site"]])
        try talk.make("b", ["collection": ["site", "team"]])
        #expect(try talk.set("#<delete node='site'/>", from: romeo).error == nil)
        #expect(try talk.field("collection", of: "a") == [""])
        #expect(try talk.field("collection", of: "b") == ["team"])
        #expect(try talk.listed() == ["a", "team"])
    }

    // §7.4.3.1, §8.1
    @Test func nobodyManagesTheRoot() throws {
        let romeo = NodesConversation.romeo
        var talk = NodesConversation.ofUsers()
        #expect(try talk.set("#<delete node=''/>", from: romeo).error == "cancel not-allowed")
        #expect(
            try talk.get("#<configure node=''/>", from: romeo).error
                == "modify bad-request nodeid-required"
        )
    }

    // MARK: What is kept

    @Test func aRestartFindsCollectionsAsTheyWere() throws {
        var talk = NodesConversation.ofUsers()
        var rows: [String: [String: [String]]] = [:]
        func keep(_ outcome: NodesConversation.Outcome) {
            for case .saveNode(_, let node, let configuration) in outcome.changes {
                rows[node] = configuration
            }
        }
        keep(try talk.makeCollection("site"))
        keep(try talk.makeCollection("team"))
        keep(try talk.make("a"))
        keep(try talk.setUp("site", ["children": ["a"]]))
        keep(try talk.associate("a", "team"))
        #expect(rows["site"]?["pubsub#children"] == nil)
        // A row of a collection that is gone is passed over.
        rows["lost"] = ["pubsub#collection": ["gone"]]
        let records = rows.map {
            NodeRecord(owner: NodesConversation.owner, node: $0, configuration: $1)
        }
        let restarted = NodesConversation.ofUsers(nodes: records)
        #expect(restarted.service.collections == talk.service.collections)
        #expect(restarted.service.nodes["a"]?.configuration.collections == ["site", "team"])
        #expect(try restarted.listed("site", for: NodesConversation.agent) == ["a"])
    }
}

extension NodesConversation {
    fileprivate mutating func makeLeaf(_ name: String) throws -> String {
        try make(name)
        return name
    }
}
