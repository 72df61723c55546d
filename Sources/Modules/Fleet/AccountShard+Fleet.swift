package import XMPP

// The shard's part in mirroring: its hosts tell, the fleet service where it lives listens.
extension AccountShard {
    /// Adds an account that was just registered.
    package mutating func add(_ account: Account) -> [Effect] {
        accounts[account.jid] = account
        guard world.fleet(of: account.jid.domain) != nil, world.groups.isHost(account.jid)
        else { return [] }
        return accounts[account.jid]?.beginMirroring(isNews: true) ?? []
    }

    /// Takes what has become of a host, where the fleet service lives here.
    package mutating func receive(_ change: MirrorChange, at now: Instant) -> [Effect] {
        guard let fleet = world.fleet(of: change.host.domain) else { return [] }
        let effects = services.update(fleet) { $0.receive(change, at: now) } ?? []
        return effects.map { $0.effect(of: fleet) }
    }

    /// Where payloads are in the store that an owner asked to have loaded: a mirror's are its
    /// original's.
    package func place(of request: LoadRequest, for owner: JID) -> (owner: JID, node: String) {
        services[owner]?.nodes[request.node]?.original ?? (owner, request.node)
    }

    /// What the fleet services and the hosts are before anything comes in.
    mutating func prepareFleets() {
        for (fleet, access) in fleetAccesses { services[fleet]?.prepareFleet(access) }
        for host in world.groups.hosts where world.fleet(of: host.domain) != nil {
            accounts[host]?.pep.isMirrored = true
        }
    }

    /// Who may know of which hosts, for each fleet service that lives here.
    private var fleetAccesses: [(fleet: JID, access: FleetAccess)] {
        let here = world.services.filter { $0.value.kind == .fleet && services.has($0.key) }
        guard !here.isEmpty else { return [] }
        let hosts = world.groups.hostsByDomain
        return here.map { fleet, service in
            let access = FleetAccess(
                groups: world.groups,
                hosts: hosts[service.domain] ?? [],
                of: service.domain,
                allowed: service.allowed
            )
            return (fleet, access)
        }
    }

    /// What a host tells of itself from the start.
    mutating func announce(_ owner: JID) -> [Effect] {
        guard accounts[owner]?.pep.isMirrored == true else { return [] }
        return accounts[owner]?.beginMirroring(isNews: false) ?? []
    }

    /// The fleet services judge by other groups; what they have to tell of that goes out with what
    /// the others tell.
    mutating func judgeFleets() -> [Effect] {
        fleetAccesses.flatMap { fleet, access in
            services[fleet]?.follow(access).map { $0.effect(of: fleet) } ?? []
        }
    }

    /// Accounts become hosts, or are hosts no more.
    mutating func followHosts(from old: SharedGroups) -> [Effect] {
        let (before, after) = (old.hosts, world.groups.hosts)
        var effects: [Effect] = []
        for host in before.subtracting(after) { effects += accounts[host]?.endMirroring() ?? [] }
        for host in after.subtracting(before) where world.fleet(of: host.domain) != nil {
            effects += accounts[host]?.beginMirroring(isNews: true) ?? []
        }
        return effects
    }
}
