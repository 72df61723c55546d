package import XMPP

/// An account as it is stored: its address and what SCRAM needs; never a password.
package struct AccountRecord: Sendable, Hashable {
    /// The bare address.
    package let jid: JID
    package var credentials: ScramCredentials

    package init(_ jid: JID, _ credentials: ScramCredentials) {
        self.jid = jid.bare
        self.credentials = credentials
    }
}

/// An account's place in a shared group.
package struct GroupMembership: Sendable, Hashable {
    package var group: String
    /// The bare address.
    package var member: JID

    package init(group: String, member: JID) {
        self.group = group
        self.member = member.bare
    }
}

/// What the store keeps of accounts and shared groups.
package enum AccountChange: Sendable, Hashable {
    /// A new account, or other secrets for one that exists.
    case save(AccountRecord)
    /// Ends the account with all that is its own or names it: roster, nodes, affiliations,
    /// subscriptions, group memberships, and its place in other rosters.
    ///
    /// Who registers the name again inherits nothing (CVE-2024-25420).
    case remove(JID)
    case join(GroupMembership)
    case leave(GroupMembership)
}
