package import XMPP

extension AccountShard {
    /// What the shard holds, for the operator.
    package struct Counts: Sendable {
        package var accounts = 0
        package var sessions = 0
        package var nodes = 0
        package var items = 0

        package init() {}
    }

    package var counts: Counts {
        var counts = Counts()
        counts.accounts = accounts.count
        for account in accounts.values {
            let (nodes, items) = account.pep.counts
            counts.sessions += account.sessions.count
            counts.nodes += nodes
            counts.items += items
        }
        for service in services.values {
            let (nodes, items) = service.counts
            counts.nodes += nodes
            counts.items += items
        }
        return counts
    }

    /// Whether the account has a session that is available.
    package func isAvailable(_ account: JID) -> Bool {
        accounts[account]?.sessions.contains(where: \.isAvailable) ?? false
    }
}
