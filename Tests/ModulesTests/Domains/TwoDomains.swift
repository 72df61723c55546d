import Testing
import XMPP

@testable import Modules

/// `example.com` and `example.net` on one server, each with both services and an administrator.
struct TwoDomains {
    static let com = "example.com"
    static let net = "example.net"
    var talk: Conversation
    private var questions = 0

    /// `accounts` are of `example.com` where they name no domain.
    init(_ accounts: [String], groups: SharedGroups = SharedGroups()) throws {
        var services: [JID: World.Service] = [:]
        for domain in [Self.com, Self.net] {
            let root: Set = [JID(normalizedLocal: "root", domain: domain)]
            services[Self.service("pubsub", domain)] = .init(
                .shared,
                of: domain,
                administrators: root
            )
            services[Self.service("monitor", domain)] = .init(
                .fleet,
                of: domain,
                administrators: root
            )
        }
        talk = Conversation(accounts, groups: groups, domains: [Self.net], services: services)
        talk.start()
        for account in accounts { try talk.login(account + "/desk") }
    }

    static func service(_ name: String, _ domain: String) -> JID {
        JID(normalizedLocal: nil, domain: "\(name).\(domain)")
    }

    /// What came of a request, in a few words: `result`, or the error's condition.
    mutating func outcome(
        _ account: String,
        _ type: String,
        _ markup: String,
        to: JID?
    ) throws -> String {
        let answer = try #require(try ask(account, type, markup, to: to))
        #expect(to == nil || answer.from == to)
        return answer.error.map { $0.condition.rawValue } ?? "result"
    }

    mutating func ask(
        _ account: String,
        _ type: String,
        _ markup: String,
        to: JID?
    ) throws -> Stanza? {
        questions += 1
        let id = "t\(questions)"
        let payload = try Element(parsing: Array(markup.utf8))
        let session = account + "/desk"
        talk.send(session, Stanza(.iq, type: type, id: id, to: to, [payload]))
        return talk.reply(to: id, of: session)
    }

    mutating func available(_ accounts: String...) {
        for account in accounts { talk.available(account + "/desk") }
    }

    /// Presence and messages that came since the last time, as `available a@example.net/desk`.
    mutating func told(_ account: String) -> [String] {
        talk.take(account + "/desk").compactMap { stanza in
            guard stanza.kind != .iq else { return nil }
            let kind = stanza.kind == .message ? "message" : stanza.type ?? "available"
            return "\(kind) \(stanza.from?.description ?? "-")"
        }
    }
}

/// A request to an account or a service, as who administers it might send it.
struct Verb: CustomStringConvertible, Sendable {
    let type: String
    let markup: String

    init(_ type: String, _ markup: String) {
        self.type = type
        self.markup = markup
    }

    var description: String { "\(type) \(markup.prefix(110))" }

    static func pubsub(_ type: String, _ content: String) -> Verb {
        Verb(type, "<pubsub xmlns='\(Namespace.pubsub)'>\(content)</pubsub>")
    }

    static func owner(_ type: String, _ content: String) -> Verb {
        Verb(type, "<pubsub xmlns='\(Namespace.pubsubOwner)'>\(content)</pubsub>")
    }

    private static let form = """
        <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>\
        <value>http://jabber.org/protocol/pubsub#node_config</value></field>\
        <field var='pubsub#access_model'><value>open</value></field></x>
        """
    /// Stands for who asks.
    private static let mallory = "{me}"

    /// As that account sends it.
    func markup(from account: String) -> String {
        markup.replacing("{me}", with: Conversation.jid(account).description)
    }

    /// All that changes or shows a node that is somebody else's.
    static let ofNodes: [Verb] = [
        owner("get", "<configure node='secret'/>"),
        owner("set", "<configure node='secret'>\(form)</configure>"),
        owner("get", "<affiliations node='secret'/>"),
        owner(
            "set",
            "<affiliations node='secret'><affiliation jid='\(mallory)' affiliation='owner'/>"
                + "</affiliations>"
        ),
        owner("get", "<subscriptions node='secret'/>"),
        owner(
            "set",
            "<subscriptions node='secret'>"
                + "<subscription jid='\(mallory)' subscription='subscribed'/></subscriptions>"
        ),
        owner("set", "<purge node='secret'/>"),
        owner("set", "<delete node='secret'/>"),
        pubsub("set", "<publish node='secret'><item id='1'><a xmlns='x'/></item></publish>"),
        pubsub("set", "<retract node='secret'><item id='1'/></retract>"),
        pubsub("get", "<items node='secret'/>"),
        pubsub("set", "<subscribe node='secret' jid='\(mallory)'/>"),
        pubsub("get", "<options node='secret' jid='\(mallory)'/>"),
        pubsub("set", "<unsubscribe node='secret' jid='\(mallory)'/>"),
        Verb("set", "<query xmlns='urn:xmpp:mam:2' node='secret'/>"),
        Verb("get", "<query xmlns='\(Namespace.discoItems)' node='secret'/>"),
    ]

    /// All that changes or shows an account.
    static let ofAccounts: [Verb] = [
        Verb("get", "<query xmlns='\(Namespace.roster)'/>"),
        Verb(
            "set",
            "<query xmlns='\(Namespace.roster)'>"
                + "<item jid='\(mallory)' subscription='both'/></query>"
        ),
        Verb("get", "<query xmlns='\(Namespace.discoInfo)'/>"),
        Verb("get", "<query xmlns='\(Namespace.discoItems)'/>"),
        Verb("set", "<command xmlns='\(Namespace.commands)' node='x'/>"),
        pubsub("set", "<create node='mine'/>"),
        pubsub("get", "<subscriptions/>"),
        pubsub("get", "<affiliations/>"),
        owner("get", "<default/>"),
    ]
}
