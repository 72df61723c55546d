package import XMPP

// Retrieving items (XEP-0060 §6.5).
extension PubSubService {
    mutating func retrieve(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try node(named: action["node"])
        try admit(request.from, request.relation, to: node)
        // XEP-0248 §6.2.3
        guard !node.isCollection else { throw .unsupported("retrieve-items") }
        let view = items(of: node, for: request.from)
        let payload = request.iq.payload ?? action
        let orders = try ItemOrder.read(in: payload)
        let asked = try ResultSetRequest.read(in: payload)
        var list = try ItemList(view).ordered(by: orders)
        if let chosen = try Self.chosen(action, of: view) {
            list = try list.identified(by: chosen)
        } else if let count = try Self.mostRecent(action) {
            list = list.mostRecent(count)
        }
        // XEP-0060 §6.5.4: who does not ask for a page gets the most recent items.
        let usual: ResultSetRequest.Place =
            action.child("item") != nil || orders.first?.isDescending == true ? .first : .last
        let page = try list.page(asked ?? ResultSetRequest(usual))
        let answer = asked != nil || page.isPart ? page.answer : nil
        return deliver(page.items, of: node) { records in
            .answer(request.iq, records, answer)
        }
    }

    /// Has what is not in memory loaded first, if anything is not.
    func deliver(
        _ items: [ItemLog.Item],
        of node: Node,
        _ purpose: ([ItemRecord]) -> LoadRequest.Purpose
    ) -> [PubSubEffect] {
        let request = LoadRequest(
            node: node.name,
            items: items.filter { $0.payload == .stored }.map(\.id),
            purpose: purpose(items.map(\.record)),
            isBehind: isBehind(node)
        )
        guard request.items.isEmpty else { return [.load(request)] }
        return complete(request, [:])
    }

    /// Whether the node's items, or those of the node that it mirrors, are written after the reply.
    private func isBehind(_ node: Node) -> Bool {
        let durability =
            node.original.map { MonitoringNodes.durability($0.node) }
            ?? profile.durability(node.name)
        return durability == .behind
    }

    /// The ids that the request names, of those that there are; nil where it names none.
    private static func chosen(
        _ action: Element,
        of view: ItemView
    ) throws(StanzaError) -> [String]? {
        var seen: Set<String> = []
        let ids = action.elements.filter { $0.matches("item", Namespace.pubsub) }
            .compactMap { $0["id"] }
            .filter { seen.insert($0).inserted }
        guard ids.count <= PubSubLimits.idsPerRequestMaximum else {
            throw StanzaError(.notAcceptable, text: "too many items are asked for at once")
        }
        guard !ids.isEmpty else { return nil }
        let found = ids.filter { view.position(of: $0) != nil }
        // XEP-0060 §6.5.9.11: none of those that were asked for.
        guard !found.isEmpty else { throw StanzaError(.itemNotFound) }
        return found
    }

    private static func mostRecent(_ action: Element) throws(StanzaError) -> Int? {
        guard let text = action["max_items"] else { return nil }
        guard let count = Int(text), count > 0 else {
            throw StanzaError(.badRequest, text: "max_items is a positive number")
        }
        return count
    }

    private func answer(
        _ iq: Stanza,
        node: String,
        _ records: [ItemRecord],
        _ page: ResultSetAnswer?
    ) -> PubSubEffect {
        let items = Element(
            "items",
            Namespace.pubsub,
            attributes: [.init("node", node)],
            records.map { record in
                let publisher = named(record.publisher, on: node)
                return record.element(in: Namespace.pubsub, naming: publisher)
            }
        )
        var pubsub = Element("pubsub", Namespace.pubsub, [items])
        if let page { pubsub.append(page.element) }
        return .reply(iq.result(pubsub))
    }

    /// The items with their payloads; one that went while it was being read is left out.
    private func filled(
        _ records: [ItemRecord],
        _ request: LoadRequest,
        _ payloads: [String: [UInt8]]
    ) -> [ItemRecord] {
        guard !request.items.isEmpty else { return records }
        let wanted = Set(request.items)
        return records.compactMap { record in
            guard wanted.contains(record.id) else { return record }
            guard let payload = payloads[record.id] else { return nil }
            var record = record
            record.payload = payload
            return record
        }
    }

    /// Answers with items that were asked for.
    private func complete(
        _ request: LoadRequest,
        _ payloads: [String: [UInt8]]
    ) -> [PubSubEffect] {
        switch request.purpose {
        case .answer(let iq, let records, let page):
            [answer(iq, node: request.node, filled(records, request, payloads), page)]
        case .archive(let question, let records, let end):
            archived(filled(records, request, payloads), question, end)
        default: []
        }
    }

    /// Takes payloads that it had asked for.
    package mutating func loaded(_ loaded: LoadedItems, at now: Instant) -> [PubSubEffect] {
        time = now
        switch loaded.request.purpose {
        case .answer, .archive: return complete(loaded.request, loaded.payloads)
        case .history(let question): return past(loaded, question)
        case .resume: return resumeHistory(of: loaded.request.node, loaded.history)
        case .aggregate(let node, let host):
            return aggregate(loaded, of: node, host, at: now)
        case .lastItem(let recipient, var record):
            guard let payload = loaded.payloads[record.id],
                nodes[loaded.request.node]?.items.newest?.id == record.id
            else { return [] }
            record.payload = payload
            return [lastItem(record, of: loaded.request.node, to: recipient)]
        case .missed(let recipient, let records):
            let found = filled(records, loaded.request, loaded.payloads)
            return sendMissed(found, on: loaded.request.node, to: recipient)
        case .firstItem(let recipient, var record, let id, let holder):
            guard let payload = loaded.payloads[record.id],
                nodes[loaded.request.node]?.items.newest?.id == record.id,
                let coverage = coverage(id, on: holder)
            else { return [] }
            record.payload = payload
            return firstItem(record, of: loaded.request.node, to: recipient, for: coverage)
        }
    }
}

extension ItemLog.Item {
    /// The item with the payload as far as it is in memory.
    var record: ItemRecord {
        let bytes: [UInt8]? = if case .bytes(let bytes) = payload { bytes } else { nil }
        return ItemRecord(
            id: id,
            publisher: publisher,
            published: published,
            created: created,
            payload: bytes
        )
    }
}

extension ItemRecord {
    /// The `<item/>`, in the namespace of a request's answer or of an event.
    func element(in namespace: String, naming publisher: JID? = nil) -> Element {
        var element = Element("item", namespace, attributes: [.init("id", id)])
        // XEP-0060 §7.1.2.3: named in events, the publisher is named here too.
        element["publisher"] = publisher?.description
        if let payload {
            element.children = [.payload(payload)]
        }
        return element
    }
}
