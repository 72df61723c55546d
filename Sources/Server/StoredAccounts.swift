import Modules
import Storage
import XMPP

/// All that the store has of accounts, read once at the start.
struct StoredAccounts {
    private(set) var records: [AccountRecord] = []
    private(set) var memberships: [GroupMembership] = []
    private var rosters: [JID: [RosterItem]] = [:]
    private var nodes: [JID: [NodeRecord]] = [:]

    init(_ store: any Store) throws {
        try store.loadAccounts { records.append($0) }
        try store.loadMemberships { memberships.append($0) }
        try store.loadRosters { rosters[$0, default: []].append($1) }
        try store.readNodes { nodes[$0.owner, default: []].append($0) }
    }

    func accounts(_ profile: PubSubService.Profile) -> [Account] {
        records.map { record in
            Account(
                jid: record.jid,
                roster: Roster(rosters[record.jid] ?? []),
                nodes: nodes[record.jid] ?? [],
                profile: profile
            )
        }
    }

    /// A service with the nodes that it has.
    func service(_ owner: JID, _ profile: PubSubService.Profile) -> PubSubService {
        PubSubService(owner: owner, profile: profile, nodes: nodes[owner] ?? [])
    }
}
