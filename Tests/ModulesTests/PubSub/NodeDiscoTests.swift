import Testing
import XMPP

@testable import Modules

// XEP-0060 §5.2 to §5.5, XEP-0248 §5.2: what there is to find out about nodes.
@Suite struct NodeDiscoTests {
    private static let romeo = NodesConversation.romeo
    private static let stranger = "stranger@example.com/x"

    // MARK: Nodes (§5.2)

    @Test func aServiceListsItsNodesByName() throws {
        var talk = NodesConversation.ofUsers()
        try talk.make("news", ["title": ["News and announcements"]])
        try talk.make("blogs")
        let items = try talk.service.discoItems(
            node: nil,
            for: JID(Self.romeo),
            relation: Relation()
        )
        #expect(items.node == nil)
        #expect(items.items.map(\.node) == ["blogs", "news"])
        #expect(items.items.map(\.name) == [nil, "News and announcements"])
        #expect(items.items.allSatisfy { $0.jid == NodesConversation.owner })
        #expect(try talk.listed("") == ["blogs", "news"])
    }

    @Test func nodesAreHiddenFromWhoMayNotHaveThem() throws {
        var talk = NodesConversation.ofUsers()
        for model in ["open", "authorize", "whitelist"] {
            try talk.make(model, ["access_model": [model]])
        }
        #expect(try talk.listed(for: Self.stranger) == ["open"])
        #expect(try talk.listed() == ["authorize", "open", "whitelist"])
        #expect(throws: (any Error).self) { try talk.info("whitelist", for: Self.stranger) }
        // Who only publishes knows the node, and none of its items.
        let affiliation = "<affiliation jid='stranger@example.com' affiliation='publish-only'/>"
        _ = try talk.set(
            "#<affiliations node='whitelist'>\(affiliation)</affiliations>",
            from: Self.romeo
        )
        #expect(try talk.listed(for: Self.stranger) == ["open", "whitelist"])
        #expect(try talk.info("whitelist", for: Self.stranger).identities.first?.type == "leaf")
        #expect(throws: (any Error).self) { try talk.listed("whitelist", for: Self.stranger) }
    }

    // XEP-0248 §5.2
    @Test func aHierarchyIsWalkedFromTheRoot() throws {
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("site")
        try talk.makeCollection("rack", ["collection": ["site"]])
        try talk.make("host", ["collection": ["rack"]])
        try talk.make("both", ["collection": ["", "site"]])
        try talk.make("secret", ["collection": ["site"], "access_model": ["whitelist"]])
        #expect(try talk.listed() == ["both", "site"])
        #expect(try talk.listed("site") == ["both", "rack", "secret"])
        #expect(try talk.listed("site", for: Self.stranger) == ["both", "rack"])
        #expect(try talk.listed("rack") == ["host"])
    }

    // MARK: Items (§5.5)

    @Test func aLeafListsItsItemsById() throws {
        var talk = NodesConversation.ofUsers()
        try talk.make("n", ["max_items": ["10"]])
        for id in ["b", "a", "c"] { _ = try talk.publish("n", id, from: Self.romeo) }
        #expect(try talk.listed("n") == ["item b", "item a", "item c"])
        let items = try talk.service.discoItems(
            node: "n",
            for: JID(Self.romeo),
            relation: Relation()
        )
        #expect(items.items.allSatisfy { $0.node == nil })
        #expect(items.node == "n")
    }

    @Test func aNodeThatIsNotThereHasNothing() throws {
        let talk = NodesConversation.ofUsers()
        #expect(throws: (any Error).self) { try talk.listed("none") }
        #expect(throws: (any Error).self) { try talk.info("none") }
    }

    // MARK: What a node is (§5.3, §5.4)

    @Test func aNodeIsALeafOrACollection() throws {
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("site")
        try talk.make("a")
        #expect(try talk.info("site").identities.map(\.type) == ["collection"])
        #expect(try talk.info("a").identities.map(\.type) == ["leaf"])
        #expect(try talk.info("a").identities.map(\.category) == ["pubsub"])
    }

    // §5.4, §16.4.3: all registered fields, with what they are set to and what the service knows.
    @Test func metaDataIsWhole() throws {
        var talk = NodesConversation.ofUsers()
        try talk.make(
            "n",
            [
                "title": ["Musings"], "description": ["Princely"], "language": ["en"],
                "contact": ["bard@example.org"], "type": ["urn:a"], "access_model": ["open"],
                "publish_model": ["open"], "max_items": ["120"],
            ]
        )
        let changes =
            "<affiliation jid='ghost@example.org' affiliation='publisher'/>"
            + "<affiliation jid='queen@example.org' affiliation='owner'/>"
        _ = try talk.set("#<affiliations node='n'>\(changes)</affiliations>", from: Self.romeo)
        for jid in ["juliet@example.org/a", "juliet@example.org/b", "paris@example.org/c"] {
            _ = try talk.set("<subscribe node='n' jid='\(jid)'/>", from: jid)
        }
        let form = try #require(try talk.info("n").forms.first.flatMap(DataForm.init))
        #expect(form.kind == .result)
        #expect(form.formType == "http://jabber.org/protocol/pubsub#meta-data")
        let expected = [
            "contact": ["bard@example.org"], "creation_date": ["2023-11-14T22:13:20.000Z"],
            "creator": ["romeo@example.org"], "description": ["Princely"], "language": ["en"],
            "access_model": ["open"], "publish_model": ["open"], "num_subscribers": ["2"],
            "owner": ["queen@example.org", "romeo@example.org"],
            "publisher": ["ghost@example.org"], "title": ["Musings"], "type": ["urn:a"],
            "max_items": ["120"],
        ]
        for (name, values) in expected { #expect(form["pubsub#" + name] == values, "\(name)") }
        #expect(form.answers.count == expected.count)
    }

    // pubsub.md §1.9, 19: `max` is shown as it was set.
    @Test func metaDataSaysMax() throws {
        var talk = NodesConversation.ofUsers()
        try talk.make("n", ["max_items": ["max"]])
        let form = try talk.info("n").forms.first.flatMap(DataForm.init)
        #expect(form?["pubsub#max_items"] == ["max"])
        #expect(try talk.field("max_items", of: "n") == ["max"])
        #expect(PubSubFeatures.of(.shared).contains(Namespace.pubsub + "#config-node-max"))
    }

    @Test func anAccountsNodesAreItsOwn() throws {
        var talk = NodesConversation()
        _ = try talk.publish("n", "1")
        let form = try talk.info("n", for: NodesConversation.agent).forms.first
            .flatMap(DataForm.init)
        #expect(form?["pubsub#owner"] == [NodesConversation.owner.description])
        #expect(form?["pubsub#publisher"] == [])
    }

    @Test func whoMadeANodeIsKept() throws {
        var talk = NodesConversation.ofUsers()
        var row: [String: [String]] = [:]
        for case .saveNode(_, _, let configuration) in try talk.make("n").changes {
            row = configuration
        }
        let record = NodeRecord(owner: NodesConversation.owner, node: "n", configuration: row)
        let restarted = NodesConversation.ofUsers(nodes: [record])
        let origin = restarted.service.nodes["n"]?.origin
        #expect(origin == talk.service.nodes["n"]?.origin)
        #expect(origin?.creator == (try JID(Self.romeo).bare))
        // A node from before there was such a thing, and a row that can't be read.
        #expect(NodeOrigin([:]) == nil)
        #expect(NodeOrigin(["creation": ["yesterday"], "creator": ["romeo@example.org"]]) == nil)
    }

    @Test func metaDataNamesSoManyAddressesAndNoMore() throws {
        var node = Node("n", NodeConfiguration())
        let maximum = PubSubLimits.metaDataAddressesMaximum
        for number in 0...maximum {
            node.affiliations[try JID("p\(number)@example.org")] = .publisher
            let named = node.metaData(owner: NodesConversation.owner)["pubsub#publisher"]
            #expect(named?.count == min(number + 1, maximum))
        }
    }

    // MARK: Types (XEP-0462 §4.2)

    private func filter(_ fields: [String: [String]]) throws -> TypeFilter? {
        let answers = fields.sorted { $0.key < $1.key }.map { name, values in
            "<field var='\(name)'>"
                + values.map { "<value>\($0)</value>" }.joined() + "</field>"
        }
        let markup =
            "<query xmlns='http://jabber.org/protocol/disco#items'>"
            + "<filter xmlns='urn:xmpp:pubsub-filter:0'>"
            + "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
            + "<value>urn:xmpp:pubsub-filter:0</value></field>\(answers.joined())</x>"
            + "</filter></query>"
        return try TypeFilter(in: Element(parsing: Array(markup.utf8)))
    }

    @Test func typesAreIncludedOrExcluded() throws {
        var talk = NodesConversation.ofUsers()
        try talk.make("a", ["type": ["urn:a"]])
        try talk.make("b", ["type": ["urn:b"]])
        try talk.make("none")
        let cases: [([String: [String]], [String])] = [
            (["included-types": ["urn:a"]], ["a"]),
            (["included-types": ["urn:a", ""]], ["a", "none"]),
            (["excluded-types": ["urn:a"]], ["b", "none"]),
            (["excluded-types": ["", "urn:b"]], ["a"]),
            (["included-types": []], []),
            ([:], ["a", "b", "none"]),
        ]
        for (fields, names) in cases {
            let items = try talk.service.discoItems(
                node: nil,
                filter: try filter(fields),
                for: JID(Self.romeo),
                relation: Relation()
            )
            #expect(items.items.map(\.node) == names)
        }
        #expect(PubSubFeatures.of(.personal).contains("urn:xmpp:pubsub-filter:0"))
    }

    @Test func aFilterThatMakesNoSenseIsRefused() throws {
        #expect(throws: StanzaError(.badRequest, text: "types are either included or excluded")) {
            try filter(["included-types": ["urn:a"], "excluded-types": ["urn:b"]])
        }
        for content in ["", "<x xmlns='jabber:x:data' type='submit'/>"] {
            let markup =
                "<query xmlns='http://jabber.org/protocol/disco#items'>"
                + "<filter xmlns='urn:xmpp:pubsub-filter:0'>\(content)</filter></query>"
            #expect(throws: StanzaError.self) {
                try TypeFilter(in: Element(parsing: Array(markup.utf8)))
            }
        }
        let plain = Element("query", Namespace.discoItems)
        #expect(try TypeFilter(in: plain) == nil)
    }
}
