import Telemetry
import Testing
import XMPP

@testable import Modules

/// Hosts, viewers and the fleet service on one shard.
struct FleetConversation {
    static let node = MonitoringNode.cpu.name
    static let viewers = ["viewer", "boss"]

    var talk: Conversation
    private var questions = 0

    /// `viewers` see `hosts`; hosts do not see each other.
    static func groups(hosts: [String], viewers: [String] = viewers) -> SharedGroups {
        SharedGroups([
            "viewers": .init(members: Set(viewers.map(Conversation.jid))),
            "hosts": .init(members: Set(hosts.map(Conversation.jid)), sees: ["viewers"]),
        ])
    }

    init(
        hosts: [String] = ["web", "mail"],
        viewers: [String] = viewers,
        groups: SharedGroups? = nil,
        allowed: Set<JID> = [],
        others: [String] = [],
        nodes: [JID: [NodeRecord]] = [:],
        policy: HistoryPolicy? = nil
    ) throws {
        talk = Conversation(
            hosts + viewers + others,
            groups: groups ?? Self.groups(hosts: hosts, viewers: viewers),
            hasFleet: true,
            allowed: allowed,
            nodes: nodes,
            policy: policy
        )
        talk.start()
        for host in hosts { try talk.login(host + "/agent") }
        for viewer in viewers + others { try come(viewer) }
    }

    /// A viewer's session comes, not available: what accounts tell of themselves would only be in
    /// the way.
    mutating func come(_ account: String) throws {
        try talk.login(account + "/top")
    }

    // MARK: What hosts do

    mutating func publish(
        _ host: String,
        _ node: MonitoringNode = .cpu,
        id: String = MonitoringNode.currentItem,
        _ payload: String = "<sample xmlns='urn:lapwing:1' level='ok'/>"
    ) throws {
        try ask(
            host + "/agent",
            "set",
            "<publish node='\(node.name)'><item id='\(id)'>\(payload)</item></publish>",
            to: nil
        )
    }

    mutating func alert(_ host: String, _ level: Level, _ ids: [String]) throws {
        let list = AlertList(
            level: level,
            at: talk.now,
            alerts: ids.map {
                Alert(id: $0, rule: "r", level: level, since: talk.now, summary: "too much")
            }
        )
        let node = try #require(MonitoringNode.alerts(level))
        try publish(host, node, String(decoding: list.element.serialized(), as: UTF8.self))
    }

    // MARK: What viewers do

    @discardableResult
    mutating func subscribe(_ viewer: String, _ node: String = "#") throws -> String? {
        let jid = Conversation.jid(viewer)
        return try set(viewer, "<subscribe node='\(node)' jid='\(jid)/top'/>")
    }

    /// The error, or nil.
    @discardableResult
    mutating func set(_ viewer: String, _ content: String) throws -> String? {
        try ask(viewer + "/top", "set", content, to: Conversation.fleet)?.error?.summary
    }

    mutating func get(_ viewer: String, _ content: String) throws -> String? {
        try ask(viewer + "/top", "get", content, to: Conversation.fleet)?.error?.summary
    }

    /// The ids of the items; an error in place of them.
    mutating func items(_ viewer: String, _ node: String, _ more: String = "") throws -> [String] {
        let reply = try ask(
            viewer + "/top",
            "get",
            "<items node='\(node)' \(more)/>",
            to: Conversation.fleet
        )
        if let error = reply?.error { return [error.summary] }
        return reply?.payload?.elements.first?.elements.compactMap { $0["id"] } ?? []
    }

    /// Those of the items that there are.
    mutating func has(_ viewer: String, _ node: String, _ ids: [String]) throws -> [String] {
        let items = ids.map { "<item id='\($0)'/>" }.joined()
        let request = "<items node='\(node)'>\(items)</items>"
        let reply = try ask(viewer + "/top", "get", request, to: Conversation.fleet)
        return reply?.payload?.elements.first?.elements.compactMap { $0["id"] } ?? []
    }

    /// The nodes that are shown to it.
    mutating func nodes(_ viewer: String) throws -> [String] {
        let query = Element("query", Namespace.discoItems)
        let reply = try ask(viewer + "/top", "get", query, to: Conversation.fleet)
        return reply?.payload?.elements.compactMap { $0["node"] } ?? []
    }

    /// What the fleet service told since the last time, as `host/web/cpu item current`.
    mutating func told(_ viewer: String) -> [String] {
        events(viewer).flatMap(\.summaries)
    }

    mutating func events(_ viewer: String) -> [Stanza] {
        talk.take(viewer + "/top").filter { $0.kind == .message && $0.from == Conversation.fleet }
    }

    @discardableResult
    mutating func ask(
        _ session: String,
        _ type: String,
        _ content: String,
        to: JID?
    ) throws -> Stanza? {
        let isOwners = content.hasPrefix("#")
        let namespace = isOwners ? Namespace.pubsubOwner : Namespace.pubsub
        let markup = "<pubsub xmlns='\(namespace)'>\(content.drop { $0 == "#" })</pubsub>"
        return try ask(session, type, try Element(parsing: Array(markup.utf8)), to: to)
    }

    @discardableResult
    mutating func ask(
        _ session: String,
        _ type: String,
        _ payload: Element,
        to: JID?
    ) throws -> Stanza? {
        questions += 1
        let id = "q\(questions)"
        talk.send(session, Stanza(.iq, type: type, id: id, to: to, [payload]))
        return talk.reply(to: id, of: session)
    }
}

extension Stanza {
    /// What an event tells, in a few words each.
    var summaries: [String] {
        let event = payload("event", Namespace.pubsubEvent)
        return event?.elements.map { element in
            let node = element["node"] ?? ""
            guard element.name == "items" else {
                return element.name == "subscription"
                    ? "\(node) subscription \(element["subscription"] ?? "")"
                    : "\(node) \(element.name)"
            }
            let entry = element.elements.first
            return "\(node) \(entry?.name ?? "") \(entry?["id"] ?? "")"
        } ?? []
    }

    /// The item that an event tells of.
    var item: Element? {
        payload("event", Namespace.pubsubEvent)?.elements.first?.elements.first
    }

    /// The ids of the subscriptions that an event is for.
    var subscriptions: [String] {
        for case .raw(let raw) in children where raw.namespace == Namespace.headers {
            return (try? raw.parsed())?.elements.filter { $0["name"] == "SubID" }.map(\.text) ?? []
        }
        return []
    }
}
