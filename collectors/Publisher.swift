import Telemetry
import XMPP

/// Turns groups, alerts and events into publishes, and counts their results off by id.
///
/// A value: stanzas in, stanzas out. It is offline or online; while online, a node's first publish
/// of a run carries publish-options, and a server that refuses them gets plain publishes. What is
/// a snapshot is kept as its newest; events are kept until the server has taken them.
struct Publisher {
    private(set) var isOnline = false
    /// Publishes that the server has taken.
    private(set) var published = 0
    /// Samples that were not sent, and events that were given up.
    private(set) var dropped = 0
    /// Lines for the log, taken by the owner.
    private(set) var notices: [String] = []

    private let access: AgentSettings.AccessModel
    private var snapshots: [MonitoringNode: Element.Node] = [:]
    private var events: [Event] = []
    private var ready: Set<MonitoringNode> = []
    private var refused: Set<MonitoringNode> = []
    private var waiting: [String: Sent] = [:]
    private var sentCount = 0
    private var noticed: Set<String> = []

    /// What a result is awaited for.
    private struct Sent {
        var node: MonitoringNode
        var item: String
        var withOptions: Bool
    }

    init(access: AgentSettings.AccessModel = .presence) {
        self.access = access
    }

    /// How many events wait for the server.
    var queuedEvents: Int { events.count }

    /// Whether a sample can go out now: not while a slow server owes this many results.
    var hasRoom: Bool { waiting.count < Self.mostWaiting }

    /// A new connection: presence, then all snapshots, then the events that are still owed.
    mutating func online() -> [Stanza] {
        isOnline = true
        waiting = [:]
        ready = []
        var stanzas = [
            // RFC 6121 §4.7.2.3: a negative priority keeps chat to the account away from here.
            Stanza(
                .presence,
                [Element("priority", Namespace.client, text: String(Self.priority))]
            )
        ]
        for node in MonitoringNode.allCases {
            guard let payload = snapshots[node] else { continue }
            stanzas.append(publish(node, MonitoringNode.currentItem, payload))
        }
        for event in events {
            stanzas.append(publish(.events, event.itemID, .element(event.element)))
        }
        return stanzas
    }

    /// The connection is gone, and with it the results that were awaited.
    mutating func offline() {
        isOnline = false
        waiting = [:]
    }

    /// Publishes a snapshot, or keeps it for when there is a connection.
    mutating func publish(_ node: MonitoringNode, _ payload: Element.Node) -> [Stanza] {
        snapshots[node] = payload
        guard isOnline else { return [] }
        return [publish(node, MonitoringNode.currentItem, payload)]
    }

    /// Publishes an event, and keeps it until the server has taken it.
    mutating func publish(_ event: Event) -> [Stanza] {
        if events.count >= Self.mostEvents {
            events.removeFirst()
            dropped += 1
            notice("events", "too many events wait for the server: the oldest are given up")
        }
        events.append(event)
        guard isOnline else { return [] }
        return [publish(.events, event.itemID, .element(event.element))]
    }

    /// Notes a sample that was left out because the server is slow.
    mutating func skippedSample() { dropped += 1 }

    /// Takes a stanza from the server; what is no result of ours is left alone, but for requests,
    /// which must be answered (RFC 6120 §8.2.3).
    mutating func received(_ stanza: Stanza) -> [Stanza] {
        guard stanza.kind == .iq else { return [] }
        if stanza.isRequest { return [stanza.failure(StanzaError(.serviceUnavailable))] }
        guard let id = stanza.id, let sent = waiting.removeValue(forKey: id) else { return [] }
        guard stanza.isError else {
            published += 1
            if sent.node == .events { events.removeAll { $0.itemID == sent.item } }
            return []
        }
        return failed(sent, stanza.error ?? StanzaError(.undefinedCondition))
    }

    /// The lines to log since the last call.
    mutating func takeNotices() -> [String] {
        defer { notices = [] }
        return notices
    }

    private mutating func failed(_ sent: Sent, _ error: StanzaError) -> [Stanza] {
        let text = error.text.map { " (\($0))" } ?? ""
        if sent.withOptions, error.kind != .wait, error.condition != .forbidden {
            // The node is as it is; values matter more than its configuration.
            refused.insert(sent.node)
            notice("options", "the server refuses the nodes' options: publishing without them")
            return again(sent)
        }
        notice(
            sent.node.rawValue,
            "publishing to \(sent.node.rawValue) failed: \(error.condition.rawValue)\(text)"
        )
        // What may work later is tried again with the next connection or the next sample.
        if sent.node == .events, error.kind != .wait {
            events.removeAll { $0.itemID == sent.item }
            dropped += 1
        }
        return []
    }

    private mutating func again(_ sent: Sent) -> [Stanza] {
        if sent.node == .events {
            guard let event = events.first(where: { $0.itemID == sent.item }) else { return [] }
            return [publish(.events, sent.item, .element(event.element))]
        }
        guard let payload = snapshots[sent.node] else { return [] }
        return [publish(sent.node, sent.item, payload)]
    }

    private mutating func publish(
        _ node: MonitoringNode,
        _ item: String,
        _ payload: Element.Node
    ) -> Stanza {
        let options = !refused.contains(node) && ready.insert(node).inserted
        sentCount &+= 1
        let id = "p" + String(sentCount)
        waiting[id] = Sent(node: node, item: item, withOptions: options)
        return PublishRequest(
            id: id,
            node: node,
            item: item,
            payload: payload,
            access: options ? access : nil
        ).stanza
    }

    private mutating func notice(_ key: String, _ line: String) {
        if noticed.insert(key).inserted { notices.append(line) }
    }

    static let priority = -1
    /// Events that are kept while the server is away: as many as their node holds.
    static let mostEvents = 1000
    /// Results that may be awaited before samples are left out: several seconds of all groups.
    static let mostWaiting = 64
}
