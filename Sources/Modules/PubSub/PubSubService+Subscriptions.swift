import XMPP

// Subscribing and unsubscribing (XEP-0060 §6.1, §6.2, §5.6).
extension PubSubService {
    mutating func subscribe(
        _ action: Element,
        in payload: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let jid = try Self.subscriber(action, request)
        let form = try Self.options(beside: action, in: payload)
        var node = try holder(named: action["node"])
        let name = node.name
        let state = try stateOfNewSubscription(of: request.from, request.relation, to: node)
        var options = node.defaultOptions
        try form.map { form throws(StanzaError) in try options.apply(form, at: request.now) }
        let own = node.subscriptions.of(address: jid)
        guard !own.contains(where: { $0.state == .pending }) else {
            throw .pubsub(.notAuthorized, "pending-subscription")
        }
        if form != nil { try checkDepth(options, among: own, on: node) }
        // docs/protocol.md: only other options make another subscription.
        if let same = own.first(where: { form == nil || $0.options.matches(options) }) {
            node = Node(name, profile.defaults)
            return renew(same, form == nil ? same.options : options, on: name, request)
        }
        if form != nil, let waiting = own.first(where: { $0.state == .unconfigured }) {
            try checkSelection(options, of: jid, on: node, replacing: waiting.id)
            try checkPresence(of: jid, options, on: node)
            node = Node(name, profile.defaults)
            return renew(waiting, options, on: name, request)
        }
        try checkRoom(for: jid, on: node)
        try checkBurst(for: jid, on: node)
        try checkSelection(options, of: jid, on: node)
        try checkPresence(of: jid, options, on: node)
        // A request of which no owner hears would wait for ever.
        if state == .pending { try checkRoom(forNoticesTo: owners(of: node), cause: jid) }
        let record = SubscriptionRecord(
            id: ids.next(at: request.now),
            jid: jid,
            state: state,
            options: options
        )
        // What is kept of the node here is let go, so that it is changed where it stands.
        let isHeld = nodes[name] != nil || patterns[name] != nil
        let pattern = isHeld ? nil : node
        node = Node(name, profile.defaults)
        var effects = start(record, on: name, making: pattern)
        scheduleLease(of: record, on: name, at: request.now)
        effects.append(request.result(record.answer(on: name, withOptions: form != nil)))
        switch state {
        case .pending: effects += askOwners(about: record, on: name)
        case .subscribed: effects += begun(record, on: name, asked: request.from)
        case .unconfigured: break
        }
        return effects
    }

    /// The subscription that there is, with what of its options may be another.
    private mutating func renew(
        _ record: SubscriptionRecord,
        _ options: SubscriptionOptions,
        on name: String,
        _ request: PubSubRequest
    ) -> [PubSubEffect] {
        var renewed = record
        renewed.options = options
        if options != record.options { renewed.state = .subscribed }
        var effects: [PubSubEffect] = []
        if renewed != record { effects += save(renewed, on: name) }
        scheduleLease(of: renewed, on: name, at: request.now)
        effects.append(request.result(renewed.answer(on: name, withOptions: false)))
        if renewed.state != record.state {
            effects += begun(renewed, on: name, asked: request.from)
        }
        return effects
    }

    /// What becomes of a subscription that has just been made or approved: the last items (XEP-0060
    /// §6.1.7), and word to the owners.
    mutating func begun(
        _ record: SubscriptionRecord,
        on name: String,
        asked: JID
    ) -> [PubSubEffect] {
        lastItems(for: record, on: name, asked: asked)
            + tellOwners(of: record, as: record.state.rawValue, on: name)
    }

    /// XEP-0060 §6.1.3, §6.1.4: why not, or whether at once.
    private func stateOfNewSubscription(
        of jid: JID,
        _ relation: Relation,
        to node: Node
    ) throws(StanzaError) -> SubscriptionState {
        let affiliation = node.affiliation(of: jid, relation)
        guard affiliation.permissions.contains(.subscribe) else { throw StanzaError(.forbidden) }
        let needsApproval =
            fleetAccess == nil && node.configuration.accessModel == .authorize
            && affiliation == .none && !node.isSubscribed(jid)
        if !needsApproval { try admit(jid, relation, to: node) }
        guard node.configuration.allowsSubscriptions else { throw .unsupported("subscribe") }
        return needsApproval ? .pending : .subscribed
    }

    /// XEP-0060 §6.1.3.9; `maker` is the owner who subscribes somebody else.
    ///
    /// What others make for an entity takes nothing from what it may have by itself, nor from what
    /// any other owner may make for it.
    func checkRoom(for jid: JID, on node: Node, maker: JID? = nil) throws(StanzaError) {
        let bare = jid.bare
        let count = subscriptionCounts[bare]
        let (limits, own) = (profile.limits, count?.own ?? 0)
        let hasRoom =
            maker.map { count?.made[$0] ?? 0 < limits.subscriptionsMadeForOne }
            ?? (own < limits.subscriptionsOfOne)
        guard hasRoom, node.subscriptions.count < limits.subscriptions,
            node.subscriptions.count(of: bare) < PubSubLimits.subscriptionsOfOneToNodeMaximum
        else { throw .pubsub(.policyViolation, "too-many-subscriptions", .wait) }
    }

    /// XEP-0060 §6.1.3.1: one subscribes oneself, bare or as a session.
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
        let (name, record) = try subscription(action, request, missing: .cancel)
        var answer = record.element(on: name, in: Namespace.pubsub)
        answer["subscription"] = "none"
        return end(record, on: name)
            + [request.result(Element("pubsub", Namespace.pubsub, [answer]))]
            + tellOwners(of: record, as: "none", on: name)
    }

    /// The subscription that a request of its subscriber names (XEP-0060 §6.2.3, §6.3.4), and the
    /// name of its node; `missing` is the type of the error where there is none, for the two differ
    /// there.
    ///
    /// Not the node itself: a copy that is held would have the next change copy its tables.
    func subscription(
        _ action: Element,
        _ request: PubSubRequest,
        missing: StanzaError.Kind
    ) throws(StanzaError) -> (node: String, record: SubscriptionRecord) {
        guard let text = action["jid"] else { throw .pubsub(.badRequest, "jid-required") }
        guard let jid = try? JID(text) else { throw .pubsub(.badRequest, "invalid-jid") }
        // XEP-0060 §6.2.3.3, §6.3.4.1
        guard jid.bare == request.from.bare else { throw StanzaError(.forbidden) }
        let node = try holder(named: action["node"])
        let own = node.subscriptions.of(address: jid)
        guard let first = own.first else {
            throw .pubsub(.unexpectedRequest, "not-subscribed", missing)
        }
        guard let id = action["subid"], !id.isEmpty else {
            guard own.count == 1 else { throw .pubsub(.badRequest, "subid-required") }
            return (node.name, first)
        }
        guard let record = own.first(where: { $0.id == id }) else {
            throw .pubsub(.notAcceptable, "invalid-subid")
        }
        return (node.name, record)
    }

    /// The requester's own, of one node or of all (XEP-0060 §5.6).
    func ownSubscriptions(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        var own: [(node: String, record: SubscriptionRecord)] = []
        var list = Element("subscriptions", Namespace.pubsub)
        list["node"] = action["node"]
        for name in (subscribed[request.from.bare] ?? []).sorted()
        where action["node"] == nil || action["node"] == name {
            let holder = nodes[name] ?? patterns[name]
            for subscription in holder?.subscriptions.of(entity: request.from) ?? [] {
                own.append((name, subscription))
            }
        }
        return [
            try request.result(list, of: own, id: { $0.record.id }) {
                $0.record.element(on: $0.node, in: Namespace.pubsub)
            }
        ]
    }
}

// MARK: - Beginning, changing, ending

extension PubSubService {
    /// Takes a subscription up that there was not.
    ///
    /// `pattern` is what has to be made first: a name with wildcards that nobody has subscribed to.
    mutating func start(
        _ record: SubscriptionRecord,
        on name: String,
        making pattern: Node? = nil
    ) -> [PubSubEffect] {
        var effects: [PubSubEffect] = []
        if let pattern {
            patterns[name] = pattern
            let change = PubSubChange.saveNode(owner: owner, node: name, configuration: [:])
            effects.append(.store(change, .immediate))
        }
        return effects + save(record, on: name)
    }

    /// Takes a subscription up, or what has changed of it.
    mutating func save(_ record: SubscriptionRecord, on name: String) -> [PubSubEffect] {
        guard let (configuration, before) = standing(record.id, on: name) else { return [] }
        _ = update(name) { $0.subscriptions.save(record) }
        subscribersChanged(of: name, record.jid)
        var effects: [PubSubEffect] = []
        if !record.isTemporary(on: configuration) {
            effects.append(
                .store(.saveSubscription(owner: owner, node: name, record), .immediate)
            )
        } else if let before, !before.isTemporary(on: configuration) {
            effects.append(forget(before, on: name))
        }
        if record.needsPresence(on: configuration), profile.kind != .personal {
            effects.append(.watch(record.jid.bare))
        }
        return effects
    }

    /// What a node is set to, and the subscription as it is so far.
    ///
    /// Apart, so that no copy of the node outlives it: it would be copied whole by the next change.
    private func standing(
        _ id: String,
        on name: String
    ) -> (NodeConfiguration, SubscriptionRecord?)? {
        guard let holder = nodes[name] ?? patterns[name] else { return nil }
        return (holder.configuration, holder.subscriptions[id])
    }

    /// Ends a subscription, and its pattern with the last one.
    mutating func end(_ record: SubscriptionRecord, on name: String) -> [PubSubEffect] {
        let configuration = (nodes[name] ?? patterns[name])?.configuration
        _ = update(name) { $0.subscriptions.remove(record.id) }
        subscribersChanged(of: name, record.jid)
        leases[record.id] = nil
        if configuration?.accessModel == .authorize { dismiss(record.jid, from: name) }
        var effects: [PubSubEffect] = []
        if let configuration, !record.isTemporary(on: configuration) {
            effects.append(forget(record, on: name))
        }
        if patterns[name]?.subscriptions.isEmpty == true {
            patterns[name] = nil
            effects.append(.store(.deleteNode(owner: owner, node: name), .immediate))
        }
        return effects
    }

    /// Sessions that were let in to a node by a subscription go with the last one (XEP-0060 §4.5).
    private mutating func dismiss(_ entity: JID, from name: String) {
        for jid in dismissed(entity, from: name) { nodes[name]?.stopNotifying(jid) }
    }

    private func dismissed(_ entity: JID, from name: String) -> [JID] {
        guard let node = nodes[name] else { return [] }
        return interested.sessions(of: entity).filter { jid in
            guard node.audience[jid] != nil, let entry = interested[jid] else { return false }
            return !admits(jid, entry.relation, to: node)
        }
    }

    /// Takes a subscription out of the store.
    func forget(_ record: SubscriptionRecord, on name: String) -> PubSubEffect {
        .store(.removeSubscription(owner: owner, node: name, id: record.id), .immediate)
    }

    /// Ends a subscription otherwise than by its subscriber, who is told (XEP-0060 §12.14).
    mutating func cancel(_ record: SubscriptionRecord, on name: String) -> [PubSubEffect] {
        end(record, on: name) + [tell(record, as: "none", on: name)]
            + tellOwners(of: record, as: "none", on: name)
    }

    /// The last items that a subscription covers which has just begun (XEP-0060 §6.1.7), or whose
    /// subscriber has just come.
    mutating func lastItems(
        for subscription: SubscriptionRecord,
        on name: String,
        asked: JID,
        isArrival: Bool = false,
        since: Instant? = nil
    ) -> [PubSubEffect] {
        guard let holder = nodes[name] ?? patterns[name],
            subscription.options.delivers, isHeard(subscription, on: holder.configuration)
        else { return [] }
        let coverage = DeliveryPlan.Coverage(
            record: subscription,
            holder: name,
            way: holder.isCollection
                ? .collection(distance: 1) : holder.pattern == nil ? .itself : .pattern,
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
        if holder.isCollection {
            return lastItems(
                below: holder,
                for: coverage,
                to: recipient,
                isArrival: isArrival,
                since: since
            )
        }
        guard !beginsWithBurst(holder) else {
            return beginBurst(
                of: coverage,
                on: holder,
                to: recipient,
                isArrival: isArrival,
                since: since
            )
        }
        guard holder.configuration.sendsLastItem(onArrival: isArrival) else { return [] }
        // Where the session that asks is notified itself, its bare address is not.
        let session = isGoverned(asked, on: holder) ? nil : holder.audience[asked]
        guard subscription.options.isPlain else {
            // What of it is sent, and how often, is for the subscription to say.
            guard holder.hasItem(since: since) else { return [] }
            return lastItem(of: holder, to: session ?? recipient, for: coverage)
        }
        return lastItem(of: holder, to: session ?? recipient, since: since)
    }
}

extension NodeConfiguration {
    /// Whether the last item is sent to who subscribes, or to a subscriber who comes.
    func sendsLastItem(onArrival: Bool) -> Bool {
        switch sendLastItem {
        case .never: false
        case .onSubscription: !onArrival
        case .onSubscriptionAndPresence: true
        }
    }
}

// MARK: - On the wire

extension SubscriptionRecord {
    func element(on node: String?, in namespace: String) -> Element {
        var element = Element("subscription", namespace)
        element["node"] = node
        element["jid"] = jid.description
        element["subid"] = id
        element["subscription"] = state.rawValue
        return element
    }

    /// The answer to who subscribes.
    func answer(on node: String, withOptions: Bool) -> Element {
        var subscription = element(on: node, in: Namespace.pubsub)
        if state == .unconfigured {
            // XEP-0060 §6.1.5: nothing is sent before the options are set.
            let required = Element("required", Namespace.pubsub)
            subscription.append(Element("subscribe-options", Namespace.pubsub, [required]))
        }
        var answer = Element("pubsub", Namespace.pubsub, [subscription])
        if withOptions {
            let form = SubscriptionOptions.table.form(.result, of: options)
            answer.append(Element("options", Namespace.pubsub, [form.element]))
        }
        return answer
    }
}
