import XMPP

// Making, setting, emptying and ending nodes (XEP-0060 §8).
extension PubSubService {
    /// A node as it would be made, checked; ``add(_:)`` makes it.
    func newNode(
        _ name: String,
        options: DataForm?,
        _ request: PubSubRequest
    ) throws(StanzaError) -> NewNode {
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
        try checkRoom(forNodeOf: request.from, request.relation)
        let isCollection = options?[NodeConfiguration.nodeTypeField] == ["collection"]
        var configuration = isCollection ? profile.defaults.asCollection() : profile.defaults
        if let options { try configuration.apply(options) }
        if profile.hasWildcards, NodePattern(name) != nil {
            throw StanzaError(.notAcceptable, text: "the name stands for other nodes")
        }
        var node = Node(name, configuration)
        node.origin = NodeOrigin(creation: request.now, creator: request.from.bare)
        // XEP-0060 §8.1: who makes a node owns it; an account's are its own without saying.
        if profile.kind == .shared { node.affiliations[request.from.bare] = .owner }
        let placement = try placement(of: &node, isNew: true, request)
        return NewNode(node: node, placement: placement)
    }

    /// A node to be made, and what that does to the collections.
    struct NewNode {
        let node: Node
        let placement: Placement
    }

    mutating func add(_ new: NewNode) -> [PubSubEffect] {
        let node = new.node
        nodes[node.name] = node
        charge(for: node, 1)
        // The row of where a node of that name had moved is overwritten.
        moved[node.name] = nil
        var effects = [save(node)]
        for (jid, affiliation) in node.affiliations.all {
            let change = PubSubChange.setAffiliation(
                owner: owner,
                node: node.name,
                jid,
                affiliation
            )
            effects.append(.store(change, .immediate))
        }
        effects += place(new.placement, saved: node.name)
        effects += enrol(interested.keys, on: node.name)
        return effects
    }

    /// A node's own row follows its items: what is rewritten by the next publish need not hold
    /// anybody up.
    func save(_ node: Node) -> PubSubEffect {
        .store(
            .saveNode(
                owner: owner,
                node: node.name,
                configuration: node.configuration.differences(from: profile.defaults)
                    .merging(node.origin?.stored ?? [:]) { configured, _ in configured }
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
            throw profile.creationRefusal(of: request.from)
        }
        let asked = action["node"] ?? ""
        // XEP-0060 §8.1.2: an instant node, named by the service.
        let name = asked.isEmpty ? ids.next(at: request.now) : asked
        guard nodes[name] == nil else { throw StanzaError(.conflict) }
        let form = try Self.creationForm(action, in: payload)
        let node = try newNode(name, options: form, request)
        let reply = Element("create", Namespace.pubsub, attributes: [.init("node", name)])
        var effects = add(node)
        effects.append(
            request.result(asked.isEmpty ? Element("pubsub", Namespace.pubsub, [reply]) : nil)
        )
        tellCreation(of: name, node.placement, &effects)
        return effects
    }

    /// XEP-0060 §8.1.3: the configuration comes behind and names no node.
    private static func creationForm(
        _ action: Element,
        in payload: Element
    ) throws(StanzaError) -> DataForm? {
        var form: DataForm?
        if let configure = payload.child("configure") {
            guard payload.elements.first?.name == "create", configure["node"] == nil else {
                throw StanzaError(
                    .badRequest,
                    text: "a configuration follows its create and names no node"
                )
            }
            form = try configuration(in: configure)
        }
        // Earlier versions of the specification had the type beside the name.
        guard let type = action["type"] else { return form }
        var typed = form ?? DataForm(.submit, formType: NodeConfiguration.formType)
        guard typed[NodeConfiguration.nodeTypeField] ?? [type] == [type] else {
            throw StanzaError(.badRequest, text: "a node is of one type")
        }
        typed.fields.removeAll { $0.name == NodeConfiguration.nodeTypeField }
        typed.fields.append(.init(NodeConfiguration.nodeTypeField, values: [type]))
        return typed
    }

    // MARK: The end (XEP-0060 §8.4, §8.5)

    /// Everybody is told of the end, whatever the configuration says (XEP-0060 §8.4.2).
    mutating func delete(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        // XEP-0248 §7.4.3.1
        if profile.hasCollections, action["node"] == CollectionGraph.root {
            throw StanzaError(.notAllowed, text: "the root can't be deleted")
        }
        let node = try managed(action, request)
        let uri = action.child("redirect")?["uri"]
        guard (uri?.utf8.count ?? 0) <= PubSubLimits.configurationTextBytesMaximum else {
            throw StanzaError(.notAcceptable, text: "the address is too long")
        }
        var effects: [PubSubEffect] = [
            .store(.deleteNode(owner: owner, node: node.name), .immediate)
        ]
        if let uri, !uri.isEmpty {
            let origin = NodeOrigin(creation: request.now, creator: request.from.bare)
            effects += move(node.name, Move(to: uri, origin))
        }
        effects.append(request.result())
        tell(ofEndOf: node.name, &effects)
        let event = PubSubEvent(node.name, .delete(redirect: uri))
        notify(of: event, &effects)
        effects += notify(ofEnd: event, node)
        nodes[node.name] = nil
        charge(for: node, -1)
        pasts[node.name] = nil
        for (publisher, names) in offlinePurges where names.contains(node.name) {
            offlinePurges[publisher] = names.count > 1 ? names.subtracting([node.name]) : nil
        }
        effects += displace(node.name)
        for subscription in node.subscriptions.all {
            subscribersChanged(of: node.name, subscription.jid)
        }
        return effects
    }

    /// XEP-0060 §8.4.2: those too whose subscriptions are not in force yet.
    private mutating func notify(ofEnd event: PubSubEvent, _ node: Node) -> [PubSubEffect] {
        let all = node.subscriptions.all
        let told = Set(all.lazy.filter { $0.state == .subscribed }.map(\.jid))
        let waiting = Set(
            all.lazy.filter { $0.state != .subscribed && $0.options.delivers }.map(\.jid)
        ).subtracting(told)
        guard !waiting.isEmpty else { return [] }
        let recipients = waiting.map { Recipient(jid: $0, session: nil) }
        return [.notify(notification(event, node.configuration.notificationType, to: recipients))]
    }

    /// One event, and no item is left, the last neither (XEP-0060 §8.5).
    mutating func purge(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        guard node.keepsItems else { throw .unsupported("persistent-items") }
        let effects = empty(node.name)
        return effects.prefix(1) + [request.result()] + effects.dropFirst()
    }

    /// Takes all items out of a node, and tells of it once (XEP-0060 §8.5.2).
    mutating func empty(_ name: String) -> [PubSubEffect] {
        nodes[name]?.items.removeAll()
        pasts[name] = nil
        var effects: [PubSubEffect] = [
            .store(.purge(owner: owner, node: name), profile.durability(name))
        ]
        notify(of: PubSubEvent(name, .purge), &effects)
        return effects
    }
}
