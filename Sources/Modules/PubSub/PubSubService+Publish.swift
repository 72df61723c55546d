import XMPP

// Publishing and retracting items (XEP-0060 §7).
extension PubSubService {
    /// XEP-0060 §7.1; nodes that do not exist are made for the owner (§7.1.4).
    mutating func publish(
        _ action: Element,
        in payload: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        guard let name = action["node"], !name.isEmpty else {
            throw .pubsub(.badRequest, "nodeid-required")
        }
        let options = try Self.options(in: payload)
        var effects: [PubSubEffect] = []
        let configuration: NodeConfiguration
        var created: Node?
        if let node = nodes[name] {
            guard node.mayPublish(request.from, request.relation) else {
                throw StanzaError(.forbidden)
            }
            if let options, let field = node.configuration.unmet(options) {
                throw .pubsub(
                    .conflict,
                    "precondition-not-met",
                    text: "\(field) is otherwise here"
                )
            }
            configuration = node.configuration
        } else {
            let node = try newNode(name, options: options, request)
            configuration = node.configuration
            created = node
        }
        let item = try Self.item(in: action, configuration)
        if let item { try check(item, configuration) }
        if let created { effects += add(created) }
        return effects + publish(item, on: name, request)
    }

    /// An item as the publisher sent it.
    private struct Published {
        let id: String?
        let payload: [UInt8]?
        let namespace: String?
    }

    private static func options(in payload: Element) throws(StanzaError) -> DataForm? {
        guard let options = payload.child("publish-options") else { return nil }
        guard let form = options.child("x", Namespace.dataForms).flatMap(DataForm.init),
            form.formType == Namespace.pubsub + "#publish-options"
        else {
            throw StanzaError(.badRequest, text: "publish-options hold a form of that type")
        }
        return form
    }

    /// XEP-0060 §7.1.3.6: what the node's configuration wants of an item.
    private static func item(
        in action: Element,
        _ configuration: NodeConfiguration
    ) throws(StanzaError) -> Published? {
        let items = action.elements.filter { $0.matches("item", Namespace.pubsub) }
        guard items.count <= 1 else {
            throw StanzaError(.badRequest, text: "a publish carries one item")
        }
        guard let element = items.first else {
            guard configuration.isBareNotification else {
                throw .pubsub(.badRequest, "item-required")
            }
            return nil
        }
        guard !configuration.isBareNotification else {
            throw .pubsub(.badRequest, "item-forbidden")
        }
        var payloads: [(bytes: [UInt8], namespace: String)] = []
        for child in element.children {
            switch child {
            case .raw(let raw): payloads.append((raw.bytes, raw.namespace))
            case .element(let tree): payloads.append((tree.serialized(), tree.namespace))
            case .text: break
            }
        }
        guard payloads.count <= 1 else { throw .pubsub(.badRequest, "invalid-payload") }
        guard let payload = payloads.first else {
            guard !configuration.deliversPayloads else {
                throw .pubsub(.badRequest, "payload-required")
            }
            return Published(id: element["id"], payload: nil, namespace: nil)
        }
        return Published(
            id: element["id"],
            payload: payload.bytes,
            namespace: payload.namespace
        )
    }

    private func check(
        _ item: Published,
        _ configuration: NodeConfiguration
    ) throws(StanzaError) {
        if let id = item.id {
            guard !id.isEmpty, id.utf8.count <= PubSubLimits.nameBytesMaximum else {
                throw StanzaError(
                    .notAcceptable,
                    text: "an item's id has 1 to \(PubSubLimits.nameBytesMaximum) bytes"
                )
            }
        }
        guard (item.payload?.count ?? 0) <= configuration.payloadBytesMaximum else {
            throw .pubsub(
                .notAcceptable,
                "payload-too-big",
                text: "a payload has at most \(configuration.payloadBytesMaximum) bytes"
            )
        }
        if !configuration.payloadNamespace.isEmpty, let namespace = item.namespace,
            namespace != configuration.payloadNamespace
        {
            throw .pubsub(
                .badRequest,
                "invalid-payload",
                text: "payloads here are of \(configuration.payloadNamespace)"
            )
        }
    }

    /// Keeps the item, answers and notifies: nothing can go wrong any more.
    private mutating func publish(
        _ item: Published?,
        on name: String,
        _ request: PubSubRequest
    ) -> [PubSubEffect] {
        let reply = Element("publish", Namespace.pubsub, attributes: [.init("node", name)])
        guard let item else {
            return [
                request.result(Element("pubsub", Namespace.pubsub, [reply]))
            ] + notification(of: name, publishing: nil)
        }
        let record = ItemRecord(
            id: item.id ?? uniqueID(at: request.now),
            publisher: request.from.bare,
            published: request.now,
            payload: item.payload
        )
        var effects: [PubSubEffect] = []
        if let effect = keep(record, on: name) { effects.append(effect) }
        var answered = reply
        answered.append(
            Element("item", Namespace.pubsub, attributes: [.init("id", record.id)])
        )
        effects.append(request.result(Element("pubsub", Namespace.pubsub, [answered])))
        return effects + notification(of: name, publishing: record)
    }

    /// Makes the item the newest and trims the rest.
    private mutating func keep(_ record: ItemRecord, on name: String) -> PubSubEffect? {
        guard let node = nodes[name], node.configuration.persistsItems else { return nil }
        let durability = durability(of: node)
        let maximum = itemsMaximum(of: node.configuration)
        let previous = node.items.newest?.id
        let tooLarge = (record.payload?.count ?? 0) > PubSubLimits.payloadInMemoryMaximum
        let payload: Payload =
            switch record.payload {
            case nil: .absent
            case .some where tooLarge && durability == .immediate: .stored
            case .some(let bytes): .bytes(bytes)
            }
        nodes[name]?.items.add(
            .init(
                id: record.id,
                publisher: record.publisher,
                published: record.published,
                payload: payload
            )
        )
        // Only the newest is wanted without being asked for. What is written behind may not be on
        // the disk yet, and stays.
        if let previous, previous != record.id, durability == .immediate {
            nodes[name]?.items.cool(previous)
        }
        let trimmed = nodes[name]?.items.trim(to: maximum) ?? []
        return .store(
            .saveItem(owner: owner, node: name, record, trimming: trimmed),
            durability
        )
    }

    func itemsMaximum(of configuration: NodeConfiguration) -> Int {
        switch configuration.itemsMaximum {
        case .count(let count): min(count, profile.limits.items)
        case .max: profile.limits.items
        }
    }

    // MARK: Retracting (XEP-0060 §7.2)

    mutating func retract(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try node(named: action["node"])
        let ids = action.elements.filter { $0.matches("item", Namespace.pubsub) }
            .compactMap { $0["id"] }
        guard let id = ids.first, ids.count == 1, !id.isEmpty else {
            throw .pubsub(.badRequest, "item-required")
        }
        let permissions = node.affiliation(of: request.from, request.relation).permissions
        guard permissions.contains(.retractOwn) || node.configuration.publishModel != .publishers
        else { throw StanzaError(.forbidden) }
        guard node.configuration.persistsItems else { throw .unsupported("persistent-items") }
        guard let item = node.items[id] else { throw StanzaError(.itemNotFound) }
        guard permissions.contains(.retractAny) || item.publisher == request.from.bare else {
            throw StanzaError(.forbidden)
        }
        nodes[node.name]?.items.remove(id)
        var effects: [PubSubEffect] = [
            .store(
                .removeItems(owner: owner, node: node.name, [id]),
                durability(of: node)
            ),
            request.result(),
        ]
        let demanded = action["notify"].map { $0 == "1" || $0 == "true" }
        if demanded ?? node.configuration.notifiesRetract {
            effects += notification(
                of: node.name,
                Element(
                    "items",
                    Namespace.pubsubEvent,
                    attributes: [.init("node", node.name)],
                    [
                        Element(
                            "retract",
                            Namespace.pubsubEvent,
                            attributes: [.init("id", id)]
                        )
                    ]
                )
            )
        }
        return effects
    }
}
