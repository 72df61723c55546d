import Modules
import XMPP

/// What a store in memory holds; it keeps the rules that SQLite's schema keeps.
struct MemoryContent {
    var accounts: [JID: AccountRecord] = [:]
    var memberships: Set<GroupMembership> = []
    var rosters: [JID: [JID: RosterItem]] = [:]
    var nodes: [JID: [String: Node]] = [:]

    struct Node {
        var configuration: [String: [String]]
        var affiliations: [JID: Affiliation] = [:]
        var subscriptions: [SubscriptionRecord] = []
        /// In the order of publishing.
        var items: [ItemRecord] = []
        /// In the order of their periods.
        var history: [HistoryResolution: [HistoryRecord]] = [:]
    }

    mutating func apply(_ change: StoreChange) throws(StoreError) {
        switch change {
        case .account(.save(let record)): accounts[record.jid] = record
        case .account(.remove(let jid)): remove(jid.bare)
        case .account(.join(let membership)):
            try require(membership.member)
            memberships.insert(membership)
        case .account(.leave(let membership)): memberships.remove(membership)
        case .roster(.save(let owner, let item)):
            try require(owner)
            rosters[owner, default: [:]][item.jid] = item
        case .roster(.remove(let owner, let contact)): rosters[owner]?[contact] = nil
        case .pubsub(let change): try apply(change)
        case .superseded: break
        }
    }

    private func require(_ account: JID) throws(StoreError) {
        if accounts[account] == nil { throw StoreError(.invalid, "there is no \(account)") }
    }

    private mutating func remove(_ jid: JID) {
        accounts[jid] = nil
        rosters[jid] = nil
        nodes[jid] = nil
        for owner in nodes.keys {
            nodes[owner] = nodes[owner]?.mapValues { node in
                var node = node
                node.affiliations[jid] = nil
                node.subscriptions.removeAll { $0.jid.bare == jid }
                return node
            }
        }
        memberships = memberships.filter { $0.member != jid }
        for owner in rosters.keys {
            guard let item = rosters[owner]?[jid] else { continue }
            rosters[owner]?[jid] = item.isListed ? item.withoutSubscription : nil
        }
    }
}

extension RosterItem {
    fileprivate var withoutSubscription: RosterItem {
        RosterItem(jid, name: name, groups: groups)
    }
}
