package import XMPP

// Making, setting, emptying and ending nodes (XEP-0060 §8).
extension PubSubService {
    /// A node as it would be made, checked; ``add(_:)`` makes it.
    func newNode(
        _ name: String,
        options: DataForm?,
        _ request: PubSubRequest
    ) throws(StanzaError) -> Node {
        guard request.relation.isOwner else {
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
        return Node(name, configuration)
    }

    mutating func add(_ node: Node) -> [PubSubEffect] {
        nodes[node.name] = node
        enrol(on: node.name)
        return [save(node)]
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
        guard request.relation.isOwner else { throw StanzaError(.forbidden) }
        let asked = action["node"] ?? ""
        // XEP-0060 §8.1.2: an instant node, named by the service.
        let name = asked.isEmpty ? uniqueID(at: request.now) : asked
        guard nodes[name] == nil else { throw StanzaError(.conflict) }
        let form = payload.child("configure")?.child("x", Namespace.dataForms)
            .flatMap(DataForm.init)
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
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        guard let form = action.child("x", Namespace.dataForms).flatMap(DataForm.init) else {
            throw StanzaError(.badRequest, text: "the configuration is a form")
        }
        guard form.kind != .cancel else { return [request.result()] }
        guard form.formType == nil || form.formType == NodeConfiguration.formType else {
            throw StanzaError(.badRequest, text: "the form is of another type")
        }
        var configuration = node.configuration
        try configuration.apply(form)
        return reconfigure(node, configuration, request)
    }

    private mutating func reconfigure(
        _ node: Node,
        _ configuration: NodeConfiguration,
        _ request: PubSubRequest
    ) -> [PubSubEffect] {
        let before = durability(of: node)
        nodes[node.name]?.configuration = configuration
        var effects: [PubSubEffect] = []
        if let changed = nodes[node.name] { effects.append(save(changed)) }
        effects += resize(node.name, before: before)
        // The access model may be another: some may come in, some have to go.
        var isOut: Set<JID> = []
        if let changed = nodes[node.name] {
            for jid in Set(changed.audience.keys).union(changed.subscriptions.map(\.jid))
            where !changed.admits(jid, relation(of: jid)) {
                isOut.insert(jid)
            }
        }
        effects += expel(from: node.name) { isOut.contains($0) }
        enrol(on: node.name)
        effects.append(request.result())
        if configuration.notifiesConfiguration {
            effects += notification(
                of: node.name,
                Element(
                    "configuration",
                    Namespace.pubsubEvent,
                    attributes: [.init("node", node.name)],
                    configuration.deliversPayloads
                        ? [configuration.form(.result).element] : []
                )
            )
        }
        return effects
    }

    /// Items that are more than the configuration now allows go, the oldest first.
    private mutating func resize(_ name: String, before: Durability) -> [PubSubEffect] {
        guard let node = nodes[name] else { return [] }
        if !node.configuration.persistsItems {
            guard !node.items.isEmpty else { return [] }
            nodes[name]?.items.removeAll()
            return [.store(.purge(owner: owner, node: name), before)]
        }
        let maximum = itemsMaximum(of: node.configuration)
        let trimmed = nodes[name]?.items.trim(to: maximum) ?? []
        guard !trimmed.isEmpty else { return [] }
        return [.store(.removeItems(owner: owner, node: name, trimmed), durability(of: node))]
    }

    /// What is known of an entity that is not asking just now.
    private func relation(of jid: JID) -> Relation {
        if jid.bare == owner { return Relation(isOwner: true) }
        if let known = interested[jid] { return known.relation }
        return interested.first { $0.key.bare == jid.bare }?.value.relation ?? Relation()
    }

    // MARK: The end (XEP-0060 §8.4, §8.5)

    /// Everybody is told of the end, whatever the configuration says (XEP-0060 §8.4.2).
    mutating func delete(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        var event = Element(
            "delete",
            Namespace.pubsubEvent,
            attributes: [.init("node", node.name)]
        )
        if let uri = action.child("redirect")?["uri"] {
            guard uri.utf8.count <= PubSubLimits.configurationTextBytesMaximum else {
                throw StanzaError(.notAcceptable, text: "the address is too long")
            }
            event.append(
                Element("redirect", Namespace.pubsubEvent, attributes: [.init("uri", uri)])
            )
        }
        let notifications = notification(of: node.name, event)
        nodes[node.name] = nil
        return [
            .store(.deleteNode(owner: owner, node: node.name), .immediate), request.result(),
        ] + notifications
    }

    /// One event, and no item is left, the last neither (XEP-0060 §8.5).
    mutating func purge(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        guard node.configuration.persistsItems else { throw .unsupported("persistent-items") }
        nodes[node.name]?.items.removeAll()
        return [
            .store(.purge(owner: owner, node: node.name), durability(of: node)),
            request.result(),
        ]
            + notification(
                of: node.name,
                Element(
                    "purge",
                    Namespace.pubsubEvent,
                    attributes: [.init("node", node.name)]
                )
            )
    }

    // MARK: Disco (XEP-0060 §5)

    /// The nodes that an entity may see, or the items of one.
    package func discoItems(
        node name: String?,
        for jid: JID,
        relation: Relation
    ) throws(StanzaError) -> DiscoItems {
        guard let name else {
            let visible = nodes.values.filter { $0.admits(jid, relation) }
                .sorted { $0.name < $1.name }
            return DiscoItems(
                items: visible.map {
                    .init(
                        jid: owner,
                        node: $0.name,
                        name: $0.configuration.title.isEmpty ? nil : $0.configuration.title
                    )
                }
            )
        }
        let node = try node(named: name)
        try node.admit(jid, relation)
        let items = node.items.latest(PubSubLimits.idsPerRequestMaximum)
        return DiscoItems(node: name, items: items.map { .init(jid: owner, name: $0.id) })
    }

    /// What a node is, with its meta-data (XEP-0060 §5.4).
    package func discoInfo(
        node name: String,
        for jid: JID,
        relation: Relation
    ) throws(StanzaError) -> DiscoInfo {
        let node = try node(named: name)
        try node.admit(jid, relation)
        let configuration = node.configuration
        let form = DataForm(
            .result,
            formType: Namespace.pubsub + "#meta-data",
            fields: [
                .init("pubsub#owner", type: .jidMulti, values: [owner.description]),
                .init("pubsub#title", type: .textSingle, values: [configuration.title]),
                .init(
                    "pubsub#description",
                    type: .textSingle,
                    values: [configuration.description]
                ),
                .init("pubsub#type", type: .textSingle, values: [configuration.payloadNamespace]),
                .init(
                    "pubsub#access_model",
                    type: .listSingle,
                    values: [configuration.accessModel.rawValue]
                ),
                .init(
                    "pubsub#publish_model",
                    type: .listSingle,
                    values: [configuration.publishModel.rawValue]
                ),
                .init(
                    "pubsub#num_subscribers",
                    type: .textSingle,
                    values: [String(node.subscriptions.count)]
                ),
            ]
        )
        return DiscoInfo(
            node: name,
            identities: [.init(category: "pubsub", type: "leaf")],
            features: [Namespace.pubsub],
            forms: [form.element]
        )
    }
}
