package import XMPP

// What there is to find out about nodes (XEP-0060 §5).
extension PubSubService {
    /// The nodes that an entity may see, or the items of one.
    package func discoItems(
        node name: String?,
        for jid: JID,
        relation: Relation
    ) throws(StanzaError) -> DiscoItems {
        guard let name else {
            let visible = nodes.values.filter { admits(jid, relation, to: $0) }
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
        try admit(jid, relation, to: node)
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
        try admit(jid, relation, to: node)
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
