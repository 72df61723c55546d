import Testing
import XMPP

@testable import Modules

// XEP-0060 §16.4.4, XEP-0248 §12.2.2: what a node can be set to.
@Suite struct NodeFieldTests {
    /// The registries, in their order.
    private static let registered = [
        "access_model", "body_xslt", "contact", "dataform_xslt", "deliver_notifications",
        "deliver_payloads", "description", "item_expire", "itemreply", "language", "max_items",
        "max_payload_size", "node_type", "notification_type", "notify_config", "notify_delete",
        "notify_retract", "notify_sub", "persist_items", "presence_based_delivery",
        "publish_model", "publish_node_full", "purge_offline", "roster_groups_allowed",
        "send_last_published_item", "tempsub", "subscribe", "title", "type",
    ]
    private static let ofCollections = [
        "collection", "children", "children_association_policy",
        "children_association_whitelist", "children_max",
    ]

    @Test func knowsEveryRegisteredField() {
        let known = Set(NodeConfiguration.table.fields.map(\.name))
        let registered = Set((Self.registered + Self.ofCollections).map { "pubsub#" + $0 })
        #expect(known == registered.union([NodeConfiguration.bytesField]))
        #expect(Self.registered.count == 29)
        #expect(NodeConfiguration.table.fields.count == known.count)
    }

    @Test(arguments: [
        ("access_model", ["authorize", "open", "presence", "roster", "whitelist"]),
        ("publish_model", ["publishers", "subscribers", "open"]),
        ("publish_node_full", ["retract-oldest", "discard-oldest", "reject"]),
        ("send_last_published_item", ["never", "on_sub", "on_sub_and_presence"]),
        ("notification_type", ["normal", "headline"]),
        ("itemreply", ["owner", "publisher", "none"]),
        ("node_type", ["leaf", "collection"]),
        ("children_association_policy", ["all", "owners", "whitelist"]),
    ])
    func offersTheRegisteredChoices(_ field: String, _ options: [String]) {
        let field = NodeConfiguration.table["pubsub#" + field]
        #expect(field?.options == options)
        #expect(field?.type == .listSingle)
    }

    // XEP-0163 §6, XEP-0060 §4.3, §7.1.2.5
    @Test(arguments: [
        ("access_model", "presence", "open"), ("publish_model", "publishers", "publishers"),
        ("send_last_published_item", "on_sub_and_presence", "on_sub_and_presence"),
        ("deliver_payloads", "1", "1"), ("deliver_notifications", "1", "1"),
        ("publish_node_full", "retract-oldest", "retract-oldest"), ("node_type", "leaf", "leaf"),
        ("max_items", "1", "20"), ("item_expire", "max", "max"), ("subscribe", "1", "1"),
        ("tempsub", "0", "0"), ("purge_offline", "0", "0"), ("notify_sub", "0", "0"),
        ("notify_config", "0", "0"), ("presence_based_delivery", "0", "0"),
        ("itemreply", "publisher", "publisher"), ("persist_items", "1", "1"),
    ])
    func hasSensibleDefaults(_ field: String, _ account: String, _ service: String) {
        let field = NodeConfiguration.table["pubsub#" + field]
        #expect(field?.read(.pep) == [account])
        #expect(field?.read(.shared) == [service])
    }

    private static let good: [(String, [String])] = [
        ("item_expire", ["1"]), ("item_expire", ["315576000"]), ("item_expire", ["max"]),
        ("max_items", ["0"]), ("max_items", ["10000000"]), ("max_items", ["max"]),
        ("children_max", ["1000"]), ("children_max", ["max"]),
        ("contact", ["a@example.org", "b@example.org"]), ("contact", []),
        ("collection", [""]), ("children", ["a", "b"]), ("body_xslt", ["https://x.example/a"]),
        ("children_association_policy", ["all"]), ("dataform_xslt", [""]), ("language", ["de"]),
        ("roster_groups_allowed", ["Friends"]),
        ("children_association_whitelist", ["a@example.org"]),
    ]

    // What is taken is kept through the store and through the form.
    @Test(arguments: good) func keepsWhatItTakes(_ name: String, _ values: [String]) throws {
        let field = try #require(NodeConfiguration.table["pubsub#" + name])
        var configuration = NodeConfiguration.pep
        #expect(field.write(&configuration, values))
        #expect(field.read(configuration) == values)
        let stored = configuration.differences(from: .pep)
        #expect(NodeConfiguration(stored, defaults: .pep) == configuration)
    }

    @Test(arguments: [
        ("item_expire", ["0"]), ("item_expire", ["315576001"]), ("item_expire", ["-1"]),
        ("item_expire", ["soon"]), ("item_expire", []), ("max_items", ["10000001"]),
        ("max_items", ["-1"]), ("max_items", ["max", "1"]), ("children_max", ["1001"]),
        ("contact", ["not a@@jid"]), ("children_association_whitelist", ["@"]),
        ("children_association_policy", ["some"]), ("itemreply", ["owner", "publisher"]),
        ("itemreply", ["room"]), ("publish_node_full", ["drop"]), ("node_type", ["root"]),
        ("subscribe", ["maybe"]), ("max_payload_size", ["0"]), ("title", ["a", "b"]),
        ("title", [String(repeating: "a", count: PubSubLimits.configurationTextBytesMaximum + 1)]),
        ("children", (0...PubSubLimits.childrenMaximum).map(String.init)),
        (
            "roster_groups_allowed",
            (0...PubSubLimits.configurationValuesMaximum).map(String.init)
        ),
    ])
    func refusesWhatMakesNoSense(_ name: String, _ values: [String]) throws {
        let field = try #require(NodeConfiguration.table["pubsub#" + name])
        var configuration = NodeConfiguration.pep
        #expect(!field.write(&configuration, values))
        #expect(configuration == .pep)
    }

    // XEP-0248 §7.2.1, whose registry says "owners".
    @Test func takesThePolicyInBothItsSpellings() throws {
        let field = try #require(NodeConfiguration.table["pubsub#children_association_policy"])
        var configuration = NodeConfiguration.pep
        configuration.childrenPolicy = .all
        #expect(field.write(&configuration, ["owner"]))
        #expect(field.read(configuration) == ["owners"])
    }

    // XEP-0248 §7.2.1: a leaf's form does not ask about children, a collection's not about items.
    @Test func asksEachTypeOfNodeWhatItCanBe() {
        var configuration = NodeConfiguration.pep
        #expect(configuration.form(.form)["pubsub#children_max"] == nil)
        #expect(configuration.form(.form)["pubsub#max_items"] == ["1"])
        #expect(configuration.form(.form)["pubsub#collection"] != nil)
        configuration = configuration.asCollection()
        #expect(configuration.form(.form)["pubsub#children_max"] == ["max"])
        #expect(configuration.form(.form)["pubsub#max_items"] == nil)
        #expect(configuration.form(.form)["pubsub#node_type"] == ["collection"])
    }
}
