import XMPP

// Affiliations (XEP-0060 §5.7, §8.9).
extension PubSubService {
    /// The requester's own, of one node or of all.
    func ownAffiliations(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        if let name = action["node"] { _ = try node(named: name) }
        var own: [(node: String, affiliation: Affiliation)] = []
        for node in nodes.values.sorted(by: { $0.name < $1.name })
        where action["node"] == nil || action["node"] == node.name {
            let affiliation = node.affiliation(of: request.from, request.relation)
            guard affiliation != .none else { continue }
            own.append((node.name, affiliation))
        }
        let list = Element("affiliations", Namespace.pubsub)
        return [
            try request.result(list, of: own, id: { $0.node }) { entry in
                Element(
                    "affiliation",
                    Namespace.pubsub,
                    attributes: [
                        .init("node", entry.node),
                        .init("affiliation", entry.affiliation.rawValue),
                    ]
                )
            }
        ]
    }

    func affiliations(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        var entries: [(JID, Affiliation)] = []
        if profile.kind == .personal { entries.append((owner, .owner)) }
        entries += node.affiliations.all.sorted { $0.key.description < $1.key.description }
        let list = Element(
            "affiliations",
            Namespace.pubsubOwner,
            attributes: [.init("node", node.name)]
        )
        return [
            try request.result(list, of: entries, id: { $0.0.description }) { jid, affiliation in
                Element(
                    "affiliation",
                    Namespace.pubsubOwner,
                    attributes: [
                        .init("jid", jid.description),
                        .init("affiliation", affiliation.rawValue),
                    ]
                )
            }
        ]
    }

    /// What can be set is set; the rest comes back in the error with what it still is (XEP-0060
    /// §8.9.2.4).
    mutating func setAffiliations(
        _ action: Element,
        _ request: PubSubRequest,
        _ relation: (JID) -> Relation
    ) throws(StanzaError) -> [PubSubEffect] {
        let name = try managed(action, request).name
        let elements = action.elements.filter { $0.matches("affiliation", Namespace.pubsubOwner) }
        try Self.checkOnce(elements)
        var effects: [PubSubEffect] = []
        var welcomes: [PubSubEffect] = []
        var failed: [Element] = []
        for element in elements {
            guard let jid = Self.entity(of: element) else {
                failed.append(element)
                continue
            }
            // §8.9.2.1: what is not said is not changed.
            guard let asked = element["affiliation"] else { continue }
            guard let affiliation = Affiliation(rawValue: asked),
                mayAffiliate(jid, as: affiliation, on: name)
            else {
                failed.append(unchanged(element, jid, on: name))
                continue
            }
            guard affiliation != nodes[name]?.affiliations[jid] ?? .none else { continue }
            effects += affiliate(jid, as: affiliation, on: name)
            // XEP-0060 §8.9.4: they may be told, and need not be.
            if !hearers(of: [jid], cause: request.from).isEmpty {
                effects.append(.send(notice(of: affiliation, to: jid, on: name)))
            }
            let change = accessChanged(
                of: name,
                for: jid,
                relation: relation
            )
            effects += change.filter(\.isStored)
            welcomes += change.filter { !$0.isStored }
        }
        return effects + [
            Self.outcome(of: "affiliations", on: name, failed: failed, request)
        ] + welcomes
    }

    /// XEP-0060 §4.1: affiliations are those of bare addresses.
    private static func entity(of element: Element) -> JID? {
        element["jid"].flatMap { try? JID($0) }?.bare
    }

    /// XEP-0060 §8.9.2.4: no entity may be named twice.
    private static func checkOnce(_ elements: [Element]) throws(StanzaError) {
        var named: Set<JID> = []
        for jid in elements.compactMap(entity) where !named.insert(jid).inserted {
            throw StanzaError(.badRequest, text: "\(jid) is named twice")
        }
    }

    /// Takes the affiliation up.
    private mutating func affiliate(
        _ jid: JID,
        as affiliation: Affiliation,
        on name: String
    ) -> [PubSubEffect] {
        nodes[name]?.affiliations[jid] = affiliation == .none ? nil : affiliation
        // Who is subscribed by a pattern or a collection may come in by it, or has to go.
        plansChanged(of: name)
        return [
            .store(.setAffiliation(owner: owner, node: name, jid, affiliation), .immediate)
        ]
    }

    /// Whether the entity may become that: by the state chart of XEP-0060 §4.1, while somebody owns
    /// the node, and there is room.
    private func mayAffiliate(_ jid: JID, as affiliation: Affiliation, on name: String) -> Bool {
        // The owner of the account owns its nodes for good.
        guard let node = nodes[name], jid != owner else { return false }
        let current = node.affiliations[jid] ?? .none
        guard current.mayBecome(affiliation) else { return false }
        if current == .owner, affiliation != .owner, profile.kind != .personal {
            return node.affiliations.owners.contains { $0 != jid }
        }
        if affiliation == .owner, current != .owner {
            guard node.affiliations.owners.count < PubSubLimits.ownersMaximum else { return false }
        }
        return affiliation == .none || node.affiliations[jid] != nil
            || node.affiliations.count < PubSubLimits.affiliationsMaximum
    }

    /// The entry with what the entity still is.
    private func unchanged(_ element: Element, _ jid: JID, on name: String) -> Element {
        var element = element
        let current =
            jid == owner && profile.kind == .personal
            ? .owner : nodes[name]?.affiliations[jid] ?? .none
        element["affiliation"] = current.rawValue
        return element
    }

    /// XEP-0060 §8.9.4: tells the entity what it is; not kept for who is not there (§12.7).
    private mutating func notice(
        of affiliation: Affiliation,
        to jid: JID,
        on name: String
    ) -> Stanza {
        notificationsSent &+= 1
        let entry = Element(
            "affiliation",
            Namespace.pubsub,
            attributes: [
                .init("jid", jid.description), .init("affiliation", affiliation.rawValue),
            ]
        )
        let list = Element(
            "affiliations",
            Namespace.pubsub,
            attributes: [.init("node", name)],
            [entry]
        )
        return Stanza(
            .message,
            type: NodeConfiguration.NotificationType.headline.rawValue,
            id: "event-" + String(notificationsSent, radix: 36),
            from: owner,
            to: jid,
            [Element("pubsub", Namespace.pubsub, [list])]
        )
    }
}
