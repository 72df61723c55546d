import Testing
import XMPP

@testable import Modules

// XEP-0060 §7.1.5
@Suite struct PublishOptionsTests {
    @Test func makesTheNodeAsTheOptionsSay() throws {
        var talk = NodesConversation()
        let outcome = try talk.publish(
            "n",
            "1",
            options: ["access_model": "whitelist", "max_items": "max"]
        )
        #expect(
            outcome.changes.first
                == .saveNode(
                    owner: NodesConversation.owner,
                    node: "n",
                    configuration: [
                        "pubsub#access_model": ["whitelist"], "pubsub#max_items": ["max"],
                    ].merging(talk.origin) { $1 }
                )
        )
        _ = try talk.publish("n", "2")
        #expect(try talk.items(of: "n") == ["1", "2"])
    }

    @Test func publishesWhereEachPreconditionIsMet() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open", "persist_items": "1"])
        let outcome = try talk.publish(
            "n",
            options: ["access_model": "open", "persist_items": "true"]
        )
        #expect(outcome.error == nil)
    }

    @Test(arguments: [
        ["access_model": "open"], ["access_model": "nonsense"], ["max_items": "7"],
        ["unknown": "1"], ["access_model": "presence", "{urn:x}own": "1"],
    ])
    func refusesWhereOnePreconditionIsNotMet(_ options: [String: String]) throws {
        var talk = NodesConversation()
        _ = try talk.create("n")
        let outcome = try talk.publish("n", "1", options: options)
        #expect(outcome.error == "cancel conflict precondition-not-met")
        #expect(outcome.changes.isEmpty)
        #expect(try talk.get("<items node='n'/>").items.isEmpty)
    }

    // Unknown fields reject the publish, also where there is no node yet.
    @Test func refusesAnUnknownOptionOfANodeThatIsToBeMade() throws {
        var talk = NodesConversation()
        let outcome = try talk.publish("n", "1", options: ["unknown": "1"])
        #expect(outcome.error == "modify not-acceptable invalid-options")
        #expect(talk.service.counts == (0, 0))
    }

    @Test func refusesOptionsThatAreAnotherForm() throws {
        var talk = NodesConversation()
        let form =
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
            + "<value>http://jabber.org/protocol/pubsub#publish-option</value></field></x>"
        let outcome = try talk.set(
            "<publish-options>\(form)</publish-options>"
                + "<publish node='n'><item><a xmlns='urn:a'/></item></publish>"
        )
        #expect(outcome.error == "modify bad-request")
    }
}

// XEP-0222, XEP-0223: private and public data kept on nodes.
@Suite struct StorageOptionsTests {
    private static let closed = [
        "persist_items": "true", "access_model": "whitelist", "max_items": "max",
        "send_last_published_item": "never",
    ]

    // XEP-0223 §3: the first publish makes the node so, and later ones find it so.
    @Test func keepsPrivateDataFromOthers() throws {
        var talk = NodesConversation()
        talk.relations[try JID("v@example.org")] = Relation(presenceAuthorized: true)
        _ = try talk.arrive("v@example.org/top", wanting: ["urn:xmpp:bookmarks:1"])
        for id in ["a@rooms.example", "b@rooms.example"] {
            let outcome = try talk.publish("urn:xmpp:bookmarks:1", id, options: Self.closed)
            #expect(outcome.error == nil)
            #expect(outcome.told.isEmpty)
        }
        #expect(
            try talk.items(of: "urn:xmpp:bookmarks:1") == ["a@rooms.example", "b@rooms.example"]
        )
        #expect(
            try talk.get("<items node='urn:xmpp:bookmarks:1'/>", from: "v@example.org/top").error
                == "cancel not-allowed closed-node"
        )
    }

    // XEP-0223 §3: a node that is open to more than the data may be is not published to.
    @Test func keepsPrivateDataOffAnOpenNode() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"])
        #expect(
            try talk.publish("n", "1", options: Self.closed).error
                == "cancel conflict precondition-not-met"
        )
    }

    // XEP-0222 §3
    @Test func keepsPublicDataForContacts() throws {
        var talk = NodesConversation()
        _ = try talk.arrive("v@example.org/top", wanting: ["n"])
        let options = ["persist_items": "1", "access_model": "presence"]
        #expect(
            try talk.publish("n", "1", options: options).told == ["v@example.org/top: n item 1"]
        )
        #expect(try talk.get("<items node='n'/>", from: "v@example.org/top").items == ["1"])
    }

    // XEP-0060 §7.1.5: each field of a node is a precondition, met or not.
    @Test func checksEveryFieldOfTheNode() throws {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n")
        let configuration = try #require(talk.service.nodes["n"]?.configuration)
        let other: [String: [String]] = [
            "pubsub#node_type": ["collection"], "pubsub#access_model": ["whitelist"],
            "pubsub#publish_model": ["open"], "pubsub#publish_node_full": ["reject"],
            "pubsub#send_last_published_item": ["never"], "pubsub#notification_type": ["normal"],
            "pubsub#itemreply": ["none"], "pubsub#children_association_policy": ["all"],
            "pubsub#max_items": ["3"], "pubsub#item_expire": ["3"], "pubsub#children_max": ["3"],
            "pubsub#max_payload_size": ["3"], "pubsub#contact": ["a@example.org"],
            "pubsub#children_association_whitelist": ["a@example.org"],
        ]
        for field in NodeConfiguration.table.fields {
            let values = field.read(configuration)
            var form = DataForm(.submit, formType: nil)
            form.fields = [.init(field.name, values: values)]
            #expect(configuration.unmet(form) == nil, "\(field.name)")
            let flipped = values == ["1"] ? ["0"] : ["1"]
            form.fields = [.init(field.name, values: other[field.name] ?? flipped)]
            #expect(configuration.unmet(form) == field.name, "\(field.name)")
        }
    }
}
