package import XMPP

/// Who sees whom without asking: groups of accounts, kept by the operator.
///
/// `sees` works in both directions: where a group sees another, the members of either have the
/// members of the other in their rosters with a subscription of `both`. A group whose name is not
/// in its own `sees` keeps its members unknown to each other, so that a thousand agents that come
/// back cause presence to the viewers only.
package struct SharedGroups: Sendable, Equatable {
    /// One group.
    package struct Group: Sendable, Equatable {
        package var members: Set<JID>
        package var sees: Set<String>

        package init(members: Set<JID> = [], sees: Set<String> = []) {
            self.members = members
            self.sees = sees
        }
    }

    package private(set) var groups: [String: Group]
    /// The groups that an account is in.
    private var memberships: [JID: Set<String>] = [:]
    /// `sees`, closed under symmetry.
    private var visible: [String: Set<String>] = [:]

    package init(_ groups: [String: Group] = [:]) {
        self.groups = groups
        for (name, group) in groups {
            for member in group.members { memberships[member, default: []].insert(name) }
            for other in group.sees where groups[other] != nil {
                visible[name, default: []].insert(other)
                visible[other, default: []].insert(name)
            }
        }
    }

    /// The groups in which the account is.
    package func groups(of account: JID) -> Set<String> {
        memberships[account] ?? []
    }

    /// Whether the two see each other through a group.
    package func connects(_ account: JID, _ other: JID) -> Bool {
        guard account != other, let theirs = memberships[other] else { return false }
        return groups(of: account).contains { !(visible[$0] ?? []).isDisjoint(with: theirs) }
    }

    /// Whether the account sees who is in any of these groups.
    package func sees(_ account: JID, membersOf names: Set<String>) -> Bool {
        groups(of: account).contains { !(visible[$0] ?? []).isDisjoint(with: names) }
    }

    /// Those whom the account sees, each with the names of the groups that it is seen through.
    package func contacts(of account: JID) -> [JID: Set<String>] {
        var contacts: [JID: Set<String>] = [:]
        for name in groups(of: account) {
            for other in visible[name] ?? [] {
                for member in groups[other]?.members ?? [] where member != account {
                    contacts[member, default: []].insert(other)
                }
            }
        }
        return contacts
    }

    /// The names of the groups through which the account sees the other.
    package func names(through account: JID, of other: JID) -> Set<String> {
        guard let theirs = memberships[other], account != other else { return [] }
        var names: Set<String> = []
        for name in groups(of: account) { names.formUnion(visible[name] ?? []) }
        return names.intersection(theirs)
    }
}
