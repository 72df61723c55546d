package import XMPP

// The shard's part in mirroring: its hosts tell, the fleet service where it lives listens.
extension AccountShard {
    /// Adds an account that was just registered.
    package mutating func add(_ account: Account) -> [Effect] {
        accounts[account.jid] = account
        guard world.fleet != nil, world.groups.isHost(account.jid) else { return [] }
        return accounts[account.jid]?.beginMirroring(isNews: true) ?? []
    }

    /// Takes what has become of a host, where the fleet service lives here.
    package mutating func receive(_ change: MirrorChange, at now: Instant) -> [Effect] {
        guard let fleet = world.fleet else { return [] }
        let effects = services.update(fleet) { $0.receive(change, at: now) } ?? []
        return effects.map { $0.effect(of: fleet) }
    }

    /// Where payloads are in the store that an owner asked to have loaded: a mirror's are its
    /// original's.
    package func place(of request: LoadRequest, for owner: JID) -> (owner: JID, node: String) {
        services[owner]?.nodes[request.node]?.original ?? (owner, request.node)
    }

    /// What the fleet service and the hosts are before anything comes in.
    mutating func prepareFleet() {
        guard let fleet = world.fleet else { return }
        let access = FleetAccess(groups: world.groups, allowed: world.fleetAllowed)
        services[fleet]?.prepareFleet(access)
        for host in access.hosts { accounts[host]?.pep.isMirrored = true }
    }

    /// What a host tells of itself from the start.
    mutating func announce(_ owner: JID) -> [Effect] {
        guard accounts[owner]?.pep.isMirrored == true else { return [] }
        return accounts[owner]?.beginMirroring(isNews: false) ?? []
    }

    /// The fleet service judges by other groups; what it has to tell of that goes out with what the
    /// others tell.
    mutating func judgeFleet() -> [Effect] {
        guard let fleet = world.fleet else { return [] }
        let access = FleetAccess(groups: world.groups, allowed: world.fleetAllowed)
        return services[fleet]?.follow(access).map { $0.effect(of: fleet) } ?? []
    }

    /// Accounts become hosts, or are hosts no more.
    mutating func followHosts(from old: SharedGroups) -> [Effect] {
        guard world.fleet != nil else { return [] }
        let (before, after) = (old.hosts, world.groups.hosts)
        var effects: [Effect] = []
        for host in before.subtracting(after) { effects += accounts[host]?.endMirroring() ?? [] }
        for host in after.subtracting(before) {
            effects += accounts[host]?.beginMirroring(isNews: true) ?? []
        }
        return effects
    }
}
