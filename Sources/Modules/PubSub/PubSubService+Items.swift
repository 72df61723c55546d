package import XMPP

// Retrieving items (XEP-0060 §6.5).
extension PubSubService {
    mutating func retrieve(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        var node = try node(named: action["node"])
        try admit(request.from, request.relation, to: node)
        // XEP-0248 §6.2.3
        guard !node.isCollection else { throw .unsupported("retrieve-items") }
        node.items = items(of: node, for: request.from)
        let items = try chosen(action, of: node)
        let missing = items.filter { $0.payload == .stored }.map(\.id)
        let records = items.map { $0.record }
        if missing.isEmpty {
            return [answer(request.iq, node: node.name, records)]
        }
        return [
            .load(
                LoadRequest(
                    node: node.name,
                    items: missing,
                    purpose: .answer(request.iq, records)
                )
            )
        ]
    }

    private func chosen(
        _ action: Element,
        of node: Node
    ) throws(StanzaError) -> [ItemLog.Item] {
        var seen: Set<String> = []
        let ids = action.elements.filter { $0.matches("item", Namespace.pubsub) }
            .compactMap { $0["id"] }
            .filter { seen.insert($0).inserted }
        guard ids.count <= PubSubLimits.idsPerRequestMaximum else {
            throw StanzaError(.notAcceptable, text: "too many items are asked for at once")
        }
        if !ids.isEmpty {
            let items = ids.compactMap { node.items[$0] }
            // XEP-0060 §6.5.9.11: none of those that were asked for.
            guard !items.isEmpty else { throw StanzaError(.itemNotFound) }
            return items
        }
        guard let text = action["max_items"] else {
            return node.items.latest(PubSubLimits.idsPerRequestMaximum)
        }
        guard let count = Int(text), count > 0 else {
            throw StanzaError(.badRequest, text: "max_items is a positive number")
        }
        return node.items.latest(min(count, PubSubLimits.idsPerRequestMaximum))
    }

    func answer(
        _ iq: Stanza,
        node: String,
        _ records: [ItemRecord]
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
        return .reply(iq.result(Element("pubsub", Namespace.pubsub, [items])))
    }

    /// Takes payloads that it had asked for.
    package mutating func loaded(_ loaded: LoadedItems, at now: Instant) -> [PubSubEffect] {
        time = now
        switch loaded.request.purpose {
        case .answer(let iq, let records):
            // An item that went while it was being read is left out.
            let wanted = Set(loaded.request.items)
            let found = records.compactMap { record -> ItemRecord? in
                guard wanted.contains(record.id) else { return record }
                guard let payload = loaded.payloads[record.id] else { return nil }
                var record = record
                record.payload = payload
                return record
            }
            return [answer(iq, node: loaded.request.node, found)]
        case .aggregate(let node, let host):
            return aggregate(loaded, of: node, host, at: now)
        case .lastItem(let recipient, var record):
            guard let payload = loaded.payloads[record.id],
                nodes[loaded.request.node]?.items.newest?.id == record.id
            else { return [] }
            record.payload = payload
            return [lastItem(record, of: loaded.request.node, to: recipient)]
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
        return ItemRecord(id: id, publisher: publisher, published: published, payload: bytes)
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
