import XMPP

// Making, setting, emptying and ending nodes (XEP-0060 §8).
extension PubSubService {
    /// A node as it would be made, checked; ``add(_:)`` makes it.
    func newNode(
        _ name: String,
        options: DataForm?,
        _ request: PubSubRequest
    ) throws(StanzaError) -> Node {
        guard profile.mayCreate(request.from, request.relation) else {
            // To others a node that may not be made is one that is not there.
            throw StanzaError(.itemNotFound)
        }
        guard name.utf8.count <= PubSubLimits.nameBytesMaximum else {
            throw StanzaError(
                .notAcceptable,
                text: "a node's name has at most \(PubSubLimits.nameBytesMaximum) bytes"
            )
        }
        guard nodes.count < profile.limits.nodes else {
            throw .pubsub(.resourceConstraint, "max-nodes-exceeded")
        }
        var configuration = profile.defaults
        if let options { try configuration.apply(options) }
        if profile.hasWildcards, NodePattern(name) != nil {
            throw StanzaError(.notAcceptable, text: "the name stands for other nodes")
        }
        var node = Node(name, configuration)
        // XEP-0060 §8.1: who makes a node owns it; an account's are its own without saying.
        if profile.kind == .shared { node.affiliations[request.from.bare] = .owner }
        return node
    }

    mutating func add(_ node: Node) -> [PubSubEffect] {
        nodes[node.name] = node
        var effects = [save(node)]
        for (jid, affiliation) in node.affiliations {
            let change = PubSubChange.setAffiliation(
                owner: owner,
                node: node.name,
                jid,
                affiliation
            )
            effects.append(.store(change, .immediate))
        }
        effects += enrol(interested.keys, on: node.name)
        return effects
    }

    /// A node's own row follows its items: what is rewritten by the next publish need not hold
    /// anybody up.
    private func save(_ node: Node) -> PubSubEffect {
        .store(
            .saveNode(
                owner: owner,
                node: node.name,
                configuration: node.configuration.differences(from: profile.defaults)
            ),
            .immediate
        )
    }

    /// XEP-0060 §8.1, with the configuration beside it (§8.1.3).
    mutating func create(
        _ action: Element,
        in payload: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        guard profile.mayCreate(request.from, request.relation) else {
            throw StanzaError(.forbidden)
        }
        let asked = action["node"] ?? ""
        // XEP-0060 §8.1.2: an instant node, named by the service.
        let name = asked.isEmpty ? ids.next(at: request.now) : asked
        guard nodes[name] == nil else { throw StanzaError(.conflict) }
        let form = try Self.configuration(in: payload.child("configure"))
        let node = try newNode(name, options: form, request)
        let reply = Element("create", Namespace.pubsub, attributes: [.init("node", name)])
        return add(node) + [
            request.result(
                asked.isEmpty ? Element("pubsub", Namespace.pubsub, [reply]) : nil
            )
        ]
    }

    // MARK: Configuration (XEP-0060 §8.2, §8.3)

    func configurationForm(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        let form = Element(
            "configure",
            Namespace.pubsubOwner,
            attributes: [.init("node", node.name)],
            [node.configuration.form(.form).element]
        )
        return [request.result(Element("pubsub", Namespace.pubsubOwner, [form]))]
    }

    func defaultForm(_ request: PubSubRequest) -> [PubSubEffect] {
        let form = Element(
            "default",
            Namespace.pubsubOwner,
            [profile.defaults.form(.form).element]
        )
        return [request.result(Element("pubsub", Namespace.pubsubOwner, [form]))]
    }

    mutating func configure(
        _ action: Element,
        _ request: PubSubRequest,
        _ relation: (JID) -> Relation
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        guard let form = try Self.configuration(in: action) else {
            throw StanzaError(.badRequest, text: "the configuration is a form")
        }
        guard form.kind != .cancel else { return [request.result()] }
        var configuration = node.configuration
        try configuration.apply(form)
        return reconfigure(node, configuration, request, relation)
    }

    /// The form that an element holds; nil where it holds nothing.
    private static func configuration(in element: Element?) throws(StanzaError) -> DataForm? {
        guard let x = element?.child("x", Namespace.dataForms) else { return nil }
        guard let form = DataForm(x),
            form.formType == nil || form.formType == NodeConfiguration.formType
        else { throw StanzaError(.badRequest, text: "the form is of another type") }
        return form
    }

    private mutating func reconfigure(
        _ node: Node,
        _ configuration: NodeConfiguration,
        _ request: PubSubRequest,
        _ relation: (JID) -> Relation
    ) -> [PubSubEffect] {
        nodes[node.name]?.configuration = configuration
        var effects: [PubSubEffect] = []
        if let changed = nodes[node.name] { effects.append(save(changed)) }
        effects += resize(node.name)
        // The access model may be another: some may come in, some have to go.
        var isOut: Set<JID> = []
        if let changed = nodes[node.name] {
            for jid in Set(changed.audience.keys).union(changed.subscriptions.all.map(\.jid))
            where !admits(jid, relation(jid), to: changed) {
                isOut.insert(jid)
            }
        }
        effects += expel(from: node.name) { isOut.contains($0) }
        let welcomes = enrol(interested.keys, on: node.name)
        effects.append(request.result())
        if configuration.notifiesConfiguration {
            let form = configuration.deliversPayloads ? configuration.form(.result) : nil
            notify(of: PubSubEvent(node.name, .configuration(form)), &effects)
        }
        return effects + welcomes
    }

    /// Items that are more than the configuration now allows go, the oldest first.
    private mutating func resize(_ name: String) -> [PubSubEffect] {
        guard let configuration = nodes[name]?.configuration else { return [] }
        if !configuration.persistsItems {
            guard nodes[name]?.items.isEmpty == false else { return [] }
            nodes[name]?.items.removeAll()
            return [.store(.purge(owner: owner, node: name), profile.durability(name))]
        }
        let trimmed = nodes[name]?.items.trim(to: profile.limits.items(of: configuration)) ?? []
        guard !trimmed.isEmpty else { return [] }
        return [.store(.removeItems(owner: owner, node: name, trimmed), profile.durability(name))]
    }

    // MARK: The end (XEP-0060 §8.4, §8.5)

    /// Everybody is told of the end, whatever the configuration says (XEP-0060 §8.4.2).
    mutating func delete(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        let uri = action.child("redirect")?["uri"]
        guard (uri?.utf8.count ?? 0) <= PubSubLimits.configurationTextBytesMaximum else {
            throw StanzaError(.notAcceptable, text: "the address is too long")
        }
        var effects: [PubSubEffect] = [
            .store(.deleteNode(owner: owner, node: node.name), .immediate), request.result(),
        ]
        notify(of: PubSubEvent(node.name, .delete(redirect: uri)), &effects)
        nodes[node.name] = nil
        for subscription in node.subscriptions.all {
            subscribersChanged(of: node.name, subscription.jid)
        }
        return effects
    }

    /// One event, and no item is left, the last neither (XEP-0060 §8.5).
    mutating func purge(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        guard node.configuration.persistsItems else { throw .unsupported("persistent-items") }
        nodes[node.name]?.items.removeAll()
        var effects: [PubSubEffect] = [
            .store(.purge(owner: owner, node: node.name), profile.durability(node.name)),
            request.result(),
        ]
        notify(of: PubSubEvent(node.name, .purge), &effects)
        return effects
    }
}
