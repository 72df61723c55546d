import Testing
import XMPP

@testable import Modules

// XEP-0060 §4.1, §5.7, §8.9: who is what to a node.
@Suite struct AffiliationTests {
    private static let agent = "host@example.org"

    private static func make() throws -> NodesConversation {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n")
        return talk
    }

    // §4.1: the state chart, with who only publishes as a publisher.
    @Test(arguments: [
        (Affiliation.outcast, "none member publisher publish-only owner outcast"),
        (.none, "outcast member publisher publish-only owner none"),
        (.member, "outcast none publisher publish-only owner member"),
        (.publisher, "outcast none owner publisher"),
        (.publishOnly, "outcast none publisher owner publish-only"),
        (.owner, "none owner"),
    ])
    func followsTheStateChart(_ from: Affiliation, _ allowed: String) throws {
        let allowed = Set(allowed.split(separator: " ").map(String.init))
        for next in Affiliation.allCases {
            var talk = try Self.make()
            _ = try talk.affiliate(
                "n",
                [("w@example.org", "owner"), ("v@example.org", from.rawValue)]
            )
            let outcome = try talk.affiliate("n", [("v@example.org", next.rawValue)])
            let isAllowed = allowed.contains(next.rawValue)
            #expect(outcome.error == (isAllowed ? nil : "modify not-acceptable"), "to \(next)")
            let expected = isAllowed ? next : from
            let list = try talk.affiliations(of: "n")
            #expect(
                list.contains("v@example.org \(expected.rawValue)") == (expected != .none),
                "to \(next)"
            )
        }
    }

    // §4.1: the table of privileges.
    @Test(arguments: [
        ("owner", true, true, true, true, true), ("publisher", true, true, true, true, false),
        ("publish-only", false, false, true, true, false),
        ("member", true, true, false, false, false),
        ("none", false, false, false, false, false),
        ("outcast", false, false, false, false, false),
    ])
    func grantsWhatTheTableSays(
        _ affiliation: String,
        _ subscribes: Bool,
        _ retrieves: Bool,
        _ publishes: Bool,
        _ retractsOwn: Bool,
        _ manages: Bool
    ) throws {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n", ["access_model": "whitelist", "max_items": "5"])
        _ = try talk.publish("n", "0")
        _ = try talk.affiliate("n", [("v@example.org", affiliation)])
        let who = "v@example.org/top"
        #expect((try talk.subscribe(who, "n").error == nil) == subscribes)
        #expect((try talk.get("<items node='n'/>", from: who).error == nil) == retrieves)
        #expect((try talk.publish("n", "1", from: who).error == nil) == publishes)
        let own = try talk.set("<retract node='n'><item id='1'/></retract>", from: who)
        #expect((own.error == nil) == retractsOwn)
        let others = try talk.set("<retract node='n'><item id='0'/></retract>", from: who)
        #expect((others.error == nil) == manages)
        for request in ["purge", "configure", "delete"] {
            let x = "<x xmlns='jabber:x:data' type='cancel'/>"
            let content = "#<\(request) node='n'>\(request == "configure" ? x : "")</\(request)>"
            #expect((try talk.set(content, from: who).error == nil) == manages, "\(request)")
        }
    }

    // §8.9.2.4: the last owner stays, while of several each may go.
    @Test func keepsItsLastOwner() throws {
        var talk = try Self.make()
        var outcome = try talk.affiliate("n", [(Self.agent, "none")])
        #expect(outcome.error == "modify not-acceptable")
        #expect(outcome.entries == ["\(Self.agent) owner"])
        #expect(outcome.changes.isEmpty)
        _ = try talk.affiliate("n", [("v@example.org", "owner")])
        outcome = try talk.affiliate("n", [(Self.agent, "none"), ("v@example.org", "none")])
        #expect(outcome.entries == ["v@example.org owner"])
        #expect(try talk.affiliations(of: "n", for: "v@example.org/1") == ["v@example.org owner"])
        #expect(try talk.configure("n", [:]).error == "auth forbidden")
    }

    @Test func letsEveryOwnerManage() throws {
        var talk = try Self.make()
        _ = try talk.affiliate("n", [("v@example.org", "owner")])
        let form = "<x xmlns='jabber:x:data' type='cancel'/>"
        let configure = "#<configure node='n'>\(form)</configure>"
        #expect(try talk.set(configure, from: "v@example.org/1").error == nil)
        #expect(try talk.set("#<delete node='n'/>", from: "v@example.org/1").error == nil)
    }

    // §8.9.2.4: what could not be set comes back with what it is, the rest is done.
    @Test func namesWhatItCouldNotSetWithWhatItIs() throws {
        var talk = try Self.make()
        _ = try talk.affiliate("n", [("p@example.org", "publisher")])
        let outcome = try talk.affiliate(
            "n",
            [
                (Self.agent, "none"), ("p@example.org", "member"), ("k@example.org", "king"),
                ("m@example.org", "member"),
            ]
        )
        #expect(outcome.error == "modify not-acceptable")
        #expect(
            outcome.entries == [
                "\(Self.agent) owner", "p@example.org publisher", "k@example.org none",
            ]
        )
        #expect(
            try talk.affiliations(of: "n")
                == ["\(Self.agent) owner", "m@example.org member", "p@example.org publisher"]
        )
    }

    // §8.9.2.4: nobody is named twice, with a resource neither (§4.1).
    @Test func takesNoEntityTwice() throws {
        var talk = try Self.make()
        let outcome = try talk.affiliate(
            "n",
            [("v@example.org", "member"), ("v@example.org/1", "publisher")]
        )
        #expect(outcome.error == "modify bad-request")
        #expect(outcome.changes.isEmpty)
        #expect(try talk.affiliations(of: "n") == ["\(Self.agent) owner"])
    }

    // §8.9.2.1: without the attribute nothing is changed.
    @Test func changesNothingThatIsNotSaid() throws {
        var talk = try Self.make()
        _ = try talk.affiliate("n", [("v@example.org", "member")])
        let outcome = try talk.affiliate("n", [("v@example.org", nil)])
        #expect(outcome.error == nil)
        #expect(outcome.changes.isEmpty && outcome.sent.isEmpty)
        #expect(try talk.affiliations(of: "n").contains("v@example.org member"))
    }

    // §8.9.4, §12.7
    @Test func tellsTheEntityWhatItIsNow() throws {
        var talk = try Self.make()
        let outcome = try talk.affiliate("n", [("v@example.org", "member")])
        let message = try #require(outcome.sent.first)
        #expect(outcome.sent.count == 1)
        #expect(message.to?.description == "v@example.org")
        #expect(message.type == "headline")
        let list = message.payload("pubsub", Namespace.pubsub)?.child("affiliations")
        #expect(list?["node"] == "n")
        let entry = list?.child("affiliation")
        #expect(entry?["jid"] == "v@example.org" && entry?["affiliation"] == "member")
        #expect(try talk.affiliate("n", [("v@example.org", "member")]).sent.isEmpty)
    }

    // §8.9.3, §8.9.1.2: who is nobody is not in the list.
    @Test func forgetsWhoIsNobody() throws {
        var talk = try Self.make()
        _ = try talk.affiliate("n", [("v@example.org", "member")])
        let outcome = try talk.affiliate("n", [("v@example.org", "none")])
        #expect(
            outcome.changes == [
                .setAffiliation(
                    owner: NodesConversation.domain,
                    node: "n",
                    try JID("v@example.org"),
                    .none
                )
            ]
        )
        #expect(try talk.affiliations(of: "n") == ["\(Self.agent) owner"])
    }

    // §5.7
    @Test func tellsEverybodyTheirOwn() throws {
        var talk = try Self.make()
        _ = try talk.create("m", ["access_model": "open"])
        _ = try talk.create("o")
        _ = try talk.affiliate("n", [("v@example.org", "publisher")])
        _ = try talk.affiliate("m", [("v@example.org", "outcast")])
        func own(_ content: String, _ from: String) throws -> [String]? {
            try talk.get(content, from: from).reply?.payload?.child("affiliations")?.elements.map {
                ($0["node"] ?? "") + " " + ($0["affiliation"] ?? "")
            }
        }
        #expect(try own("<affiliations/>", "v@example.org/1") == ["m outcast", "n publisher"])
        #expect(try own("<affiliations node='n'/>", "v@example.org/1") == ["n publisher"])
        #expect(try own("<affiliations node='o'/>", "v@example.org/1") == [])
        #expect(try own("<affiliations/>", "w@example.org/1") == [])
        #expect(
            try talk.get("<affiliations node='x'/>", from: "v@example.org/1").error
                == "cancel item-not-found"
        )
    }

    // §8.9.1.3, §8.9.2.3
    @Test func isManagedByOwnersAlone() throws {
        var talk = try Self.make()
        _ = try talk.affiliate("n", [("p@example.org", "publisher")])
        for who in ["p@example.org/1", "s@example.org/1"] {
            #expect(
                try talk.get("#<affiliations node='n'/>", from: who).error == "auth forbidden"
            )
            #expect(
                try talk.affiliate("n", [("p@example.org", "owner")], from: who).error
                    == "auth forbidden"
            )
        }
        #expect(try talk.affiliate("x", []).error == "cancel item-not-found")
    }

    // The operator's administrators manage what is nobody else's to manage.
    @Test func isManagedByAdministrators() throws {
        var talk = try Self.make()
        talk.relations[try JID("root@example.org")] = Relation(isOwner: true)
        #expect(
            try talk.affiliate("n", [("v@example.org", "owner")], from: "root@example.org/1").error
                == nil
        )
    }

    // §4.5: an owner's list lets in, and what is not in it does not.
    @Test func letsInWhoIsOnTheWhitelist() throws {
        var talk = NodesConversation.ofService()
        _ = try talk.create("n", ["access_model": "whitelist"])
        let who = "v@example.org/1"
        #expect(try talk.subscribe(who, "n").error == "cancel not-allowed closed-node")
        _ = try talk.affiliate("n", [("v@example.org", "member")])
        #expect(try talk.subscribe(who, "n").error == nil)
        let outcome = try talk.affiliate("n", [("v@example.org", "none")])
        #expect(outcome.changes.count == 2)
        #expect(try talk.publish("n", "1").told.isEmpty)
    }

    @Test func affiliatesNoMoreThanItsLimit() throws {
        var talk = try Self.make()
        let limit = PubSubLimits.affiliationsMaximum
        for index in 2...limit {
            let jid = JID(normalizedLocal: "m\(index)", domain: "example.org")
            talk.service.nodes["n"]?.affiliations[jid] = .member
        }
        let outcome = try talk.affiliate("n", [("z@example.org", "member")])
        #expect(outcome.entries == ["z@example.org none"])
        #expect(try talk.affiliate("n", [("m2@example.org", "publisher")]).error == nil)
    }
}
