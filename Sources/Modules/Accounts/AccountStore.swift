package import XMPP

/// Where accounts and shared groups are kept.
///
/// Read once when the server starts; changes go to the
/// store's writer as ``AccountChange``.
package protocol AccountStore: Sendable {
    /// Hands over every account, one after the other, in no particular order.
    func loadAccounts(_ receive: (AccountRecord) throws -> Void) throws
    /// Hands over every membership of a shared group.
    func loadMemberships(_ receive: (GroupMembership) throws -> Void) throws
    /// One account, for a program that needs no other.
    func account(_ jid: JID) throws -> AccountRecord?
    /// 32 random bytes, the same for as long as the store is there: they make the salts of accounts
    /// that do not exist.
    func pretenceKey() throws -> [UInt8]
}

/// Where rosters are kept.
///
/// Changes go to the store's writer as ``RosterChange``.
package protocol RosterStore: Sendable {
    /// Hands over every contact with the account whose roster it is in.
    func loadRosters(_ receive: (_ owner: JID, _ item: RosterItem) throws -> Void) throws
    /// One account's contacts: what the disk says after a change of them was refused.
    func roster(of owner: JID) throws -> [RosterItem]
}
