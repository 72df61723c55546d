package import XMPP

/// Who sees whom without asking: groups of accounts, kept by the operator.
///
/// `sees` works in both directions: where a group sees another, the members of either have the
/// members of the other in their rosters with a subscription of `both`. A group whose name is not
/// in its own `sees` keeps its members unknown to each other, so that a thousand agents that come
/// back cause presence to the viewers only.
///
/// Members of different domains see each other only where one of their two groups spans domains:
/// else a group is as many groups as there are domains.
package struct SharedGroups: Sendable, Equatable {
    /// One group.
    package struct Group: Sendable, Equatable {
        package var members: Set<JID>
        package var sees: Set<String>
        /// Whether who is in it may be of another domain than whom it sees.
        package var spansDomains: Bool

        package init(
            members: Set<JID> = [],
            sees: Set<String> = [],
            spansDomains: Bool = false
        ) {
            self.members = members
            self.sees = sees
            self.spansDomains = spansDomains
        }
    }

    package private(set) var groups: [String: Group]
    /// The groups that an account is in.
    private var memberships: [JID: Set<String>] = [:]
    /// `sees`, closed under symmetry.
    private var visible: [String: Set<String>] = [:]
    /// That part of it which holds between domains.
    private var spanning: [String: Set<String>] = [:]
    /// The members by group and domain; empty while all are of one domain.
    private var membersByDomain: [String: [String: Set<JID>]] = [:]

    package init(_ groups: [String: Group] = [:]) {
        self.groups = groups
        for (name, group) in groups {
            for member in group.members { memberships[member, default: []].insert(name) }
            for other in group.sees where groups[other] != nil {
                visible[name, default: []].insert(other)
                visible[other, default: []].insert(name)
                guard group.spansDomains || groups[other]?.spansDomains == true else { continue }
                spanning[name, default: []].insert(other)
                spanning[other, default: []].insert(name)
            }
        }
        divide()
    }

    /// Sorts members by their domains, where these are several.
    private mutating func divide() {
        let domain = memberships.keys.first?.domain
        guard memberships.keys.contains(where: { $0.domain != domain }) else { return }
        membersByDomain = groups.mapValues { group in
            Dictionary(grouping: group.members, by: \.domain).mapValues { Set($0) }
        }
    }

    /// Whether there are members of different domains.
    var spansDomains: Bool { !membersByDomain.isEmpty }

    /// The groups that see a group, for members of the same domain or of two.
    private func links(of name: String, within isSameDomain: Bool) -> Set<String> {
        (isSameDomain ? visible[name] : spanning[name]) ?? []
    }

    /// The groups in which the account is.
    package func groups(of account: JID) -> Set<String> {
        memberships[account] ?? []
    }

    /// Whether the two see each other through a group.
    package func connects(_ account: JID, _ other: JID) -> Bool {
        guard account != other, let theirs = memberships[other] else { return false }
        let isSame = account.domain == other.domain
        return groups(of: account).contains {
            !links(of: $0, within: isSame).isDisjoint(with: theirs)
        }
    }

    /// Whether the account sees those accounts of a domain that are in any of these groups.
    package func sees(
        _ account: JID,
        membersOf names: Set<String>,
        at domain: String
    ) -> Bool {
        let isSame = account.domain == domain
        return groups(of: account).contains {
            !links(of: $0, within: isSame).isDisjoint(with: names)
        }
    }

    /// Those whom the account sees, each with the names of the groups that it is seen through.
    package func contacts(of account: JID) -> [JID: Set<String>] {
        var contacts: [JID: Set<String>] = [:]
        for name in groups(of: account) {
            let across = spanning[name] ?? []
            for other in visible[name] ?? [] {
                if membersByDomain.isEmpty || across.contains(other) {
                    for member in groups[other]?.members ?? [] where member != account {
                        contacts[member, default: []].insert(other)
                    }
                } else {
                    let members = membersByDomain[other]?[account.domain] ?? []
                    for member in members where member != account {
                        contacts[member, default: []].insert(other)
                    }
                }
            }
        }
        return contacts
    }

    /// The names of the groups through which the account sees the other.
    package func names(through account: JID, of other: JID) -> Set<String> {
        guard let theirs = memberships[other], account != other else { return [] }
        var names: Set<String> = []
        let isSame = account.domain == other.domain
        for name in groups(of: account) { names.formUnion(links(of: name, within: isSame)) }
        return names.intersection(theirs)
    }
}
