package import XMPP

/// One contact in an account's roster, as it is stored (RFC 6121 §2.1.2).
package struct RosterItem: Sendable, Hashable {
    /// The contact's bare address.
    package let jid: JID
    package var name: String?
    package var groups: [String]
    /// The account receives the contact's presence.
    package var to: Bool
    /// The contact receives the account's presence.
    package var from: Bool
    /// The account asked for the contact's presence and has no answer yet.
    package var asking: Bool
    /// The contact asked for the account's presence and has no answer yet.
    ///
    /// An item that is only this is not part of the roster that clients see (RFC 6121 §3.1.3).
    package var asked: Bool
    /// The account approved a request that is still to come (RFC 6121 §3.4).
    package var approved: Bool

    package init(
        _ jid: JID,
        name: String? = nil,
        groups: [String] = [],
        to: Bool = false,
        from: Bool = false,
        asking: Bool = false,
        asked: Bool = false,
        approved: Bool = false
    ) {
        self.jid = jid
        self.name = name
        self.groups = groups
        self.to = to
        self.from = from
        self.asking = asking
        self.asked = asked
        self.approved = approved
    }

    /// `none`, `to`, `from` or `both`.
    package var subscription: String {
        switch (to, from) {
        case (true, true): "both"
        case (true, false): "to"
        case (false, true): "from"
        case (false, false): "none"
        }
    }

    /// Whether clients see it: it is more than a request that waits for the account's answer.
    package var isVisible: Bool {
        isListed || to || from || asking || approved
    }

    /// The user put it there, rather than only having been asked.
    package var isListed = true
}

/// What the store keeps of rosters.
package enum RosterChange: Sendable, Hashable {
    case save(owner: JID, RosterItem)
    case remove(owner: JID, contact: JID)
}
