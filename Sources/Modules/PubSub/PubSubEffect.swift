import Telemetry
package import XMPP

/// What follows from a decision of the engine.
package indirect enum PubSubEffect: Sendable {
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
    /// What of the past is not in the store; nil until that is known.
    private(set) var recalled: Recalled?

    /// The period under way, where there is one, at a moment.
    struct Recalled: Sendable, Hashable {
        var record: HistoryRecord?
        var time: Instant
    }

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

    /// Whether somebody asks for a node's past, so that it needs what is under way as well: where
    /// the node is kept it has to be ``AccountShard/recall(_:at:now:)``ed first.
    package var isQuestion: Bool {
        if case .history = purpose { true } else { false }
    }

    /// The request with what is under way.
    func recalling(_ record: HistoryRecord?, at now: Instant) -> LoadRequest {
        var request = self
        request.recalled = Recalled(record: record, time: now)
        return request
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
        guard let query = history else { return answered(payloads) }
        var whole = query
        whole.after = nil
        var loaded = answered(
            payloads,
            history: try store.history(owner: owner, node: node, query),
            usage: try store.historyUsage(owner: owner, node: node, whole)
        )
        if let record = recalled?.record {
            let period = HistoryQuery(query.resolution, from: record.start, to: record.start)
            let part = try store.historyUsage(owner: owner, node: node, period)
            loaded.add(record, inPlaceOf: part)
        }
        return loaded
    }
}

/// What a ``LoadRequest`` led to.
package struct LoadedItems: Sendable {
    let request: LoadRequest
    let payloads: [String: [UInt8]]
    var history: [HistoryRecord] = []
    var usage = HistoryUsage()

    /// Adds what is under way, where it is asked for, in the place of what the store has of that
    /// period: the part from before the server was started.
    mutating func add(_ record: HistoryRecord, inPlaceOf part: HistoryUsage) {
        guard let query = request.history else { return }
        if query.from <= record.start, record.start <= query.to {
            usage.records += 1 - part.records
            usage.bytes += record.payload.count - part.bytes
        }
        guard query.bounds?.contains(record.start) == true else { return }
        history.removeAll { $0.start == record.start }
        let next = history.firstIndex {
            query.newestFirst ? $0.start < record.start : $0.start > record.start
        }
        history.insert(record, at: next ?? history.count)
    }
}
