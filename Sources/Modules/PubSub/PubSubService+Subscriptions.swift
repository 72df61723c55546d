import XMPP

// Subscriptions (XEP-0060 §6.1, §6.2, §5.6, §8.8).
extension PubSubService {
    mutating func subscribe(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let jid = try Self.subscriber(action, request)
        let node = try node(named: action["node"])
        try node.admit(request.from, request.relation)
        let affiliation = node.affiliation(of: request.from, request.relation)
        guard affiliation.permissions.contains(.subscribe) else { throw StanzaError(.forbidden) }
        if let existing = node.subscriptions.first(where: { $0.jid == jid }) {
            return [request.result(existing.answer(on: node.name))]
        }
        guard node.subscriptions.count < profile.limits.subscriptions else {
            throw .pubsub(.policyViolation, "too-many-subscriptions", .wait)
        }
        let subscription = SubscriptionRecord(id: ids.next(at: request.now), jid: jid)
        var effects = [
            start(subscription, on: node.name),
            request.result(subscription.answer(on: node.name)),
        ]
        if node.configuration.sendLastItem != .never {
            // Where the session that asks is notified itself, its bare address is not.
            let session = interested[jid]?.recipient.session
            let recipient = node.audience[request.from] ?? Recipient(jid: jid, session: session)
            effects += lastItem(of: node, to: recipient)
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
        let node = try node(named: action["node"])
        guard let subscription = node.subscriptions.first(where: { $0.jid == jid }) else {
            throw .pubsub(.unexpectedRequest, "not-subscribed", .cancel)
        }
        if let id = action["subid"], id != subscription.id {
            throw .pubsub(.notAcceptable, "invalid-subid")
        }
        return [end(subscription, on: node.name), request.result()]
    }

    private mutating func start(
        _ subscription: SubscriptionRecord,
        on name: String
    ) -> PubSubEffect {
        nodes[name]?.subscriptions.append(subscription)
        subscribersChanged(of: name, subscription.jid)
        return .store(
            .saveSubscription(owner: owner, node: name, subscription),
            .immediate
        )
    }

    private mutating func end(
        _ subscription: SubscriptionRecord,
        on name: String
    ) -> PubSubEffect {
        nodes[name]?.subscriptions.removeAll { $0.id == subscription.id }
        subscribersChanged(of: name, subscription.jid)
        return .store(
            .removeSubscription(owner: owner, node: name, id: subscription.id),
            .immediate
        )
    }

    /// The requester's own, of one node or of all (XEP-0060 §5.6).
    func ownSubscriptions(_ action: Element, _ request: PubSubRequest) -> [PubSubEffect] {
        var list = Element("subscriptions", Namespace.pubsub)
        list["node"] = action["node"]
        for node in nodes.values.sorted(by: { $0.name < $1.name })
        where action["node"] == nil || action["node"] == node.name {
            for subscription in node.subscriptions
            where subscription.jid.bare == request.from.bare {
                list.append(subscription.element(on: node.name, in: Namespace.pubsub))
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
            node.subscriptions.map { $0.element(on: nil, in: Namespace.pubsubOwner) }
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
            let existing = nodes[node.name]?.subscriptions.first { $0.jid == jid }
            switch (state, existing) {
            case ("none", let existing?): effects.append(end(existing, on: node.name))
            case ("none", nil), ("subscribed", .some): break
            case ("subscribed", nil)
            where (nodes[node.name]?.subscriptions.count ?? 0) < profile.limits.subscriptions:
                let record = SubscriptionRecord(id: ids.next(at: request.now), jid: jid)
                effects.append(start(record, on: node.name))
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
        element["subscription"] = "subscribed"
        return element
    }

    func answer(on node: String) -> Element {
        Element("pubsub", Namespace.pubsub, [element(on: node, in: Namespace.pubsub)])
    }
}
