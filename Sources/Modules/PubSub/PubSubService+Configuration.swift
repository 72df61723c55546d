import XMPP

// How nodes are set (XEP-0060 §8.2, §8.3).
extension PubSubService {
    func configurationForm(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        let form = Element(
            "configure",
            Namespace.pubsubOwner,
            attributes: [.init("node", node.name)],
            [configuration(of: node).form(.form).element]
        )
        return [request.result(Element("pubsub", Namespace.pubsubOwner, [form]))]
    }

    /// XEP-0060 §8.3: of a leaf, where no type is asked for.
    func defaultForm(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        // §8.3.4.1: where nothing can be configured there is nothing to show.
        guard profile.kind != .fleet else { throw .unsupported("config-node") }
        let type = action["type"] ?? NodeConfiguration.NodeType.leaf.rawValue
        guard let type = NodeConfiguration.NodeType(rawValue: type) else {
            throw StanzaError(.badRequest, text: "nodes are leaf or collection")
        }
        let defaults = type == .leaf ? profile.defaults : profile.defaults.asCollection()
        var form = Element(
            "default",
            Namespace.pubsubOwner,
            [defaults.form(.form).element]
        )
        form["type"] = action["type"]
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
        // XEP-0060 §8.2.4: who cancels keeps what is.
        guard form.kind != .cancel else { return [request.result()] }
        var changed = node
        changed.configuration = configuration(of: node)
        try changed.configuration.apply(form)
        let placement = try placement(of: &changed, isNew: false, request)
        return reconfigure(node, changed.configuration, placement, request, relation)
    }

    /// The form that an element holds; nil where it holds nothing.
    static func configuration(in element: Element?) throws(StanzaError) -> DataForm? {
        guard let x = element?.child("x", Namespace.dataForms) else { return nil }
        guard let form = DataForm(x),
            form.formType == nil || form.formType == NodeConfiguration.formType
        else { throw StanzaError(.badRequest, text: "the form is of another type") }
        return form
    }

    private mutating func reconfigure(
        _ node: Node,
        _ configuration: NodeConfiguration,
        _ placement: Placement,
        _ request: PubSubRequest,
        _ relation: (JID) -> Relation
    ) -> [PubSubEffect] {
        nodes[node.name]?.configuration = configuration
        // Whom it notifies, and how, may be otherwise.
        plansChanged(of: node.name)
        var effects: [PubSubEffect] = []
        if let changed = nodes[node.name] { effects.append(save(changed)) }
        effects += place(placement, saved: node.name)
        effects += resize(node.name)
        scheduleExpiry(of: node.name)
        effects += followPublishers(of: node.name)
        // Some may come in by another access model, some have to go; all may be temporary.
        effects += subscriptionsChanged(on: node.name, since: node.configuration)
        let change = accessChanged(
            of: node.name,
            since: node.configuration,
            relation: relation
        )
        effects += change.filter(\.isStored)
        let welcomes = change.filter { !$0.isStored }
        effects.append(request.result())
        if configuration.notifiesConfiguration {
            // XEP-0060 §8.2.5.3: what it is now where events have payloads, else only that it is.
            let shown = nodes[node.name].map { self.configuration(of: $0) } ?? configuration
            let form = configuration.deliversPayloads ? shown.form(.result) : nil
            notify(of: PubSubEvent(node.name, .configuration(form)), &effects)
        }
        tell(of: placement, &effects)
        return effects + welcomes
    }

    /// Items that are more than the configuration now allows go, the oldest first.
    private mutating func resize(_ name: String) -> [PubSubEffect] {
        guard let configuration = nodes[name]?.configuration else { return [] }
        // XEP-0248 §7.2.4: what becomes a collection is emptied.
        if !configuration.persistsItems || configuration.nodeType == .collection {
            return nodes[name]?.items.isEmpty == false ? empty(name) : []
        }
        let maximum = profile.limits.items(of: configuration)
        let trimmed = nodes[name]?.items.trim(to: maximum, bytes: configuration.bytesKept)
        return removed(trimmed ?? [], from: name)
    }
}

// MARK: - Who may make nodes

extension PubSubService.Profile {
    /// Why an entity may make no node (XEP-0060 §8.1.1).
    func creationRefusal(of jid: JID) -> StanzaError {
        guard kind != .fleet else { return .unsupported("create-nodes") }
        if case .users(let domain) = creators, jid.domain != domain {
            return StanzaError(.registrationRequired)
        }
        return StanzaError(.forbidden)
    }
}
