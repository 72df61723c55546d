import Telemetry
package import XMPP

/// A question about what was published, as far as its answer needs it.
struct ArchiveQuestion: Sendable, Hashable {
    let iq: Stanza
    let from: JID
    let query: ArchiveQuery
}

// What was published on a node, by time (XEP-0313, on nodes by XEP-0442).
extension PubSubService {
    package func receiveQuestion(
        _ iq: Stanza,
        from: JID,
        relation: Relation
    ) throws(StanzaError) -> [PubSubEffect] {
        guard let payload = iq.payload else { throw StanzaError(.badRequest) }
        switch (payload.name, iq.type) {
        case ("query", "get"):
            // XEP-0313 §4.1.5
            return [.reply(iq.result(ArchiveQuery.fields(node: payload["node"])))]
        case ("query", "set"):
            let query = try ArchiveQuery(payload)
            let node = try archived(query.node, for: from, relation)
            return try ask(ArchiveQuestion(iq: iq, from: from, query: query), of: node)
        case ("metadata", "get"):
            let node = try archived(payload["node"], for: from, relation)
            let metadata = metadata(of: items(of: node, for: from))
            return [.reply(iq.result(metadata.element(node: node.name)))]
        default:
            throw StanzaError(
                .badRequest,
                text: "an archive is asked by <query/> or <metadata/>"
            )
        }
    }

    /// The node, for who may have its items.
    private func archived(
        _ name: String?,
        for jid: JID,
        _ relation: Relation
    ) throws(StanzaError) -> Node {
        guard let name else {
            throw StanzaError(
                .featureNotImplemented,
                text: "messages are not archived here; name a node in the attribute node"
            )
        }
        try admitToFleet(jid)
        let node = try node(named: name)
        try admit(jid, relation, to: node)
        return node
    }

    private func ask(
        _ question: ArchiveQuestion,
        of node: Node
    ) throws(StanzaError) -> [PubSubEffect] {
        let query = question.query
        guard query.resolution == .raw else { return [try recall(question, of: node)] }
        var list = ItemList(items(of: node, for: question.from))
        list = try list.published(from: query.start, to: query.end)
        list = try list.between(after: query.afterID, before: query.beforeID)
        if let ids = query.ids { list = try list.identified(by: ids) }
        if let publisher = query.with {
            list = try list.filtered { $0.publisher == publisher.bare }
        }
        let page = try list.ordered(by: query.orders).page(query.page)
        let end = ArchiveEnd(isComplete: page.isComplete, page: page.answer)
        return deliver(page.items, of: node) { .archive(question, $0, end) }
    }

    /// The answer to a question: each item in a message, then the end (XEP-0313 §4.2).
    func archived(
        _ records: [ItemRecord],
        _ question: ArchiveQuestion,
        _ end: ArchiveEnd
    ) -> [PubSubEffect] {
        let name = question.query.node ?? ""
        let hasPayloads = nodes[name]?.configuration.deliversPayloads ?? true
        let results = records.map { record in
            var record = record
            if !hasPayloads { record.payload = nil }
            let publisher = named(record.publisher, on: name)
            let item = record.element(in: Namespace.pubsubEvent, naming: publisher)
            return result(item, id: record.id, stamp: record.published, question)
        }
        return finish(results, question, end)
    }

    private func result(
        _ item: Element,
        id: String,
        stamp: Instant,
        _ question: ArchiveQuestion
    ) -> PubSubEffect {
        let items = Element(
            "items",
            Namespace.pubsubEvent,
            attributes: [.init("node", question.query.node ?? "")],
            [item]
        )
        let result = ArchiveResult(
            queryID: question.query.queryID,
            id: id,
            stamp: stamp,
            event: Element("event", Namespace.pubsubEvent, [items])
        )
        return .send(Stanza(.message, from: owner, to: question.from, [result.element]))
    }

    private func finish(
        _ results: [PubSubEffect],
        _ question: ArchiveQuestion,
        _ end: ArchiveEnd
    ) -> [PubSubEffect] {
        // XEP-0313 §4.3.4
        (question.query.isFlipped ? results.reversed() : results)
            + [.reply(question.iq.result(end.element))]
    }

    private func metadata(of items: ItemView) -> ArchiveMetadata {
        guard let oldest = items.oldest, let newest = items.newest else {
            return ArchiveMetadata()
        }
        return ArchiveMetadata(
            .init(
                oldest: .init(id: oldest.id, stamp: oldest.published),
                newest: .init(id: newest.id, stamp: newest.published)
            )
        )
    }
}

// MARK: - What samples came to

extension PubSubService {
    /// Asks the store for minutes or hours.
    private func recall(
        _ question: ArchiveQuestion,
        of node: Node
    ) throws(StanzaError) -> PubSubEffect {
        let query = question.query
        guard profile.history != nil, keepsHistory(of: node) else {
            throw StanzaError(
                .featureNotImplemented,
                text: "of this node there are no minutes and hours; ask for raw"
            )
        }
        guard query.ids == nil, query.with == nil, query.orders.isEmpty else {
            throw StanzaError(
                .featureNotImplemented,
                text: "minutes and hours are asked for by time only"
            )
        }
        var history = HistoryQuery(query.resolution == .minute ? .minute : .hour)
        history.from = query.start ?? history.from
        history.to = query.end ?? history.to
        if let id = query.afterID {
            history.from = max(history.from, try Self.period(id).after + .milliseconds(1))
        }
        if let id = query.beforeID {
            history.to = min(history.to, try Self.period(id).before + .milliseconds(-1))
        }
        switch query.page.place {
        case .first: break
        case .last: history.newestFirst = true
        case .after(let id): history.after = try Self.period(id).after
        case .before(let id):
            history.after = try Self.period(id).before
            history.newestFirst = true
        case .index:
            // XEP-0059 §2.6
            throw StanzaError(.featureNotImplemented, text: "minutes and hours have no index")
        }
        // One more tells whether there are more.
        history.limit = Self.length(of: query.page) + 1
        return .load(
            LoadRequest(
                node: node.name,
                items: [],
                purpose: .history(question),
                // A minute that has just ended may wait to be written.
                isBehind: true,
                history: history
            )
        )
    }

    private static func length(of page: ResultSetRequest) -> Int {
        min(page.max ?? ResultSetRequest.pageMaximum, ResultSetRequest.pageMaximum)
    }

    private static func period(_ id: String) throws(StanzaError) -> PeriodID {
        guard let period = PeriodID(id) else {
            throw StanzaError(.itemNotFound, text: "no period has the id \(id.prefix(64))")
        }
        return period
    }

    /// Whether minutes and hours are kept of the node: those of hosts' samples are.
    func keepsHistory(of node: Node) -> Bool {
        switch profile.kind {
        case .personal: MonitoringNodes.node(named: node.name)?.isGroup == true
        // Of a mirror that of its original is read.
        case .fleet:
            node.original.flatMap { MonitoringNodes.node(named: $0.node) }?.isGroup == true
        case .shared: false
        }
    }

    /// The answer to a question about minutes or hours.
    func past(_ loaded: LoadedItems, _ question: ArchiveQuestion) -> [PubSubEffect] {
        let time = loaded.request.recalled?.time ?? Instant(milliseconds: .max)
        let told = question.query.toldInPart
        let found = loaded.history.map { (id: PeriodID($0, at: time), record: $0) }
            .filter { $0.id.end == nil || !told.contains($0.id.start) }
        let length = Self.length(of: question.query.page)
        var left = PubSubLimits.answerBytesMaximum
        var entries: [(id: PeriodID, record: HistoryRecord)] = []
        for entry in found.prefix(length) {
            left -= entry.record.payload.count + PubSubLimits.itemMarkupBytes
            guard left >= 0 || entries.isEmpty else { break }
            entries.append(entry)
        }
        let isComplete = entries.count == found.count
        if loaded.request.history?.newestFirst == true { entries.reverse() }
        let results = entries.map { entry in
            let id = entry.id.description
            var item = Element("item", Namespace.pubsubEvent, attributes: [.init("id", id)])
            item.children = [.payload(entry.record.payload)]
            return result(item, id: id, stamp: entry.record.start, question)
        }
        let page = ResultSetAnswer(
            first: entries.first?.id.description,
            last: entries.last?.id.description,
            count: loaded.usage.records
        )
        return finish(results, question, ArchiveEnd(isComplete: isComplete, page: page))
    }
}

extension ArchiveQuery {
    /// When periods began that the asker has had in part, and wants what comes behind them.
    ///
    /// They are told again once they are over, and not before: who goes from page to page would
    /// else find no end.
    fileprivate var toldInPart: [Instant] {
        var ids = [afterID]
        if case .after(let id) = page.place { ids.append(id) }
        return ids.compactMap { $0.flatMap { PeriodID($0) } }.filter { $0.end != nil }.map(\.start)
    }
}
