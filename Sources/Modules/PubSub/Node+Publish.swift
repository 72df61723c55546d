import XMPP

// What a node makes of an item (XEP-0060 §7.1).
extension Node {
    /// An item that was taken.
    struct Taken {
        /// Nil on a node whose events carry no item.
        let record: ItemRecord?
        /// What is to be kept; nil on a node that keeps nothing.
        var kept: Kept?
    }

    /// An item's place among the others.
    struct Kept {
        let trimmed: [String]
        let durability: Durability
        /// When the node's items have to be looked at for their age, where that is new.
        let expiry: Instant?
        /// Whether the item goes when its publisher goes offline.
        let isPurgedOffline: Bool
        /// Whether those that are trimmed are told of.
        let isRetracting: Bool
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
        // XEP-0060 §7.1.3.2
        guard configuration.nodeType == .leaf else { throw .unsupported("publish") }
        guard mayPublish(request.from, request.relation) else { throw StanzaError(.forbidden) }
        // XEP-0060 §7.1.3.2
        guard !isCollection else { throw .unsupported("publish") }
        if let preconditions, let field = configuration.unmet(preconditions) {
            throw .pubsub(
                .conflict,
                "precondition-not-met",
                text: "\(field) is otherwise here"
            )
        }
        guard let item = try item(in: action) else { return Taken(record: nil, kept: nil) }
        let id = item.id ?? unused(newID)
        try makeRoom(for: id, item.payload?.count ?? 0, profile)
        let record = ItemRecord(
            id: id,
            publisher: request.from.bare,
            published: request.now,
            created: items[id]?.created,
            payload: item.payload
        )
        return Taken(record: record, kept: keep(record, profile))
    }

    /// XEP-0060 §7.1.3.4; an item that takes another's place needs no room but for its bytes.
    private func makeRoom(
        for id: String,
        _ bytes: Int,
        _ profile: PubSubService.Profile
    ) throws(StanzaError) {
        guard configuration.whenFull == .reject, configuration.persistsItems else { return }
        let before = items[id]
        let isFull = before == nil && items.count >= profile.limits.items(of: configuration)
        let isLarge = items.bytes - (before?.bytes ?? 0) + bytes > configuration.bytesKept
        guard isFull || isLarge else { return }
        throw .pubsub(.conflict, "node-full", text: "the node takes no more items")
    }

    /// XEP-0060 §7.1.1: an id that is no other item's.
    private func unused(_ newID: () -> String) -> String {
        var id = newID()
        while items[id] != nil { id = newID() }
        return id
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
            case .raw(let raw): next = (raw.standingAlone, raw.namespace)
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
        let trimmed = items.add(
            .init(
                id: record.id,
                publisher: record.publisher,
                published: record.published,
                payload: payload,
                bytes: record.payload?.count ?? 0
            ),
            trimmingTo: maximum,
            bytes: configuration.bytesKept
        )
        items.cool(keeping: isBehind ? PubSubLimits.payloadsInMemoryMaximum : 0)
        return Kept(
            trimmed: trimmed,
            durability: durability,
            expiry: nextExpiry(),
            isPurgedOffline: configuration.purgesOffline,
            isRetracting: isRetracting(maximum)
        )
    }

    /// Whether subscribers are told of an item that made room (XEP-0060 §7.1.2.5).
    ///
    /// Not on a node of one item: that the next takes its place the next says itself, and a retract
    /// would look to who shows the one as if there was nothing any more.
    private func isRetracting(_ maximum: Int) -> Bool {
        configuration.whenFull == .retractOldest && configuration.notifiesRetract && maximum > 1
    }
}
