import Testing
import XMPP

@testable import Modules

/// Accounts of two domains on one server: between them all is as between accounts of one.
@Suite struct DomainsTests {
    private static let alice = Conversation.jid("alice")
    private static let bob = Conversation.jid("bob@example.net")

    private func presence(_ type: String, to: JID) -> Stanza {
        Stanza(.presence, type: type, to: to)
    }

    /// Two who see each other.
    private func friends() throws -> TwoDomains {
        var domains = try TwoDomains(["alice", "bob@example.net", "bob"])
        domains.available("alice", "bob@example.net", "bob")
        let (alice, bob) = ("alice/desk", "bob@example.net/desk")
        domains.talk.send(alice, presence("subscribe", to: Self.bob))
        domains.talk.send(bob, presence("subscribed", to: Self.alice))
        domains.talk.send(bob, presence("subscribe", to: Self.alice))
        domains.talk.send(alice, presence("subscribed", to: Self.bob))
        return domains
    }

    @Test func presenceGoesBetweenDomains() throws {
        var domains = try friends()
        #expect(domains.told("alice").contains("available bob@example.net/desk"))
        #expect(domains.told("bob@example.net").contains("available alice@example.com/desk"))
        // The other account of that name hears nothing.
        #expect(domains.told("bob") == ["available bob@example.com/desk"])
        domains.talk.logout("bob@example.net/desk")
        #expect(domains.told("alice") == ["unavailable bob@example.net/desk"])
        #expect(domains.talk.sentAway.isEmpty)
    }

    @Test func messagesGoToTheAccountOfTheDomain() throws {
        var domains = try friends()
        for account in ["alice", "bob", "bob@example.net"] { _ = domains.told(account) }
        let body = Element("body", Namespace.client, text: "hello")
        domains.talk.send("alice/desk", Stanza(.message, type: "chat", to: Self.bob, [body]))
        #expect(domains.told("bob@example.net") == ["message alice@example.com/desk"])
        #expect(domains.told("bob").isEmpty)
    }

    @Test func nodesOfContactsOfAnotherDomainAreTold() throws {
        var domains = try friends()
        let subscribe = Verb.pubsub("set", "<subscribe node='tune' jid='alice@example.com'/>")
        let publish = Verb.pubsub(
            "set",
            "<publish node='tune'><item id='1'><a xmlns='x'/></item></publish>"
        )
        _ = try domains.outcome("bob@example.net", "set", publish.markup, to: nil)
        #expect(try domains.outcome("alice", "set", subscribe.markup, to: Self.bob) == "result")
        _ = domains.told("alice")
        _ = try domains.outcome("bob@example.net", "set", publish.markup, to: nil)
        #expect(domains.told("alice") == ["message bob@example.net"])
    }

    /// The roster that decides of a node with access by presence is that of an owner here, of
    /// whichever domain.
    @Test func anOwnersRosterDecidesAtTheServiceOfTheDomain() throws {
        var domains = try friends()
        let form = """
            <configure><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>\
            <value>http://jabber.org/protocol/pubsub#node_config</value></field>\
            <field var='pubsub#access_model'><value>presence</value></field></x></configure>
            """
        let service = TwoDomains.service("pubsub", TwoDomains.net)
        let create = Verb.pubsub("set", "<create node='news'/>" + form)
        #expect(
            try domains.outcome("bob@example.net", "set", create.markup, to: service) == "result"
        )
        let items = Verb.pubsub("get", "<items node='news'/>")
        #expect(try domains.outcome("alice", "get", items.markup, to: service) == "result")
        #expect(try domains.outcome("bob", "get", items.markup, to: service) == "not-authorized")
    }

    // MARK: The server itself

    @Test(arguments: [TwoDomains.com, TwoDomains.net])
    func eachDomainAnswersForItself(domain: String) throws {
        var domains = try TwoDomains(["alice", "bob@example.net"])
        let server = JID(normalizedLocal: nil, domain: domain)
        for markup in [
            "<ping xmlns='urn:xmpp:ping'/>", "<query xmlns='jabber:iq:version'/>",
            "<query xmlns='\(Namespace.discoInfo)'/>",
        ] {
            for account in ["alice", "bob@example.net"] {
                #expect(try domains.outcome(account, "get", markup, to: server) == "result")
            }
        }
        let query = "<query xmlns='\(Namespace.discoItems)'/>"
        let items = try domains.ask("alice", "get", query, to: server)?.payload?.elements
        #expect(
            items?.compactMap { $0["jid"] } == ["monitor.\(domain)", "pubsub.\(domain)"]
        )
        let unknown = try domains.outcome("alice", "get", "<query xmlns='x'/>", to: server)
        #expect(unknown == "service-unavailable")
    }

    /// XEP-0115: who asks what a session can do is the session's own server.
    @Test func asksForCapabilitiesAsTheDomainOfTheSession() throws {
        var domains = try TwoDomains(["bob@example.net"])
        let capabilities = Element(
            "c",
            Namespace.capabilities,
            attributes: [
                .init("hash", "sha-1"), .init("node", "urn:example"),
                .init("ver", "QgayPKawpkPSDYmwT/WM94uAlu0="),
            ]
        )
        domains.talk.available("bob@example.net/desk", [capabilities])
        let questions = domains.talk.take("bob@example.net/desk").filter { $0.kind == .iq }
        #expect(questions.map { $0.from?.description } == ["example.net"])
    }

    @Test func knowsWhatIsServedAndWhatIsLocal() {
        var world = World(
            domain: JID(normalizedLocal: nil, domain: TwoDomains.com),
            others: [TwoDomains.net],
            modules: ModuleTable([]),
            groups: SharedGroups(),
            software: .init(name: "Lapwing", version: "test")
        )
        let service = TwoDomains.service("pubsub", TwoDomains.net)
        world.add(service, .init(.shared, of: TwoDomains.net))
        world.components = ["a.example.net", "b.a.example.com", "example.edu"].map {
            JID(normalizedLocal: nil, domain: $0)
        }
        #expect(world.domains == [TwoDomains.com, TwoDomains.net])
        for domain in [TwoDomains.com, TwoDomains.net] {
            #expect(world.isLocal(domain))
            #expect(world.serves(domain))
        }
        #expect(!world.isLocal(service.domain))
        #expect(world.serves(service.domain))
        for other in ["example.edu", "a.example.net", "example", ""] {
            #expect(!world.serves(other))
        }
        // A component is listed by the domain that it is below, or by all.
        let stranger = JID(normalizedLocal: "eve", domain: "example.org")
        #expect(
            world.items(of: TwoDomains.net, for: stranger).map(\.domain)
                == ["a.example.net", "example.edu", "pubsub.example.net"]
        )
        #expect(
            world.items(of: TwoDomains.com, for: stranger).map(\.domain)
                == ["b.a.example.com", "example.edu"]
        )
        // What stays here is listed for who is here.
        world.internalComponents = [JID(normalizedLocal: nil, domain: "example.edu")]
        let all = ["b.a.example.com", "example.edu"]
        for asker in [TwoDomains.net, "pubsub.example.net", "a.example.net", "example.edu"] {
            let asker = JID(normalizedLocal: "alice", domain: asker)
            #expect(world.items(of: TwoDomains.com, for: asker).map(\.domain) == all)
        }
        #expect(
            world.items(of: TwoDomains.com, for: stranger).map(\.domain) == ["b.a.example.com"]
        )
    }
}
