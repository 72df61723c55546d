import Modules
import XMPP

extension MemoryContent {
    mutating func apply(_ change: PubSubChange) throws(StoreError) {
        switch change {
        case .saveNode(let owner, let node, let configuration):
            let fresh = Node(configuration: configuration)
            nodes[owner, default: [:]][node, default: fresh].configuration = configuration
        case .deleteNode(let owner, let node): nodes[owner]?[node] = nil
        case .saveItem(let owner, let node, let record, let trimming):
            try require(owner, node)
            let gone = Set(trimming + [record.id])
            nodes[owner]?[node]?.items.removeAll { gone.contains($0.id) }
            nodes[owner]?[node]?.items.append(record)
        case .removeItems(let owner, let node, let ids):
            nodes[owner]?[node]?.items.removeAll { ids.contains($0.id) }
        case .purge(let owner, let node):
            nodes[owner]?[node]?.items = []
            nodes[owner]?[node]?.history = [:]
        case .setAffiliation(let owner, let node, let jid, let affiliation):
            if affiliation != .none { try require(owner, node) }
            nodes[owner]?[node]?.affiliations[jid] = affiliation == .none ? nil : affiliation
        case .saveSubscription(let owner, let node, let record):
            try require(owner, node)
            nodes[owner]?[node]?.subscriptions.removeAll { $0.id == record.id }
            nodes[owner]?[node]?.subscriptions.append(record)
        case .removeSubscription(let owner, let node, let id):
            nodes[owner]?[node]?.subscriptions.removeAll { $0.id == id }
        case .history(let owner, let node, let change):
            try require(owner, node)
            nodes[owner]?[node]?.apply(change)
        }
    }

    private func require(_ owner: JID, _ node: String) throws(StoreError) {
        if nodes[owner]?[node] == nil { throw StoreError(.invalid, "\(owner) has no \(node)") }
    }
}

extension MemoryContent.Node {
    /// As it is handed over when the server starts.
    func record(_ owner: JID, _ name: String) -> NodeRecord {
        var record = NodeRecord(owner: owner, node: name, configuration: configuration)
        record.affiliations = affiliations
        record.subscriptions = subscriptions
        record.items = items.map { item in
            NodeRecord.StoredItem(
                id: item.id,
                publisher: item.publisher,
                published: item.published,
                created: item.created,
                payload: payload(of: item),
                bytes: item.payload?.count ?? 0
            )
        }
        return record
    }

    private func payload(of item: ItemRecord) -> Payload {
        guard let bytes = item.payload else { return .absent }
        let fits = bytes.count <= PubSubLimits.payloadInMemoryMaximum
        let isKept = fits && item.id == items.last?.id
        return isKept ? .bytes(bytes) : .stored
    }
}
