import Modules
import Storage
import XMPP

/// What the store has of the accounts that are served, read once at the start.
struct StoredAccounts {
    private(set) var records: [AccountRecord] = []
    private(set) var memberships: [GroupMembership] = []
    private var rosters: [JID: [RosterItem]] = [:]
    private var nodes: [JID: [NodeRecord]] = [:]

    /// How many accounts stay in the store only, by domain.
    private var left: [String: Int] = [:]

    /// Reads the accounts of `domains`; those of others, which were served once, are as if they
    /// were not there.
    init(_ store: any Store, serving domains: Set<String>) throws {
        try store.loadAccounts { record in
            if domains.contains(record.jid.domain) {
                records.append(record)
            } else {
                left[record.jid.domain, default: 0] += 1
            }
        }
        try store.loadMemberships {
            if domains.contains($0.member.domain) { memberships.append($0) }
        }
        try store.loadRosters {
            if domains.contains($0.domain) { rosters[$0, default: []].append($1) }
        }
        // Those of services too.
        try store.readNodes { nodes[$0.owner, default: []].append($0) }
    }

    /// What to know of accounts that are not served; nil where all are.
    var warning: String? {
        guard !left.isEmpty else { return nil }
        let domains = left.sorted { $0.key < $1.key }
            .map { "\($0.key) (\($0.value) account\($0.value == 1 ? "" : "s"))" }
        return "stored but not served, for the configuration does not name the domain: "
            + domains.joined(separator: ", ")
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
