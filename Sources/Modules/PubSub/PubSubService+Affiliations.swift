import XMPP

// Affiliations (XEP-0060 §5.7, §8.9).
extension PubSubService {
    /// The requester's own, of one node or of all.
    func ownAffiliations(_ action: Element, _ request: PubSubRequest) -> [PubSubEffect] {
        var list = Element("affiliations", Namespace.pubsub)
        for node in nodes.values.sorted(by: { $0.name < $1.name })
        where action["node"] == nil || action["node"] == node.name {
            let affiliation = node.affiliation(of: request.from, request.relation)
            guard affiliation != .none else { continue }
            list.append(
                Element(
                    "affiliation",
                    Namespace.pubsub,
                    attributes: [
                        .init("node", node.name), .init("affiliation", affiliation.rawValue),
                    ]
                )
            )
        }
        return [request.result(Element("pubsub", Namespace.pubsub, [list]))]
    }

    func affiliations(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        var entries: [(JID, Affiliation)] = []
        if profile.kind == .personal { entries.append((owner, .owner)) }
        entries += node.affiliations.sorted { $0.key.description < $1.key.description }
        let list = Element(
            "affiliations",
            Namespace.pubsubOwner,
            attributes: [.init("node", node.name)],
            entries.map { jid, affiliation in
                Element(
                    "affiliation",
                    Namespace.pubsubOwner,
                    attributes: [
                        .init("jid", jid.description),
                        .init("affiliation", affiliation.rawValue),
                    ]
                )
            }
        )
        return [request.result(Element("pubsub", Namespace.pubsubOwner, [list]))]
    }

    /// What can be set is set; the rest comes back in the error (XEP-0060 §8.9.2.4).
    mutating func setAffiliations(
        _ action: Element,
        _ request: PubSubRequest,
        _ relation: (JID) -> Relation
    ) throws(StanzaError) -> [PubSubEffect] {
        let node = try managed(action, request)
        var effects: [PubSubEffect] = []
        var welcomes: [PubSubEffect] = []
        var failed: [Element] = []
        for element in action.elements where element.name == "affiliation" {
            guard let jid = element["jid"].flatMap({ try? JID($0) })?.bare, jid != owner,
                let affiliation = element["affiliation"].flatMap(Affiliation.init(rawValue:)),
                mayAffiliate(jid, as: affiliation, on: node.name)
            else {
                // The owner of the account owns its nodes for good.
                failed.append(element)
                continue
            }
            nodes[node.name]?.affiliations[jid] = affiliation == .none ? nil : affiliation
            effects.append(
                .store(
                    .setAffiliation(owner: owner, node: node.name, jid, affiliation),
                    .immediate
                )
            )
            if let changed = nodes[node.name], admits(jid, relation(jid), to: changed) {
                welcomes += enrol(interested.keys.filter { $0.bare == jid }, on: node.name)
            } else {
                effects += expel(from: node.name) { $0.bare == jid }
            }
        }
        return effects + [
            Self.outcome(of: "affiliations", on: node.name, failed: failed, request)
        ] + welcomes
    }

    /// Whether there is room, or none is needed.
    private func mayAffiliate(_ jid: JID, as affiliation: Affiliation, on name: String) -> Bool {
        guard affiliation != .none, let affiliations = nodes[name]?.affiliations else {
            return true
        }
        return affiliations[jid] != nil || affiliations.count < PubSubLimits.affiliationsMaximum
    }
}
