package import XMPP

// What of the past is under way, in the memory of the accounts' nodes.
extension AccountShard {
    /// Adds to a question about a node's past what is in memory alone, on the shard of the node's
    /// account; what has to be stored goes before it is read.
    package mutating func recall(
        _ request: LoadRequest,
        at place: (owner: JID, node: String),
        now: Instant
    ) -> (request: LoadRequest, effects: [Effect]) {
        guard let index = accounts.index(forKey: place.owner) else { return (request, []) }
        let recalled = accounts.values[index].pep.recall(request, of: place.node, at: now)
        return (recalled.request, recalled.effects.map { $0.effect(of: place.owner) })
    }

    /// The accounts of whose nodes minutes and hours are under way.
    package var rememberers: [JID] {
        accounts.values.filter { !$0.pep.pasts.isEmpty }.map(\.jid)
    }

    /// Ends an account's minutes and hours before their time: the server stops.
    package mutating func finishHistory(of account: JID, at now: Instant) -> [Effect] {
        guard let index = accounts.index(forKey: account) else { return [] }
        return accounts.values[index].pep.finishHistory(at: now).map { $0.effect(of: account) }
    }
}
