package import XMPP

/// Who may know of which host (docs/protocol.md, the fleet service): members of the groups that see
/// the host, and those whom the operator lists.
package struct FleetAccess: Sendable, Equatable {
    package var groups: SharedGroups
    /// Bare addresses and domains that may know of every host.
    package var allowed: Set<JID>

    package init(groups: SharedGroups, allowed: Set<JID> = []) {
        self.groups = groups
        self.allowed = allowed
    }

    /// Whether the entity may know of the host.
    func admits(_ jid: JID, to host: JID) -> Bool {
        let bare = jid.bare
        return bare == host || mayKnowAll(bare) || groups.connects(bare, host)
    }

    /// Whether there is any host that the entity may know of.
    func admitsToAny(_ jid: JID) -> Bool {
        let bare = jid.bare
        return mayKnowAll(bare) || !groups.contacts(of: bare).isEmpty
    }

    private func mayKnowAll(_ bare: JID) -> Bool {
        guard !allowed.isEmpty else { return false }
        return allowed.contains(bare)
            || allowed.contains(JID(normalizedLocal: nil, domain: bare.domain))
    }
}
