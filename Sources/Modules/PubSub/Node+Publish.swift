import XMPP

// What a node makes of an item (XEP-0060 §7.1).
extension Node {
    /// An item that was taken.
    struct Taken {
        /// Nil on a node whose events carry no item.
        let record: ItemRecord?
        /// What is to be kept; nil on a node that keeps nothing.
        let kept: Kept?
    }

    /// An item's place among the others.
    struct Kept {
        let trimmed: [String]
        let durability: Durability
    }

    /// Checks the request and takes its item: everything is looked at before anything is changed.
    ///
    /// In one call, so that the node is changed where it stands: a copy of it would copy its items.
    mutating func publish(
        _ action: Element,
        preconditions: DataForm?,
        _ request: PubSubRequest,
        profile: PubSubService.Profile,
        id newID: () -> String
    ) throws(StanzaError) -> Taken {
        guard mayPublish(request.from, request.relation) else { throw StanzaError(.forbidden) }
        if let preconditions, let field = configuration.unmet(preconditions) {
            throw .pubsub(
                .conflict,
                "precondition-not-met",
                text: "\(field) is otherwise here"
            )
        }
        guard let item = try item(in: action) else { return Taken(record: nil, kept: nil) }
        let record = ItemRecord(
            id: item.id ?? newID(),
            publisher: request.from.bare,
            published: request.now,
            payload: item.payload
        )
        return Taken(record: record, kept: keep(record, profile))
    }

    /// An item as the publisher sent it.
    private struct Published {
        let id: String?
        let payload: [UInt8]?
    }

    /// XEP-0060 §7.1.3.6: what the node's configuration wants of an item.
    private func item(in action: Element) throws(StanzaError) -> Published? {
        var found: Element?
        for case .element(let child) in action.children
        where child.matches("item", Namespace.pubsub) {
            guard found == nil else {
                throw StanzaError(.badRequest, text: "a publish carries one item")
            }
            found = child
        }
        guard let found else {
            guard configuration.isBareNotification else {
                throw .pubsub(.badRequest, "item-required")
            }
            return nil
        }
        guard !configuration.isBareNotification else {
            throw .pubsub(.badRequest, "item-forbidden")
        }
        let id = found["id"]
        if let id, id.isEmpty || id.utf8.count > PubSubLimits.nameBytesMaximum {
            throw StanzaError(
                .notAcceptable,
                text: "an item's id has 1 to \(PubSubLimits.nameBytesMaximum) bytes"
            )
        }
        return Published(id: id, payload: try payload(of: found))
    }

    private func payload(of item: Element) throws(StanzaError) -> [UInt8]? {
        var payload: (bytes: [UInt8], namespace: String)?
        for child in item.children {
            let next: (bytes: [UInt8], namespace: String)
            switch child {
            case .raw(let raw): next = (raw.bytes, raw.namespace)
            case .element(let tree): next = (tree.serialized(), tree.namespace)
            case .text: continue
            }
            guard payload == nil else {
                throw .pubsub(.badRequest, "invalid-payload", text: "an item has one payload")
            }
            payload = next
        }
        guard let payload else {
            guard !configuration.deliversPayloads else {
                throw .pubsub(.badRequest, "payload-required")
            }
            return nil
        }
        guard payload.bytes.count <= configuration.payloadBytesMaximum else {
            throw .pubsub(
                .notAcceptable,
                "payload-too-big",
                text: "a payload has at most \(configuration.payloadBytesMaximum) bytes"
            )
        }
        let namespace = configuration.payloadNamespace
        guard namespace.isEmpty || payload.namespace == namespace else {
            throw .pubsub(
                .badRequest,
                "invalid-payload",
                text: "payloads here are of \(namespace)"
            )
        }
        return payload.bytes
    }

    /// Makes the item the newest and trims the rest.
    private mutating func keep(_ record: ItemRecord, _ profile: PubSubService.Profile) -> Kept? {
        let maximum = profile.limits.items(of: configuration)
        guard configuration.persistsItems, maximum > 0 else { return nil }
        let durability = profile.durability(name)
        // What is written behind may not be on the disk yet, and stays a while.
        let isBehind = durability == .behind
        let isLarge = (record.payload?.count ?? 0) > PubSubLimits.payloadInMemoryMaximum
        let payload: Payload =
            switch record.payload {
            case nil: .absent
            case .some where isLarge && !isBehind: .stored
            case .some(let bytes): .bytes(bytes)
            }
        items.add(
            .init(
                id: record.id,
                publisher: record.publisher,
                published: record.published,
                payload: payload
            )
        )
        let trimmed = items.count > maximum ? items.trim(to: maximum) : []
        items.cool(keeping: isBehind ? PubSubLimits.payloadsInMemoryMaximum : 0)
        return Kept(trimmed: trimmed, durability: durability)
    }
}
