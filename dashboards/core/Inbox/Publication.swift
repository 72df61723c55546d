import Telemetry
import XMPP

/// Reads what pubsub events and answers carry of our nodes.
enum Publication {
    /// Items read of one stanza: more than any node of ours is asked for.
    static let maximumItems = 1000

    /// The messages that an `<event/>` or the `<pubsub/>` of an answer stands for; what is not of
    /// monitoring, or can't be read, is passed over.
    static func read(_ container: Element, from host: JID, sent: Instant?) -> [Message] {
        var messages: [Message] = []
        for part in container.elements where part.namespace == container.namespace {
            guard let name = part["node"] else { continue }
            switch part.name {
            case "items": messages += items(part, of: name, from: host, sent: sent)
            case "purge", "delete":
                MonitoringNode(name: name).map { messages.append(.cleared(host, $0)) }
            default: continue
            }
        }
        return messages
    }

    private static func items(
        _ items: Element,
        of name: String,
        from host: JID,
        sent: Instant?
    ) -> [Message] {
        let ours = MonitoringNode(name: name)
        guard ours != nil || name == ProsodyValue.loadNode else { return [] }
        return entries(of: items).flatMap { read($0, of: ours, from: host, sent: sent) }
    }

    /// The items and retractions in `<items/>`, as many as are read.
    static func entries(of items: Element) -> [Element] {
        items.elements.prefix(maximumItems).filter {
            $0.namespace == items.namespace && ($0.name == "item" || $0.name == "retract")
        }
    }

    /// What one item or retraction stands for; `node` is nil for the load that Prosody tells.
    static func read(
        _ item: Element,
        of node: MonitoringNode?,
        from host: JID,
        sent: Instant?
    ) -> [Message] {
        if item.name == "retract" {
            guard let node, node.isSingleton else { return [] }
            return [.cleared(host, node)]
        }
        guard let element = element(in: item), let payload = try? MonitoringPayload(element),
            fits(payload, node)
        else { return [] }
        let report = Report(
            host: host,
            node: node ?? .summary,
            item: item["id"],
            payload: payload,
            sent: sent
        )
        return [.report(report)]
    }

    /// Whether a payload belongs into its node: a sample into a group's, an alert list into its
    /// level's.
    private static func fits(_ payload: MonitoringPayload, _ node: MonitoringNode?) -> Bool {
        switch payload {
        case .sample: node?.isGroup ?? false
        case .alerts(let list): node != nil && MonitoringNode.alerts(list.level) == node
        case .event: node == .events
        case .meta: node == .meta
        case .prosody: node == nil
        }
    }

    /// The payload of an item as a tree; nil without one, and for one that is too large.
    static func element(in item: Element) -> Element? {
        for child in item.children {
            switch child {
            case .element(let element): return element
            case .raw(let raw):
                guard raw.bytes.count <= PayloadLimits.bytes else { return nil }
                return try? raw.parsed(limits: .client)
            case .text: continue
            }
        }
        return nil
    }
}
