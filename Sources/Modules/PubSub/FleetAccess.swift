package import XMPP

/// Who may know of which host (docs/protocol.md, the fleet service): members of the groups that see
/// the host, and those whom the operator lists.
package struct FleetAccess: Sendable, Equatable {
    package let groups: SharedGroups
    /// The monitored hosts, all of one domain.
    let hosts: Set<JID>
    /// The hosts' domain.
    private let domain: String
    /// Bare addresses and domains that may know of every host.
    package let allowed: Set<JID>
    /// The groups that hosts are in.
    private let hostGroups: Set<String>
    /// The hosts, by the groups that they are in: those in the same have the same audience.
    private let hostsByGroups: [Set<String>: Set<JID>]

    package init(
        groups: SharedGroups,
        hosts: Set<JID>,
        of domain: String,
        allowed: Set<JID> = []
    ) {
        self.groups = groups
        self.hosts = hosts
        self.domain = domain
        self.allowed = allowed
        hostGroups = hosts.reduce(into: []) { $0.formUnion(groups.groups(of: $1)) }
        hostsByGroups = hosts.reduce(into: [:]) { hosts, host in
            hosts[groups.groups(of: host), default: []].insert(host)
        }
    }

    func isHost(_ jid: JID) -> Bool { hosts.contains(jid) }

    /// Whether the entity may know of the host.
    ///
    /// The host's groups alone decide: hosts in the same groups have the same audience.
    func admits(_ jid: JID, to host: JID) -> Bool {
        admits(jid, toMembersOf: groups.groups(of: host))
    }

    /// Whether the entity may know of a host that is in these groups.
    func admits(_ jid: JID, toMembersOf names: Set<String>) -> Bool {
        let bare = jid.bare
        return mayKnowAll(bare) || groups.sees(bare, membersOf: names, at: domain)
    }

    /// The hosts that the entity may know of; nil for all.
    func hosts(knownTo jid: JID) -> [JID]? {
        let bare = jid.bare
        guard !mayKnowAll(bare) else { return nil }
        let known = hostsByGroups.filter { groups.sees(bare, membersOf: $0.key, at: domain) }
        return known.count == hostsByGroups.count ? nil : known.values.flatMap(\.self)
    }

    /// Whether there is any host that the entity may know of.
    func admitsToAny(_ jid: JID) -> Bool {
        let bare = jid.bare
        return mayKnowAll(bare) || groups.sees(bare, membersOf: hostGroups, at: domain)
    }

    private func mayKnowAll(_ bare: JID) -> Bool {
        guard !allowed.isEmpty else { return false }
        return allowed.contains(bare)
            || allowed.contains(JID(normalizedLocal: nil, domain: bare.domain))
    }
}
