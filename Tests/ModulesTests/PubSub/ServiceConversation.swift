import XMPP

@testable import Modules

extension NodesConversation {
    static let domain = JID(normalizedLocal: nil, domain: "pubsub.example.org")

    /// The nodes of a service, which belong to whoever makes them; the agent is one user of many.
    static func ofService(
        _ limits: PubSubLimits = PubSubLimits(),
        nodes: [NodeRecord] = []
    ) -> Self {
        of(.shared(users: "example.org", limits: limits), nodes: nodes)
    }

    /// The nodes of a service of any kind.
    static func of(
        _ profile: PubSubService.Profile,
        nodes: [NodeRecord] = []
    ) -> Self {
        var talk = Self()
        talk.service = PubSubService(owner: domain, profile: profile, nodes: nodes)
        talk.relations = [:]
        return talk
    }

    /// Some seconds later; what is due by then is done.
    mutating func pass(seconds: Int64) -> Outcome {
        now = now + .seconds(seconds)
        return outcome(of: service.woke(at: now))
    }

    /// Sets affiliations, by address.
    mutating func affiliate(
        _ node: String,
        _ list: [(String, String?)],
        from: String = agent
    ) throws -> Outcome {
        let entries = list.map { jid, affiliation in
            "<affiliation jid='\(jid)'" + (affiliation.map { " affiliation='\($0)'" } ?? "") + "/>"
        }
        return try set(
            "#<affiliations node='\(node)'>\(entries.joined())</affiliations>",
            from: from
        )
    }

    /// The affiliations of a node, as in `a@example.org owner`.
    mutating func affiliations(of node: String, for owner: String = agent) throws -> [String] {
        let list = try get("#<affiliations node='\(node)'/>", from: owner).reply?.payload?
            .child("affiliations")
        return list?.elements.compactMap { entry in
            entry["jid"].map { $0 + " " + (entry["affiliation"] ?? "") }
        } ?? []
    }
}

extension NodesConversation.Outcome {
    /// The entries of the first list in a reply or an error, as in `a@example.org owner`.
    var entries: [String] {
        let list = reply?.payload("pubsub", Namespace.pubsubOwner)?.elements.first
        return list?.elements.compactMap { entry in
            entry["jid"].map { $0 + " " + (entry["affiliation"] ?? "") }
        } ?? []
    }

    /// The form in a reply.
    var form: DataForm? {
        reply?.payload?.elements.first?.child("x", Namespace.dataForms).flatMap(DataForm.init)
    }

    /// The ids of items that are to be taken out of the store.
    var removedItems: [[String]] {
        changes.compactMap { change in
            if case .removeItems(_, _, let ids) = change { ids } else { nil }
        }
    }
}
