import Telemetry
package import XMPP

/// What follows from a decision of the engine.
package enum PubSubEffect: Sendable {
    case store(PubSubChange, Durability)
    case reply(Stanza)
    case notify(Notification)
    case load(LoadRequest)
    /// Has ``PubSubService/woke(at:)`` called then; an earlier request stays in force beside it.
    case wake(Instant)
    /// A message of the service's own, as a form for a node's owner.
    case send(Stanza)
    /// Tells the fleet service what has become of a node of this host.
    case mirror(MirrorChange)
    /// Has the presence of a local account's sessions told from here on, what there is at once.
    case watch(JID)
}

/// Payloads that are not in memory, and what they are wanted for.
package struct LoadRequest: Sendable, Hashable {
    package let node: String
    package let items: [String]
    let purpose: Purpose

    enum Purpose: Sendable, Hashable {
        /// To answer a request for items.
        case answer(Stanza, [ItemRecord])
        /// To send the last item.
        case lastItem(Recipient, ItemRecord)
        /// To send the last item to a subscription, of that id, that it has to match.
        case firstItem(Recipient, ItemRecord, String, on: String)
        /// To make of a host's items what the nodes about all hosts show.
        case aggregate(MonitoringNode, of: JID)
    }

    /// The request with what the store found; of no use to another than who asked.
    package func answered(_ payloads: [String: [UInt8]]) -> LoadedItems {
        LoadedItems(request: self, payloads: payloads)
    }
}

/// What a ``LoadRequest`` led to.
package struct LoadedItems: Sendable {
    let request: LoadRequest
    let payloads: [String: [UInt8]]
}
