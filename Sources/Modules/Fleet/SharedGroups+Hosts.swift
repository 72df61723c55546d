package import XMPP

// The monitored hosts: the members of one group.
extension SharedGroups {
    /// Those whose nodes are mirrored.
    ///
    /// Without members that are named as a wildcard: `host/*/cpu` would be the name of one's
    /// mirror, and nobody could subscribe to those of all hosts any more.
    package var hosts: Set<JID> {
        let members = groups[ControlRequest.hostsGroup]?.members ?? []
        return members.allSatisfy(Self.canBeHost) ? members : members.filter(Self.canBeHost)
    }

    /// The same, by their domains.
    var hostsByDomain: [String: Set<JID>] {
        let hosts = hosts
        guard let domain = hosts.first?.domain else { return [:] }
        guard spansDomains else { return [domain: hosts] }
        return hosts.reduce(into: [:]) { $0[$1.domain, default: []].insert($1) }
    }

    /// Whether an account is one of them.
    func isHost(_ account: JID) -> Bool {
        groups[ControlRequest.hostsGroup]?.members.contains(account) == true
            && Self.canBeHost(account)
    }

    fileprivate static func canBeHost(_ account: JID) -> Bool {
        account.local.map { !NodePattern.isWildcard($0) } ?? false
    }
}

extension GroupMembership {
    /// Why there can be no such membership, whatever groups and accounts there are; nil where there
    /// can.
    package var refusal: ControlReply.Refusal? {
        guard group == ControlRequest.hostsGroup, !SharedGroups.canBeHost(member) else {
            return nil
        }
        return .init(
            .invalid,
            "\(member) can't be a host: ‘*’ and ‘#’ stand for other hosts in the names of nodes; "
                + "register the host under another name"
        )
    }
}
