import Testing
import XMPP

@testable import Modules

// XEP-0060 §8: the owner's requests.
@Suite struct NodeTests {
    private static let viewer = "v@example.org/top"

    @Test func makesANodeOnce() throws {
        var talk = NodesConversation()
        #expect(try talk.create("n").error == nil)
        #expect(try talk.create("n").error == "cancel conflict")
        #expect(
            try talk.set("<create node='m'/>", from: Self.viewer).error == "auth forbidden"
        )
    }

    @Test func namesAnInstantNode() throws {
        var talk = NodesConversation()
        let name = try talk.set("<create/>").reply?.payload?.child("create")?["node"]
        #expect(name?.isEmpty == false)
        #expect(try talk.publish(name ?? "", "1").error == nil)
    }

    @Test(arguments: [
        (["access_model": "nonsense"], "modify not-acceptable unsupported-access-model"),
        (["unknown": "1"], "modify not-acceptable invalid-options"),
        (["max_items": "-1"], "modify not-acceptable invalid-options"),
        (["max_items": "10000001"], "modify not-acceptable invalid-options"),
        (["max_items": "99999999999999999999"], "modify not-acceptable invalid-options"),
        (["persist_items": "yes"], "modify not-acceptable invalid-options"),
        (["max_payload_size": "65537"], "modify not-acceptable invalid-options"),
    ])
    func refusesAConfigurationThatMakesNoSense(
        _ fields: [String: String],
        _ error: String
    ) throws {
        var talk = NodesConversation()
        #expect(try talk.create("n", fields).error == error)
        #expect(talk.service.counts.nodes == 0)
        _ = try talk.create("n")
        #expect(try talk.configure("n", fields).error == error)
    }

    // XEP-0060 §8.2: what the form says can be sent back as it is.
    @Test func takesItsOwnFormBack() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["title": "A title", "max_items": "max"])
        let answer = try talk.get("#<configure node='n'/>")
        let x = try #require(
            answer.reply?.payload?.child("configure")?.child("x", Namespace.dataForms)
        )
        var form = try #require(DataForm(x))
        #expect(form["pubsub#title"] == ["A title"])
        #expect(form["pubsub#access_model"] == ["presence"])
        form.kind = .submit
        let submitted = String(decoding: form.element.serialized(), as: UTF8.self)
        #expect(try talk.set("#<configure node='n'>\(submitted)</configure>").error == nil)
        #expect(
            try talk.set(
                "#<configure node='n'><x xmlns='jabber:x:data' type='cancel'/></configure>"
            ).changes.isEmpty
        )
    }

    @Test(arguments: ["configure", "delete", "purge", "affiliations", "subscriptions"])
    func isManagedByItsOwnerAlone(_ request: String) throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"])
        let content = "#<\(request) node='n'/>"
        #expect(try talk.set(content, from: Self.viewer).error == "auth forbidden")
        #expect(try talk.set("#<\(request)/>").error == "modify bad-request nodeid-required")
        #expect(try talk.set("#<\(request) node='x'/>").error == "cancel item-not-found")
        _ = try talk.affiliate("v@example.org", "n", "owner")
        #expect(try talk.set(content, from: Self.viewer).error != "auth forbidden")
    }

    @Test func showsItsDefaults() throws {
        var talk = NodesConversation()
        let x = try #require(
            try talk.get("#<default/>").reply?.payload?.child("default")?
                .child("x", Namespace.dataForms)
        )
        #expect(DataForm(x)?["pubsub#access_model"] == ["presence"])
    }

    // XEP-0060 §8.2: items that are too many for the new configuration go.
    @Test func trimsItsItemsToANewLimit() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["max_items": "5"])
        for id in ["1", "2", "3"] { _ = try talk.publish("n", id) }
        #expect(
            try talk.configure("n", ["max_items": "2"]).changes.last
                == .removeItems(owner: NodesConversation.owner, node: "n", ["1"])
        )
        #expect(
            try talk.configure("n", ["persist_items": "0"]).changes.last
                == .purge(owner: NodesConversation.owner, node: "n")
        )
        #expect(talk.service.counts.items == 0)
    }

    @Test func tellsOfANewConfigurationWhereItIsToldTo() throws {
        var talk = NodesConversation()
        _ = try talk.create("n")
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        #expect(try talk.configure("n", ["title": "x"]).told.isEmpty)
        #expect(
            try talk.configure("n", ["notify_config": "1"]).told
                == ["\(Self.viewer): n configuration"]
        )
    }

    // Who is not there just now keeps what it subscribed to while it may have it.
    @Test func endsOnlySubscriptionsOfThoseWhoMayNotHaveIt() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["access_model": "open"])
        talk.relations[try JID("contact@example.org")] = Relation(presenceAuthorized: true)
        _ = try talk.subscribe("contact@example.org/1", "n")
        _ = try talk.subscribe("stranger@example.org/1", "n")
        let outcome = try talk.configure("n", ["access_model": "presence"])
        #expect(outcome.changes.count == 2)
        #expect(try talk.publish("n", "1").told == ["contact@example.org: n item 1"])
        _ = try talk.affiliate("contact@example.org", "n", "publisher")
        _ = try talk.affiliate("contact@example.org", "n", "none")
        #expect(try talk.publish("n", "2").told == ["contact@example.org: n item 2"])
    }

    // XEP-0060 §8.5: one event, and no item is left, the last neither.
    @Test func isEmptyAfterAPurge() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["max_items": "5", "notify_retract": "0"])
        for id in ["1", "2"] { _ = try talk.publish("n", id) }
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        let outcome = try talk.set("#<purge node='n'/>")
        #expect(outcome.told == ["\(Self.viewer): n purge"])
        #expect(outcome.changes == [.purge(owner: NodesConversation.owner, node: "n")])
        #expect(try talk.arrive("w@example.org/1", wanting: ["n"]).told.isEmpty)
        _ = try talk.create("t", ["persist_items": "0"])
        #expect(
            try talk.set("#<purge node='t'/>").error
                == "cancel feature-not-implemented unsupported persistent-items"
        )
    }

    // XEP-0060 §8.4.2: always told, with the address of what takes its place.
    @Test func tellsOfItsEnd() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["notify_delete": "0"])
        _ = try talk.arrive(Self.viewer, wanting: ["n"])
        #expect(
            try talk.set("#<delete node='n'><redirect uri='xmpp:x?;node=m'/></delete>").told
                == ["\(Self.viewer): n delete to xmpp:x?;node=m"]
        )
        #expect(try talk.get("<items node='n'/>").error == "modify gone")
        // Made again, it is wanted still.
        _ = try talk.create("n")
        #expect(try talk.publish("n", "1").told == ["\(Self.viewer): n item 1"])
    }

    @Test func saysWhatItIs() throws {
        var talk = NodesConversation()
        _ = try talk.create("n", ["title": "A title"])
        _ = try talk.create("secret", ["access_model": "whitelist"])
        _ = try talk.publish("n", "1")
        let contact = Relation(presenceAuthorized: true)
        let jid = try JID(Self.viewer)
        let nodes = try talk.service.discoItems(node: nil, for: jid, relation: contact)
        #expect(nodes.items.map(\.node) == ["n"])
        let items = try talk.service.discoItems(node: "n", for: jid, relation: contact)
        #expect(items.items.map(\.name) == ["1"])
        let info = try talk.service.discoInfo(node: "n", for: jid, relation: contact)
        #expect(info.identities.map(\.type) == ["leaf"])
        #expect(throws: StanzaError.self) {
            try talk.service.discoInfo(node: "secret", for: jid, relation: contact)
        }
    }

    @Test func answersNothingThatIsNoRequest() throws {
        var talk = NodesConversation()
        #expect(try talk.set("").error == "modify bad-request")
        #expect(try talk.set("<nonsense/>").error == "modify bad-request")
        #expect(try talk.get("<publish node='n'/>").error == "modify bad-request")
        #expect(try talk.set("#<nonsense/>").error == "modify bad-request")
    }
}
