import Testing
import XMPP

@testable import Modules

/// Who is of another domain is a stranger: also where he bears the same name, or administers there.
@Suite struct IsolationTests {
    /// The same name, an administrator, and somebody.
    private static let strangers = [
        "alice@example.net", "root@example.net", "mallory@example.net",
    ]
    private static let alice = Conversation.jid("alice")
    private static let pubsub = TwoDomains.service("pubsub", TwoDomains.com)
    private static let nodeOptions = """
        <configure><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>\
        <value>http://jabber.org/protocol/pubsub#node_config</value></field>\
        <field var='pubsub#access_model'><value>whitelist</value></field></x></configure>
        """

    /// `alice` has a node that nobody else may have, on her account and on the service.
    private func domains() throws -> TwoDomains {
        var domains = try TwoDomains(["alice", "root", "eve"] + Self.strangers)
        let create = Verb.pubsub("set", "<create node='secret'/>" + Self.nodeOptions)
        let item = "<publish node='secret'><item id='1'><a xmlns='x'/></item></publish>"
        let publish = Verb.pubsub("set", item)
        for place in [nil, Self.pubsub] {
            for verb in [create, publish] {
                #expect(
                    try domains.outcome("alice", verb.type, verb.markup, to: place) == "result"
                )
            }
        }
        return domains
    }

    /// What a stranger of the own domain gets, one of another gets: an error, and nothing changes.
    @Test(arguments: Verb.ofAccounts + Verb.ofNodes)
    func noVerbReachesAnAccountOfAnotherDomain(verb: Verb) throws {
        var domains = try domains()
        let stored = domains.talk.stored.count
        func outcome(_ account: String) throws -> String {
            let markup = verb.markup(from: account)
            return try domains.outcome(account, verb.type, markup, to: Self.alice)
        }
        let own = try outcome("eve")
        // Lists of nothing and what holds for all nodes are no secret.
        let isOpen = ["<subscriptions/>", "<affiliations/>", "<default/>"].contains {
            verb.markup.contains($0)
        }
        #expect((own == "result") == isOpen, "\(own)")
        for stranger in Self.strangers {
            #expect(try outcome(stranger) == own)
        }
        #expect(domains.talk.stored.count == stored)
    }

    @Test(arguments: Verb.ofNodes)
    func noVerbReachesANodeOfAnotherDomainsService(verb: Verb) throws {
        var domains = try domains()
        let stored = domains.talk.stored.count
        for stranger in Self.strangers {
            let markup = verb.markup(from: stranger)
            let outcome = try domains.outcome(stranger, verb.type, markup, to: Self.pubsub)
            #expect(outcome != "result")
        }
        #expect(domains.talk.stored.count == stored)
    }

    /// The administrators of a domain's service manage that one alone.
    @Test func administersOnlyTheServicesOfTheOwnDomain() throws {
        var domains = try domains()
        let verb = Verb.owner("get", "<affiliations node='secret'/>")
        func outcome(_ who: String) throws -> String {
            try domains.outcome(who, verb.type, verb.markup, to: Self.pubsub)
        }
        #expect(try outcome("root") == "result")
        #expect(try outcome("alice") == "result")
        #expect(try outcome("root@example.net") == "forbidden")
        #expect(try outcome("alice@example.net") == "forbidden")
    }

    @Test func makesNodesOnTheServiceOfTheOwnDomain() throws {
        var domains = try domains()
        let create = Verb.pubsub("set", "<create node='mine'/>")
        let other = TwoDomains.service("pubsub", TwoDomains.net)
        #expect(
            try domains.outcome("mallory@example.net", "set", create.markup, to: Self.pubsub)
                == "registration-required"
        )
        #expect(
            try domains.outcome("mallory@example.net", "set", create.markup, to: other) == "result"
        )
        #expect(
            try domains.outcome("alice", "set", create.markup, to: other)
                == "registration-required"
        )
    }

    /// Presence of a subscription that was never asked for changes no roster.
    @Test(arguments: ["subscribed", "unsubscribed", "unsubscribe"])
    func forcesNoSubscription(type: String) throws {
        var domains = try domains()
        domains.available("alice", "mallory@example.net")
        _ = domains.told("alice")
        let presence = Stanza(.presence, type: type, to: Self.alice)
        domains.talk.send("mallory@example.net/desk", presence)
        domains.talk.send(
            "mallory@example.net/desk",
            Stanza(.presence, type: "probe", to: Self.alice)
        )
        #expect(domains.told("alice").isEmpty)
        let roster = try domains.ask(
            "alice",
            "get",
            "<query xmlns='\(Namespace.roster)'/>",
            to: nil
        )
        #expect(roster?.payload?.elements.isEmpty == true)
    }
}
