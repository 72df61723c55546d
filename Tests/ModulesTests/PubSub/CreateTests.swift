import Testing
import XMPP

@testable import Modules

// XEP-0060 §8.1, §8.3: making nodes on accounts and on services.
@Suite struct CreateTests {
    private static let form =
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
        + "<value>http://jabber.org/protocol/pubsub#node_config</value></field>"
        + "<field var='pubsub#title'><value>A title</value></field></x>"

    // §8.1.1: who makes a node owns it, on a service where users may.
    @Test func givesANodeToItsMaker() throws {
        var talk = NodesConversation.ofService()
        let outcome = try talk.set("<create node='n'/>", from: "u@example.org/1")
        #expect(outcome.error == nil)
        #expect(outcome.changes.count == 2)
        #expect(try talk.affiliations(of: "n", for: "u@example.org/1") == ["u@example.org owner"])
        #expect(try talk.set("#<delete node='n'/>").error == "auth forbidden")
    }

    // §8.1.1: each reason why not.
    @Test func refusesThoseWhoMayMakeNone() throws {
        var talk = NodesConversation.ofService()
        #expect(
            try talk.set("<create node='n'/>", from: "u@elsewhere.example/1").error
                == "auth registration-required"
        )
        #expect(
            try talk.publish("n", "1", from: "u@elsewhere.example/1").error
                == "cancel item-not-found"
        )
        var account = NodesConversation()
        #expect(
            try account.set("<create node='n'/>", from: "u@example.org/1").error
                == "auth forbidden"
        )
        var fleet = NodesConversation.of(.fleet())
        #expect(
            try fleet.set("<create node='n'/>").error
                == "cancel feature-not-implemented unsupported create-nodes"
        )
    }

    // §8.1.3: the configuration comes behind and names no node.
    @Test func takesAConfigurationBesideItsCreate() throws {
        var talk = NodesConversation()
        let configure = "<configure>\(Self.form)</configure>"
        #expect(try talk.set("<create node='n'/>" + configure).error == nil)
        let form = try talk.get("#<configure node='n'/>").form
        #expect(form?["pubsub#title"] == ["A title"])
        #expect(try talk.set(configure + "<create node='m'/>").error == "modify bad-request")
        #expect(
            try talk.set("<create node='m'/><configure node='m'>\(Self.form)</configure>").error
                == "modify bad-request"
        )
        #expect(try talk.set("<create node='m'/><configure/>").error == nil)
        #expect(talk.service.counts.nodes == 2)
    }

    // §4.5: on a service the roster of the node's owner decides on presence and on groups.
    @Test(arguments: ["authorize", "open", "presence", "roster", "whitelist"])
    func takesEveryAccessModel(_ model: String) throws {
        for kind in [NodesConversation.ofService(), NodesConversation()] {
            var talk = kind
            #expect(try talk.create("n", ["access_model": model]).error == nil)
            let options = try talk.get("#<configure node='n'/>").form?.fields
                .first { $0.name == "pubsub#access_model" }?.options
            #expect(options?.contains(model) == true)
        }
    }

    // §8.1.2: "The default setting for the 'pubsub#node_type' field is leaf"; the attribute is that
    // of earlier versions.
    @Test func makesALeafUnlessToldOtherwise() throws {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n")
        #expect(try talk.get("#<configure node='n'/>").form?["pubsub#node_type"] == ["leaf"])
        #expect(try talk.set("<create node='l' type='leaf'/>").error == nil)
        #expect(
            try talk.set("<create node='x' type='tree'/>").error
                == "modify not-acceptable invalid-options"
        )
    }

    // §8.3: whatever kind of service, and by type (§8.3.2).
    @Test func showsTheDefaultsOfEachType() throws {
        var talk = NodesConversation.ofService()
        let leaf = try talk.get("#<default/>", from: "s@example.org/1").form
        #expect(leaf?["pubsub#access_model"] == ["open"])
        #expect(leaf?["pubsub#node_type"] == ["leaf"])
        #expect(leaf?["pubsub#max_items"] == ["20"])
        let collection = try talk.get("#<default type='collection'/>").form
        #expect(collection?["pubsub#node_type"] == ["collection"])
        #expect(collection?["pubsub#children_max"] == ["max"])
        #expect(collection?["pubsub#max_items"] == nil)
        #expect(try talk.get("#<default type='tree'/>").error == "modify bad-request")
        var fleet = NodesConversation.of(.fleet())
        #expect(
            try fleet.get("#<default/>").error
                == "cancel feature-not-implemented unsupported config-node"
        )
    }

    // XEP-0248 §7.1.2, §8: nothing is published to a node that has no items.
    @Test func takesNoItemsOnACollection() throws {
        var node = Node("c", NodeConfiguration.shared.asCollection())
        node.affiliations[NodesConversation.owner] = .owner
        var talk = NodesConversation.ofService()
        talk.service.nodes["c"] = node
        #expect(
            try talk.publish("c", "1").error == "cancel feature-not-implemented unsupported publish"
        )
        let items = "cancel feature-not-implemented unsupported persistent-items"
        #expect(try talk.set("<retract node='c'><item id='1'/></retract>").error == items)
        #expect(try talk.set("#<purge node='c'/>").error == items)
    }

    // §7.1.4 on a service: who publishes where nothing is makes a node of their own.
    @Test func makesANodeForItsFirstPublisher() throws {
        var talk = NodesConversation.ofService()
        #expect(try talk.publish("n", "1", from: "u@example.org/1").error == nil)
        #expect(try talk.publish("n", "2").error == "auth forbidden")
    }

    // MARK: The end (§8.4)

    @Test func saysWhereANodeHasMoved() throws {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n")
        let uri = "xmpp:pubsub.example.org?;node=m"
        let outcome = try talk.set("#<delete node='n'><redirect uri='\(uri)'/></delete>")
        #expect(outcome.changes.count == 2)
        // §6.1.3.11
        for content in [
            "<subscribe node='n' jid='v@example.org'/>", "<publish node='n'/>",
            "<retract node='n'><item id='1'/></retract>",
        ] {
            let from = try JID("v@example.org/1")
            let markup = "<pubsub xmlns='\(Namespace.pubsub)'>\(content)</pubsub>"
            let iq = Stanza(
                .iq,
                type: "set",
                id: "q",
                from: from,
                to: NodesConversation.owner,
                [try Element(parsing: Array(markup.utf8))]
            )
            var service = talk.service
            let error = #expect(throws: StanzaError.self) {
                try service.receive(iq, from: from, relation: { _ in Relation() }, at: talk.now)
            }
            #expect(error?.condition == .gone)
            #expect(error?.address == uri)
            #expect(error?.element.child("gone", Namespace.stanzaErrors)?.text == uri)
        }
        // After a restart, and until there is such a node again.
        guard case .saveNode(let owner, let node, let configuration) = outcome.changes[1] else {
            Issue.record("the move is not kept")
            return
        }
        let record = NodeRecord(owner: owner, node: node, configuration: configuration)
        var later = NodesConversation.ofService(nodes: [record])
        #expect(later.service.counts.nodes == 0)
        #expect(try later.get("<items node='n'/>").error == "modify gone")
        _ = try later.create("n")
        #expect(try later.get("<items node='n'/>").error == nil)
    }

    @Test func remembersNoMoreMovesThanItsLimit() throws {
        var talk = NodesConversation()
        for index in 0...PubSubLimits.movedMaximum {
            _ = try talk.create("n\(index)")
            _ = try talk.set("#<delete node='n\(index)'><redirect uri='xmpp:a'/></delete>")
        }
        let last = PubSubLimits.movedMaximum
        #expect(try talk.get("<items node='n0'/>").error == "cancel item-not-found")
        #expect(try talk.get("<items node='n1'/>").error == "modify gone")
        #expect(try talk.get("<items node='n\(last)'/>").error == "modify gone")
    }

    // §8.4.2: "which SHOULD include pending and unconfigured", whatever is configured.
    @Test func tellsOfTheEndThoseToo() throws {
        var record = NodeRecord(owner: NodesConversation.owner, node: "n")
        record.configuration = ["pubsub#notify_delete": ["0"], "pubsub#access_model": ["open"]]
        record.subscriptions = [
            SubscriptionRecord(id: "1", jid: try JID("a@example.org")),
            SubscriptionRecord(id: "2", jid: try JID("b@example.org"), state: .pending),
            SubscriptionRecord(id: "3", jid: try JID("c@example.org"), state: .unconfigured),
        ]
        var talk = NodesConversation(nodes: [record])
        #expect(try talk.publish("n", "1").told == ["a@example.org: n item 1"])
        #expect(
            try talk.set("#<delete node='n'/>").told
                == ["a@example.org", "b@example.org", "c@example.org"].map { $0 + ": n delete" }
        )
    }
}
