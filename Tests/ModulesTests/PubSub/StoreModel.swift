import XMPP

@testable import Modules

/// The store as plainly as it can be said: everything is in memory, all payloads are handed over.
struct StoreModel {
    struct Key: Hashable {
        let owner: JID
        let node: String
    }

    private(set) var records: [Key: NodeRecord] = [:]

    mutating func apply(_ change: PubSubChange) {
        switch change {
        case .saveNode(let owner, let node, let configuration):
            let key = Key(owner: owner, node: node)
            records[key, default: NodeRecord(owner: owner, node: node)].configuration =
                configuration
        case .deleteNode(let owner, let node): records[Key(owner: owner, node: node)] = nil
        case .saveItem(let owner, let node, let item, let trimming):
            let key = Key(owner: owner, node: node)
            records[key]?.items.removeAll { $0.id == item.id || trimming.contains($0.id) }
            records[key]?.items.append(
                .init(
                    id: item.id,
                    publisher: item.publisher,
                    published: item.published,
                    payload: item.payload.map { .bytes($0) } ?? .absent
                )
            )
        case .removeItems(let owner, let node, let ids):
            records[Key(owner: owner, node: node)]?.items.removeAll { ids.contains($0.id) }
        case .purge(let owner, let node):
            records[Key(owner: owner, node: node)]?.items.removeAll()
        case .setAffiliation(let owner, let node, let jid, let affiliation):
            records[Key(owner: owner, node: node)]?.affiliations[jid] =
                affiliation == .none ? nil : affiliation
        case .saveSubscription(let owner, let node, let record):
            let key = Key(owner: owner, node: node)
            records[key]?.subscriptions.removeAll { $0.id == record.id }
            records[key]?.subscriptions.append(record)
        case .history: break
        case .removeSubscription(let owner, let node, let id):
            records[Key(owner: owner, node: node)]?.subscriptions.removeAll { $0.id == id }
        }
    }
}
