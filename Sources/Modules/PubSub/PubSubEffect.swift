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

/// What is not in memory, and what it is wanted for: payloads, or records of a node's past.
package struct LoadRequest: Sendable, Hashable {
    package let node: String
    package let items: [String]
    let purpose: Purpose
    /// Whether what is asked for may wait to be written: it is read when that is done.
    package let isBehind: Bool
    /// Which records of the node's past; nil for none.
    package let history: HistoryQuery?

    init(
        node: String,
        items: [String],
        purpose: Purpose,
        isBehind: Bool = false,
        history: HistoryQuery? = nil
    ) {
        self.node = node
        self.items = items
        self.purpose = purpose
        self.isBehind = isBehind
        self.history = history
    }

    enum Purpose: Sendable, Hashable {
        /// To answer a request for items, with what it says of the page.
        case answer(Stanza, [ItemRecord], ResultSetAnswer?)
        /// To answer a question about what was published.
        case archive(ArchiveQuestion, [ItemRecord], ArchiveEnd)
        /// To answer one about what samples came to.
        case history(ArchiveQuestion)
        /// To go on with the hour under way.
        case resume
        /// To send the last item.
        case lastItem(Recipient, ItemRecord)
        /// To send what was published while its recipient was away.
        case missed(Recipient, [ItemRecord])
        /// To send the last item to a subscription, of that id, that it has to match.
        case firstItem(Recipient, ItemRecord, String, on: String)
        /// To make of a host's items what the nodes about all hosts show.
        case aggregate(MonitoringNode, of: JID)
    }

    /// The request with what the store found; of no use to another than who asked.
    package func answered(
        _ payloads: [String: [UInt8]],
        history: [HistoryRecord] = [],
        usage: HistoryUsage = HistoryUsage()
    ) -> LoadedItems {
        LoadedItems(request: self, payloads: payloads, history: history, usage: usage)
    }

    /// Reads what is asked for, of the node where it is kept.
    package func answered(
        by store: any PubSubStore & HistoryStore,
        owner: JID,
        node: String
    ) throws -> LoadedItems {
        var payloads: [String: [UInt8]] = [:]
        if !items.isEmpty {
            payloads = try store.payloads(owner: owner, node: node, items: items)
        }
        guard var query = history else { return answered(payloads) }
        let records = try store.history(owner: owner, node: node, query)
        query.after = nil
        let usage = try store.historyUsage(owner: owner, node: node, query)
        return answered(payloads, history: records, usage: usage)
    }
}

/// What a ``LoadRequest`` led to.
package struct LoadedItems: Sendable {
    let request: LoadRequest
    let payloads: [String: [UInt8]]
    var history: [HistoryRecord] = []
    var usage = HistoryUsage()
}
