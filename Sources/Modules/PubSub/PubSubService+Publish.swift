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
        effects.reserveCapacity(4)
        var taken = try publish(action, on: name, options, request)
        if taken == nil {
            if moved[name] != nil { throw missing(name) }
            // The whole request is tried on the new node before that one is made.
            let created = try newNode(name, options: options, request)
            var filled = created.node
            taken = try publish(action, on: &filled, nil, request)
            effects += add(created)
            nodes[name]?.items = filled.items
            nodes[name]?.expiry = filled.expiry
            tellCreation(of: name, created.placement, &effects)
        }
        guard let taken else { return effects }
        if let record = taken.record, let kept = taken.kept {
            effects.append(
                .store(
                    .saveItem(owner: owner, node: name, record, trimming: kept.trimmed),
                    kept.durability
                )
            )
            if let due = kept.expiry { schedule.add(.expireItems(node: name), at: due) }
        }
        if profile.history != nil, let record = taken.record {
            effects += remember(record, on: name)
        }
        effects.append(request.result(Self.confirmation(of: taken.record, on: name)))
        if let kept = taken.kept, kept.isRetracting {
            for id in kept.trimmed { notify(of: PubSubEvent(name, .retract(id)), &effects) }
        }
        notify(of: publication(ofNew: taken.record, on: name), &effects)
        if taken.kept?.isPurgedOffline == true {
            effects += followPublisher(request.from.bare, on: name)
        }
        return effects
    }

    /// Nil where there is no such node.
    private mutating func publish(
        _ action: Element,
        on name: String,
        _ options: DataForm?,
        _ request: PubSubRequest
    ) throws(StanzaError) -> Node.Taken? {
        try nodes[name]?.publish(action, preconditions: options, request, profile: profile) {
            ids.next(at: request.now)
        }
    }

    private mutating func publish(
        _ action: Element,
        on node: inout Node,
        _ options: DataForm?,
        _ request: PubSubRequest
    ) throws(StanzaError) -> Node.Taken {
        try node.publish(action, preconditions: options, request, profile: profile) {
            ids.next(at: request.now)
        }
    }

    private static func options(in payload: Element) throws(StanzaError) -> DataForm? {
        guard payload.children.count > 1, let options = payload.child("publish-options") else {
            return nil
        }
        guard let form = options.child("x", Namespace.dataForms).flatMap(DataForm.init),
            form.formType == Namespace.pubsub + "#publish-options"
        else {
            throw StanzaError(.badRequest, text: "publish-options hold a form of that type")
        }
        return form
    }

    /// XEP-0060 §7.1.2: the answer names the item.
    private static func confirmation(of record: ItemRecord?, on name: String) -> Element {
        var publish = Element("publish", Namespace.pubsub, attributes: [.init("node", name)])
        if let record {
            publish.append(
                Element("item", Namespace.pubsub, attributes: [.init("id", record.id)])
            )
        }
        return Element("pubsub", Namespace.pubsub, [publish])
    }

    // MARK: Retracting (XEP-0060 §7.2)

    mutating func retract(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let (name, id) = try retractable(action, request)
        nodes[name]?.items.remove(id)
        var effects: [PubSubEffect] = [
            .store(.removeItems(owner: owner, node: name, [id]), profile.durability(name)),
            request.result(),
        ]
        // XEP-0060 §7.2.2.1: asked for, it must be; otherwise the node's configuration says.
        let isDemanded = action["notify"] == "1" || action["notify"] == "true"
        if isDemanded || nodes[name]?.configuration.notifiesRetract == true {
            notify(of: PubSubEvent(name, .retract(id)), &effects)
        }
        return effects
    }

    /// The node and the item, if the requester may take it away.
    private func retractable(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> (String, String) {
        let node = try node(named: action["node"])
        let ids = action.elements.filter { $0.matches("item", Namespace.pubsub) }
            .compactMap { $0["id"] }
        guard let id = ids.first, !id.isEmpty else {
            throw .pubsub(.badRequest, "item-required")
        }
        // XEP-0060 §7.2.1
        guard ids.count == 1 else {
            throw StanzaError(.badRequest, text: "a retract takes one item")
        }
        let mayRetractAny = node.affiliation(of: request.from, request.relation).permissions
            .contains(.retractAny)
        guard mayRetractAny || node.mayPublish(request.from, request.relation) else {
            throw StanzaError(.forbidden)
        }
        guard node.keepsItems else { throw .unsupported("persistent-items") }
        guard let item = node.items[id] else { throw StanzaError(.itemNotFound) }
        guard mayRetractAny || item.publisher == request.from.bare else {
            throw StanzaError(.forbidden)
        }
        return (node.name, id)
    }
}
