package import XMPP

// What there is to find out about nodes (XEP-0060 §5.2 to §5.5).
extension PubSubService {
    /// The nodes that an entity may see in the service or in a collection, or the items of a leaf.
    package func discoItems(
        node name: String?,
        filter: TypeFilter? = nil,
        page asked: ResultSetRequest? = nil,
        for jid: JID,
        relation: Relation
    ) throws(StanzaError) -> DiscoItems {
        guard let name, !name.isEmpty else {
            let listed = listing(of: CollectionGraph.root, filter, for: jid, relation)
            return try Self.page(of: listed, of: nil, asked)
        }
        try admitToFleet(jid)
        let node = try node(named: name)
        if node.isCollection {
            try show(node, to: jid, relation)
            let listed = listing(of: name, filter, for: jid, relation)
            return try Self.page(of: listed, of: name, asked)
        }
        try admit(jid, relation, to: node)
        // XEP-0060 §5.5: an item has its id for a name, and no node.
        let list = ItemList(items(of: node, for: jid))
        // Who asks for no page gets the latest.
        let page = try (asked ?? ResultSetRequest(.last)).page(
            count: list.count,
            limit: PubSubLimits.listedEntriesMaximum,
            position: list.position
        )
        let ids = page.range.compactMap { list[$0]?.id }
        let isWhole = asked == nil && ids.count == list.count
        return DiscoItems(
            node: name,
            items: ids.map { .init(jid: owner, name: $0) },
            page: isWhole ? nil : page.answer(first: ids.first, last: ids.last)
        )
    }

    private static func page(
        of listed: [DiscoItems.Item],
        of collection: String?,
        _ asked: ResultSetRequest?
    ) throws(StanzaError) -> DiscoItems {
        let page = try ListPage(listed, asked) { $0.node ?? "" }
        return DiscoItems(node: collection, items: Array(page.entries), page: page.answer)
    }

    /// The nodes of a collection that an entity may see, by their names.
    private func listing(
        of collection: String,
        _ filter: TypeFilter?,
        for jid: JID,
        _ relation: Relation
    ) -> [DiscoItems.Item] {
        children(of: collection)
            .filter { filter?.matches($0.configuration.payloadNamespace) ?? true }
            .filter { shows($0, to: jid, relation) }
            .sorted { $0.name < $1.name }
            .map { node in
                let title = node.configuration.title
                return .init(jid: owner, node: node.name, name: title.isEmpty ? nil : title)
            }
    }

    /// What a node is, with its meta-data (XEP-0060 §5.3, §5.4).
    package func discoInfo(
        node name: String,
        for jid: JID,
        relation: Relation
    ) throws(StanzaError) -> DiscoInfo {
        try admitToFleet(jid)
        let node = try node(named: name)
        try show(node, to: jid, relation)
        return DiscoInfo(
            node: name,
            identities: [.init(category: "pubsub", type: node.configuration.nodeType.rawValue)],
            features: [Namespace.pubsub]
                + (node.keepsItems ? ArchiveQuery.features + ItemOrder.features : []),
            forms: [node.metaData(owner: owner).element]
        )
    }

    // MARK: Who sees a node

    /// Whether `jid` may know of the node: who has anything to do with it may, else who may have
    /// its items.
    ///
    /// One who may only publish retrieves nothing, yet knows the node.
    private func show(
        _ node: Node,
        to jid: JID,
        _ relation: Relation
    ) throws(StanzaError) {
        switch node.affiliation(of: jid, relation) {
        case .publishOnly where fleetAccess == nil: return
        default: try admit(jid, relation, to: node)
        }
    }

    private func shows(_ node: Node, to jid: JID, _ relation: Relation) -> Bool {
        (try? show(node, to: jid, relation)) != nil
    }
}
