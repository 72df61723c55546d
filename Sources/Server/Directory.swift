import Configuration
import Modules
import Synchronization
import XMPP

/// The accounts and shared groups in memory: what log-ins and the operator ask for, from any
/// thread.
final class Directory: Sendable {
    private struct State {
        var credentials: [JID: ScramCredentials] = [:]
        var members: [String: Set<JID>] = [:]
    }

    private let state: Mutex<State>
    /// The configured groups, without their members.
    private let configured: [String: SharedGroups.Group]

    init(
        accounts: [AccountRecord],
        memberships: [GroupMembership],
        groups: [ServerConfiguration.Group]
    ) {
        var state = State()
        for account in accounts { state.credentials[account.jid] = account.credentials }
        for membership in memberships {
            state.members[membership.group, default: []].insert(membership.member)
        }
        self.state = Mutex(state)
        configured = Dictionary(
            groups.map {
                ($0.name, .init(sees: Set($0.sees), spansDomains: $0.spansDomains))
            }
        ) { first, _ in first }
    }

    /// What shows that someone knows the account's password; nil where there is no such account.
    func credentials(of account: JID) -> ScramCredentials? {
        state.withLock { $0.credentials[account] }
    }

    var accounts: [JID] {
        state.withLock { Array($0.credentials.keys) }
    }

    func hasGroup(_ name: String) -> Bool { configured[name] != nil }

    /// The groups with their members and whom they see.
    var groups: SharedGroups {
        let members = state.withLock(\.members)
        var groups = configured
        for name in configured.keys { groups[name]?.members = members[name] ?? [] }
        return SharedGroups(groups)
    }

    func save(_ account: AccountRecord) {
        state.withLock { $0.credentials[account.jid] = account.credentials }
    }

    /// Forgets the account and its memberships.
    func remove(_ account: JID) {
        state.withLock { state in
            state.credentials[account] = nil
            for group in state.members.keys { state.members[group]?.remove(account) }
        }
    }

    func join(_ membership: GroupMembership) {
        state.withLock { state in
            _ = state.members[membership.group, default: []].insert(membership.member)
        }
    }

    func leave(_ membership: GroupMembership) {
        state.withLock { state in
            _ = state.members[membership.group]?.remove(membership.member)
        }
    }
}
