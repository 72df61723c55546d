import Configuration
import Glibc
import Modules
import Storage
import Synchronization
import XMPP

// What the operator asks through `lapwingctl`.
extension Server: Administrator {
    func perform(_ request: ControlRequest) async -> ControlReply {
        do {
            switch request {
            case .register(let record): return try await register(record)
            case .unregister(let jid): return try await unregister(jid)
            case .changePassword(let record): return try await changePassword(record)
            case .users(let host): return users(at: host)
            case .join(let membership): return try await join(membership)
            case .leave(let membership): return try await leave(membership)
            case .groups: return .groups(groupListings)
            case .hosts: return .hosts(await hostStates())
            case .status: return .status(await status())
            case .federation: return await federation()
            case .links: return .links(await linkStatus())
            case .why(let jid, let node, let owner): return await why(jid, node, owner)
            }
        } catch {
            return .refused(.init(.failed, "\(error)"))
        }
    }

    // MARK: Accounts

    private func register(_ record: AccountRecord) async throws -> ControlReply {
        if let refusal = refusal(of: record.jid) { return .refused(refusal) }
        guard directory.credentials(of: record.jid) == nil else {
            return .refused(.init(.exists, "User \(record.jid) already registered"))
        }
        try await writer.apply([.account(.save(record))])
        directory.save(record)
        let account = Account(jid: record.jid, profile: Self.profile(configuration))
        await hosts[placement.loop(of: record.jid)].add(account)
        return .done
    }

    /// Why there can be no such account, whatever accounts there are.
    private func refusal(of jid: JID) -> ControlReply.Refusal? {
        guard world.isLocal(jid.domain) else {
            return .notServed(jid.domain, but: configuration.domains)
        }
        return jid.local == nil || !jid.isBare
            ? .init(.invalid, "\(jid) is no account's address") : nil
    }

    private func unregister(_ jid: JID) async throws -> ControlReply {
        if let refusal = refusal(of: jid) { return .refused(refusal) }
        guard directory.credentials(of: jid) != nil else {
            return .refused(.init(.missing, "User \(jid) is not registered"))
        }
        // Nobody logs in any more before the sessions are ended.
        directory.remove(jid)
        await hosts[placement.loop(of: jid)].remove(jid)
        try await writer.apply([.account(.remove(jid))])
        await replaceGroups()
        return .done
    }

    private func changePassword(_ record: AccountRecord) async throws -> ControlReply {
        if let refusal = refusal(of: record.jid) { return .refused(refusal) }
        guard directory.credentials(of: record.jid) != nil else {
            return .refused(.init(.missing, "User \(record.jid) is not registered"))
        }
        try await writer.apply([.account(.save(record))])
        directory.save(record)
        return .done
    }

    private func users(at host: String?) -> ControlReply {
        if let host, !world.isLocal(host) {
            return .refused(.notServed(host, but: configuration.domains))
        }
        return .users(
            directory.accounts.filter { host == nil || $0.domain == host }
                .sorted { $0.description < $1.description }
        )
    }

    // MARK: Groups

    private func join(_ membership: GroupMembership) async throws -> ControlReply {
        guard directory.hasGroup(membership.group) else {
            return .refused(
                .init(.missing, "the configuration has no group ‘\(membership.group)’")
            )
        }
        if let refusal = refusal(of: membership.member) { return .refused(refusal) }
        guard directory.credentials(of: membership.member) != nil else {
            return .refused(.init(.missing, "User \(membership.member) is not registered"))
        }
        if let refusal = membership.refusal { return .refused(refusal) }
        try await writer.apply([.account(.join(membership))])
        directory.join(membership)
        await replaceGroups()
        return .done
    }

    private func leave(_ membership: GroupMembership) async throws -> ControlReply {
        guard directory.groups.groups[membership.group]?.members.contains(membership.member) == true
        else {
            return .refused(
                .init(.missing, "\(membership.member) is not in ‘\(membership.group)’")
            )
        }
        try await writer.apply([.account(.leave(membership))])
        directory.leave(membership)
        await replaceGroups()
        return .done
    }

    private func replaceGroups() async {
        let groups = directory.groups
        for host in hosts { await host.replaceGroups(with: groups) }
        for host in hosts { await host.followGroups() }
    }

    private var groupListings: [GroupListing] {
        directory.groups.groups.sorted { $0.key < $1.key }.map { name, group in
            GroupListing(
                name: name,
                sees: group.sees.sorted(),
                members: group.members.sorted { $0.description < $1.description }
            )
        }
    }

    // MARK: Looks

    private func hostStates() async -> [HostState] {
        var states: [HostState] = []
        for member in directory.groups.hosts.sorted(by: { $0.description < $1.description }) {
            let isUp = await hosts[placement.loop(of: member)].isAvailable(member)
            states.append(HostState(jid: member, isUp: isUp))
        }
        return states
    }

    private func federation() async -> ControlReply {
        guard let gateway = gateway.withLock({ $0 }) else {
            guard let uplink = configuration.links.first(where: \.isUplink) else {
                return .refused(
                    .init(.missing, "this server reaches no others: write [federation] to have it")
                )
            }
            return .refused(
                .init(
                    .missing,
                    "the process ‘\(uplink.name)’ reaches other servers: ask it, by its --config"
                )
            )
        }
        return .federation(await gateway.status)
    }

    private func linkStatus() async -> [LinkStatus] {
        var status: [LinkStatus] = []
        for way in links.withLock({ $0 }) { status.append(await way.link.status) }
        return status
    }

    private func why(_ jid: JID, _ node: String, _ owner: JID) async -> ControlReply {
        let host = hosts[placement.loop(of: owner.bare)]
        guard let findings = await host.why(jid, node, owner: owner.bare) else {
            return .refused(.init(.missing, "\(owner.bare) is no account or service here"))
        }
        return .findings(findings)
    }

    private func status() async -> ServerStatus {
        var total = AccountShard.Counts()
        for host in hosts {
            let counts = await host.counts()
            total.accounts += counts.accounts
            total.sessions += counts.sessions
            total.nodes += counts.nodes
            total.items += counts.items
        }
        return ServerStatus(
            version: Self.version,
            domains: configuration.domains,
            processID: Int(getpid()),
            started: started,
            counts: [
                .init("accounts", total.accounts), .init("sessions", total.sessions),
                .init("nodes", total.nodes), .init("items", total.items),
                .init("commits", writer.commitCount),
            ]
        )
    }
}
