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
        var messages: [Message] = []
        for item in items.elements.prefix(maximumItems) where item.namespace == items.namespace {
            if item.name == "retract", let ours, ours.isSingleton {
                messages.append(.cleared(host, ours))
            }
            guard item.name == "item", let payload = payload(of: item), fits(payload, ours) else {
                continue
            }
            let report = Report(
                host: host,
                node: ours ?? .summary,
                item: item["id"],
                payload: payload,
                sent: sent
            )
            messages.append(.report(report))
        }
        return messages
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

    private static func payload(of item: Element) -> MonitoringPayload? {
        for child in item.children {
            switch child {
            case .element(let element): return try? MonitoringPayload(element)
            case .raw(let raw):
                guard raw.bytes.count <= PayloadLimits.bytes,
                    let element = try? raw.parsed(limits: .client)
                else { return nil }
                return try? MonitoringPayload(element)
            case .text: continue
            }
        }
        return nil
    }
}
