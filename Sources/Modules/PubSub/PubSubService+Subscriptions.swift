import XMPP

// Subscriptions (XEP-0060 §6.1, §6.2, §5.6, §8.8).
extension PubSubService {
    mutating func subscribe(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let jid = try Self.subscriber(action, request)
        let node = try holder(named: action["node"])
        try admit(request.from, request.relation, to: node)
        let affiliation = node.affiliation(of: request.from, request.relation)
        guard affiliation.permissions.contains(.subscribe) else { throw StanzaError(.forbidden) }
        if let existing = node.subscriptions.of(address: jid).first {
            return [request.result(existing.answer(on: node.name))]
        }
        guard node.subscriptions.count < profile.limits.subscriptions else {
            throw .pubsub(.policyViolation, "too-many-subscriptions", .wait)
        }
        let subscription = SubscriptionRecord(id: ids.next(at: request.now), jid: jid)
        var effects = start(subscription, on: node)
        effects.append(request.result(subscription.answer(on: node.name)))
        effects += lastItems(for: subscription, on: node.name, asked: request.from)
        return effects
    }

    /// The last items that a subscription which has just begun covers (XEP-0060 §6.1.7).
    mutating func lastItems(
        for subscription: SubscriptionRecord,
        on name: String,
        asked: JID
    ) -> [PubSubEffect] {
        guard let holder = nodes[name] ?? patterns[name] else { return [] }
        let coverage = DeliveryPlan.Coverage(
            record: subscription,
            holder: name,
            way: holder.pattern == nil ? .itself : .pattern,
            selector: holder.subscriptions.selector(subscription.id)
        )
        let recipient = Recipient(
            jid: subscription.jid,
            session: interested[subscription.jid]?.recipient.session,
            headers: DeliveryPlan.Subscriber.headers(
                of: [coverage],
                among: holder.subscriptions.of(address: subscription.jid).count
            )
        )
        guard let pattern = holder.pattern else {
            guard holder.configuration.sendLastItem != .never else { return [] }
            // Where the session that asks is notified itself, its bare address is not.
            let session = isGoverned(asked, on: holder) ? nil : holder.audience[asked]
            return lastItem(of: holder, to: session ?? recipient, for: coverage)
        }
        var effects: [PubSubEffect] = []
        for node in nodes.values
        where pattern.matches(node.name) && node.configuration.sendLastItem != .never
            && admits(subscription.jid, Relation(), to: node)
        {
            effects += lastItem(of: node, to: recipient, for: coverage)
        }
        return effects
    }

    /// XEP-0060 §6.1.3.1: one subscribes oneself, bare or as the session that asks.
    private static func subscriber(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> JID {
        guard let text = action["jid"] else { throw .pubsub(.badRequest, "jid-required") }
        guard let jid = try? JID(text), jid.bare == request.from.bare else {
            throw .pubsub(.badRequest, "invalid-jid")
        }
        return jid
    }

    mutating func unsubscribe(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        guard let text = action["jid"] else { throw .pubsub(.badRequest, "jid-required") }
        guard let jid = try? JID(text) else { throw .pubsub(.badRequest, "invalid-jid") }
        // XEP-0060 §6.2.3.3
        guard jid.bare == request.from.bare else { throw StanzaError(.forbidden) }
        let node = try holder(named: action["node"])
        guard let subscription = node.subscriptions.of(address: jid).first else {
            throw .pubsub(.unexpectedRequest, "not-subscribed", .cancel)
        }
        if let id = action["subid"], id != subscription.id {
            throw .pubsub(.notAcceptable, "invalid-subid")
        }
        return end(subscription, on: node.name) + [request.result()]
    }

    /// Takes a subscription up, or what has changed of it.
    mutating func save(_ subscription: SubscriptionRecord, on node: String) -> PubSubEffect {
        _ = update(node) { $0.subscriptions.save(subscription) }
        subscribersChanged(of: node, subscription.jid)
        return .store(.saveSubscription(owner: owner, node: node, subscription), .immediate)
    }

    private mutating func start(
        _ subscription: SubscriptionRecord,
        on holder: Node
    ) -> [PubSubEffect] {
        var effects: [PubSubEffect] = []
        if holder.pattern != nil, patterns[holder.name] == nil {
            patterns[holder.name] = holder
            effects.append(
                .store(
                    .saveNode(owner: owner, node: holder.name, configuration: [:]),
                    .immediate
                )
            )
        }
        effects.append(save(subscription, on: holder.name))
        return effects
    }

    mutating func end(
        _ subscription: SubscriptionRecord,
        on name: String
    ) -> [PubSubEffect] {
        _ = update(name) { $0.subscriptions.remove(subscription.id) }
        subscribersChanged(of: name, subscription.jid)
        var effects: [PubSubEffect] = [
            .store(
                .removeSubscription(owner: owner, node: name, id: subscription.id),
                .immediate
            )
        ]
        if patterns[name]?.subscriptions.isEmpty == true {
            patterns[name] = nil
            effects.append(.store(.deleteNode(owner: owner, node: name), .immediate))
        }
        return effects
    }

    /// The requester's own, of one node or of all (XEP-0060 §5.6).
    func ownSubscriptions(_ action: Element, _ request: PubSubRequest) -> [PubSubEffect] {
        var list = Element("subscriptions", Namespace.pubsub)
        list["node"] = action["node"]
        for name in (subscribed[request.from.bare] ?? []).sorted()
        where action["node"] == nil || action["node"] == name {
            let holder = nodes[name] ?? patterns[name]
            for subscription in holder?.subscriptions.of(entity: request.from) ?? [] {
                list.append(subscription.element(on: name, in: Namespace.pubsub))
            }
        }
        return [request.result(Element("pubsub", Namespace.pubsub, [list]))]
    }

    // MARK: The owner's view (XEP-0060 §8.8)

    func subscriptions(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        let list = Element(
            "subscriptions",
            Namespace.pubsubOwner,
            attributes: [.init("node", node.name)],
            node.subscriptions.sorted.map { $0.element(on: nil, in: Namespace.pubsubOwner) }
        )
        return [request.result(Element("pubsub", Namespace.pubsubOwner, [list]))]
    }

    /// Ends subscriptions, or makes them for others; those that cannot be are named in the error,
    /// the rest is done (XEP-0060 §8.8.2.3).
    mutating func setSubscriptions(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        var effects: [PubSubEffect] = []
        var failed: [Element] = []
        for element in action.elements where element.name == "subscription" {
            guard let jid = element["jid"].flatMap({ try? JID($0) }),
                let state = element["subscription"]
            else {
                failed.append(element)
                continue
            }
            let existing = nodes[node.name]?.subscriptions.of(address: jid).first
            switch (state, existing) {
            case ("none", let existing?): effects += end(existing, on: node.name)
            case ("none", nil), ("subscribed", .some): break
            case ("subscribed", nil)
            where (nodes[node.name]?.subscriptions.count ?? 0) < profile.limits.subscriptions:
                let record = SubscriptionRecord(id: ids.next(at: request.now), jid: jid)
                effects.append(save(record, on: node.name))
            default: failed.append(element)
            }
        }
        return effects + [
            Self.outcome(of: "subscriptions", on: node.name, failed: failed, request)
        ]
    }

    /// The result, or the error with those entries that were not taken.
    static func outcome(
        of list: String,
        on node: String,
        failed: [Element],
        _ request: PubSubRequest
    ) -> PubSubEffect {
        guard !failed.isEmpty else { return request.result() }
        var stanza = request.iq.failure(StanzaError(.notAcceptable))
        let named = Element(
            list,
            Namespace.pubsubOwner,
            attributes: [.init("node", node)],
            failed
        )
        stanza.children.insert(
            .element(Element("pubsub", Namespace.pubsubOwner, [named])),
            at: 0
        )
        return .reply(stanza)
    }
}

extension SubscriptionRecord {
    func element(on node: String?, in namespace: String) -> Element {
        var element = Element("subscription", namespace)
        element["node"] = node
        element["jid"] = jid.description
        element["subid"] = id
        element["subscription"] = state.rawValue
        return element
    }

    func answer(on node: String) -> Element {
        Element("pubsub", Namespace.pubsub, [element(on: node, in: Namespace.pubsub)])
    }
}
