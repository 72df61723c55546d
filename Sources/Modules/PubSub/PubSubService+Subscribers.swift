import XMPP

// The owner's view of a node's subscriptions (XEP-0060 §8.8).
extension PubSubService {
    /// XEP-0060 §8.8.1.2: those that wait for approval are not in the list.
    func subscriptions(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        let list = Element(
            "subscriptions",
            Namespace.pubsubOwner,
            attributes: [.init("node", node.name)]
        )
        let records = node.subscriptions.sorted.filter { $0.state != .pending }
        return [
            try request.result(list, of: records, id: \.id) {
                $0.element(on: nil, in: Namespace.pubsubOwner)
            }
        ]
    }

    /// Ends subscriptions, changes their states, or makes them for others; those that can't be are
    /// named in the error as they are, the rest is done (XEP-0060 §8.8.2.4).
    mutating func setSubscriptions(
        _ action: Element,
        _ request: PubSubRequest,
        _ relation: (JID) -> Relation
    ) throws(StanzaError) -> [PubSubEffect] {
        let name = try managed(action, request).name
        var effects: [PubSubEffect] = []
        var failed: [Element] = []
        var refusal = StanzaError(.notAcceptable)
        var welcomes: [PubSubEffect] = []
        for element in action.elements where element.name == "subscription" {
            // XEP-0060 §8.8.2.1: without a state nothing is to be changed.
            guard element["subscription"] != nil || element["jid"] == nil else { continue }
            do throws(StanzaError) {
                let change = try setSubscription(element, on: name, request, relation)
                effects += change.filter(\.isStored)
                welcomes += change.filter { !$0.isStored }
            } catch {
                failed.append(unchanged(element, on: name))
                if error.condition == .resourceConstraint { refusal = error }
            }
        }
        return effects + [
            Self.outcome(of: "subscriptions", on: name, failed: failed, request, refusal)
        ] + welcomes
    }

    private mutating func setSubscription(
        _ element: Element,
        on name: String,
        _ request: PubSubRequest,
        _ relation: (JID) -> Relation
    ) throws(StanzaError) -> [PubSubEffect] {
        guard let jid = element["jid"].flatMap({ try? JID($0) }),
            let text = element["subscription"]
        else { throw StanzaError(.badRequest) }
        let own = nodes[name]?.subscriptions.of(address: jid) ?? []
        let existing: SubscriptionRecord?
        if let id = element["subid"] {
            guard let named = own.first(where: { $0.id == id }) else {
                throw .pubsub(.notAcceptable, "invalid-subid")
            }
            existing = named
        } else {
            guard own.count <= 1 else { throw .pubsub(.badRequest, "subid-required") }
            existing = own.first
        }
        guard text != "none" else { return existing.map { cancel($0, on: name) } ?? [] }
        guard let state = SubscriptionState(rawValue: text) else { throw StanzaError(.badRequest) }
        guard existing?.state != state else { return [] }
        // Nobody is subscribed, or comes to wait, without a word.
        try checkRoom(forNoticesTo: [jid], cause: request.from)
        guard var record = existing else {
            return try subscribe(jid, as: state, to: name, relation(jid), request)
        }
        _ = hearers(of: [jid], cause: request.from)
        if state == .subscribed { return approve(record, on: name) }
        record.state = state
        return save(record, on: name) + [tell(record, as: text, on: name)]
    }

    /// Subscribes somebody else.
    ///
    /// It stays charged to the owner, whatever its subscriber makes of it: who takes it over could
    /// else be refused what it has.
    private mutating func subscribe(
        _ jid: JID,
        as state: SubscriptionState,
        to name: String,
        _ relation: Relation,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        var node = try self.node(named: name)
        // XEP-0060 §4.1: whatever an owner says of subscriptions, an outcast gets nothing.
        guard node.affiliation(of: jid, relation).permissions.contains(.subscribe),
            node.configuration.allowsSubscriptions
        else { throw StanzaError(.forbidden) }
        let maker = jid.bare == request.from.bare ? nil : request.from.bare
        try checkRoom(for: jid, on: node, maker: maker)
        try checkPresence(of: jid, node.defaultOptions, on: node)
        let record = SubscriptionRecord(
            id: ids.next(at: request.now),
            jid: jid,
            state: state,
            options: node.defaultOptions,
            maker: maker
        )
        _ = hearers(of: [jid], cause: request.from)
        // What is kept of the node here is let go, so that it is changed where it stands.
        node = Node(name, profile.defaults)
        let effects = start(record, on: name) + [tell(record, as: state.rawValue, on: name)]
        guard state == .subscribed else { return effects }
        return effects + welcome(record, on: name)
    }

    /// An entry that was refused, with the state that there still is.
    private func unchanged(_ element: Element, on name: String) -> Element {
        var element = element
        let own = element["jid"].flatMap { try? JID($0) }.map {
            nodes[name]?.subscriptions.of(address: $0) ?? []
        }
        let record = own?.first { element["subid"] == nil || $0.id == element["subid"] }
        element["subscription"] = record?.state.rawValue ?? "none"
        return element
    }

    /// The result, or the error with those entries that were not taken.
    static func outcome(
        of list: String,
        on node: String,
        failed: [Element],
        _ request: PubSubRequest,
        _ refusal: StanzaError = StanzaError(.notAcceptable)
    ) -> PubSubEffect {
        guard !failed.isEmpty else { return request.result() }
        var stanza = request.iq.failure(refusal)
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

extension PubSubEffect {
    /// Whether it goes to the store, before what others learn of it.
    var isStored: Bool {
        if case .store = self { true } else { false }
    }
}
