import Telemetry
package import XMPP

// The fleet service: mirrors of the hosts' nodes (docs/protocol.md, the fleet service).
extension PubSubService {
    /// Begins to mirror hosts for those whom `access` lets know of them.
    mutating func prepareFleet(_ access: FleetAccess) {
        fleetAccess = access
        let hosts = Dictionary(
            access.hosts.compactMap { host in host.local.map { ($0, host) } }
        ) { first, _ in first }
        // What was stored are the nodes that someone has subscribed to.
        for (name, node) in nodes where !FleetBook.aggregates.contains(name) {
            let host = FleetBook.original(of: name).flatMap { hosts[$0.host] }
            if let host, !node.subscriptions.isEmpty {
                nodes[name]?.host = host
            } else {
                nodes[name] = nil
                for jid in node.subscriptions.subscribers { subscribersChanged(of: name, jid) }
                fleet.orphans.append(name)
            }
        }
        for name in FleetBook.aggregates where nodes[name] == nil {
            nodes[name] = Node(name, profile.defaults)
        }
        for name in FleetBook.aggregates { nodes[name]?.configuration.itemsMaximum = .max }
    }

    /// What the store need not keep any more.
    mutating func forgetOrphans() -> [PubSubEffect] {
        defer { fleet.orphans = [] }
        return fleet.orphans.map { .store(.deleteNode(owner: owner, node: $0), .immediate) }
    }

    /// Takes what has become of a host.
    package mutating func receive(_ change: MirrorChange, at now: Instant) -> [PubSubEffect] {
        let host = change.host
        guard profile.kind == .fleet, host.local != nil else { return [] }
        time = now
        var effects: [PubSubEffect] = []
        // It may be no host any more though its shard does not know yet, or not be known here yet.
        guard fleetAccess?.isHost(host) == true else { return [] }
        switch change.kind {
        case .end: forget(host, &effects)
        case .snapshot(let snapshot): take(snapshot, of: host, at: now, &effects)
        default:
            guard fleet.hosts[host] != nil else { return [] }
            follow(change.kind, of: host, at: now, &effects)
        }
        return effects + announcement()
    }

    private mutating func follow(
        _ change: MirrorChange.Kind,
        of host: JID,
        at now: Instant,
        _ effects: inout [PubSubEffect]
    ) {
        switch change {
        case .snapshot, .end: break
        case .state(let isUp):
            guard fleet.hosts[host]?.isUp != isUp else { return }
            fleet.hosts[host]?.isUp = isUp
            fleet.hosts[host]?.since = now
            showStatus(of: host, at: now, &effects)
        case .create(let node): makeMirror(of: node, host)
        case .publish(let node, let record, let trimming):
            let name = makeMirror(of: node, host)
            let record = ItemRecord(
                id: record.id,
                publisher: host,
                published: record.published,
                payload: record.payload
            )
            _ = update(name) { $0.mirror(record, of: node, trimming: trimming) }
            notify(of: publication(ofNew: record, on: name), &effects)
            aggregate(record, of: node, host, at: now, &effects)
        case .remove(let node, let ids):
            let name = FleetBook.mirror(of: node, host)
            for id in ids where nodes[name]?.items.remove(id) != nil {
                notify(of: PubSubEvent(name, .retract(id)), &effects)
                disaggregate(id, of: node, host, at: now, &effects)
            }
        case .purge(let node):
            let name = FleetBook.mirror(of: node, host)
            guard nodes[name] != nil else { return }
            nodes[name]?.items.removeAll()
            notify(of: PubSubEvent(name, .purge), &effects)
            disaggregate(nil, of: node, host, at: now, &effects)
        case .delete(let node):
            removeMirror(of: node, host, &effects)
            disaggregate(nil, of: node, host, at: now, &effects)
        }
    }

    /// The name of the mirror, which is made where there is none.
    @discardableResult
    private mutating func makeMirror(of node: MonitoringNode, _ host: JID) -> String {
        let name = FleetBook.mirror(of: node, host)
        guard !nodes.has(name) else { return name }
        let configuration = fleet.configuration ?? SharedConfiguration(profile.defaults)
        fleet.configuration = configuration
        var mirror = Node(name, configuration)
        mirror.host = host
        nodes[name] = mirror
        return name
    }

    private mutating func removeMirror(
        of node: MonitoringNode,
        _ host: JID,
        _ effects: inout [PubSubEffect]
    ) {
        let name = FleetBook.mirror(of: node, host)
        notify(of: PubSubEvent(name, .delete(redirect: nil)), &effects)
        guard let removed = nodes.removeValue(forKey: name),
            !removed.subscriptions.isEmpty
        else { return }
        for jid in removed.subscriptions.subscribers { subscribersChanged(of: name, jid) }
        effects.append(.store(.deleteNode(owner: owner, node: name), .immediate))
    }

    // MARK: Hosts that come and go

    private mutating func take(
        _ snapshot: HostSnapshot,
        of host: JID,
        at now: Instant,
        _ effects: inout [PubSubEffect]
    ) {
        var told: [PubSubEffect] = []
        let before = fleet.hosts[host]
        fleet.hosts[host] = before ?? FleetBook.Host(isUp: snapshot.isUp, since: now)
        if before?.isUp != snapshot.isUp {
            fleet.hosts[host]?.isUp = snapshot.isUp
            fleet.hosts[host]?.since = now
        }
        // At the end there stands what stood in the snapshot, and nothing else.
        for node in MonitoringNode.allCases {
            guard let items = snapshot.nodes[node] else {
                let name = FleetBook.mirror(of: node, host)
                if nodes[name]?.subscriptions.isEmpty == false {
                    nodes[name]?.items.removeAll()
                } else {
                    removeMirror(of: node, host, &told)
                }
                gather([], of: node, host, at: now, &effects, &told)
                continue
            }
            mirror(items, of: node, host, &told)
            gather(items, of: node, host, at: now, &effects, &told)
        }
        showStatus(of: host, at: now, &told)
        if snapshot.isNews { effects += told }
    }

    /// Puts a node's items in the place of those that the mirror has.
    private mutating func mirror(
        _ items: [ItemLog.Item],
        of node: MonitoringNode,
        _ host: JID,
        _ effects: inout [PubSubEffect]
    ) {
        let name = makeMirror(of: node, host)
        nodes[name]?.items.removeAll()
        for item in items {
            nodes[name]?.items.add(
                .init(
                    id: item.id,
                    publisher: host,
                    published: item.published,
                    payload: item.payload
                )
            )
        }
        guard let newest = nodes[name]?.items.newest, newest.payload != .stored else { return }
        notify(of: publication(of: newest.record, on: name, stamp: newest.published), &effects)
    }

    /// The host and all that is about it are gone.
    mutating func forget(_ host: JID, _ effects: inout [PubSubEffect]) {
        guard let gone = fleet.hosts[host] else { return }
        for node in MonitoringNode.allCases { removeMirror(of: node, host, &effects) }
        for (level, ids) in gone.alerts {
            for id in ids { retract(id, from: FleetBook.alerts(level), host, &effects) }
        }
        forgetEvents(of: host)
        retract(host.local ?? "", from: FleetBook.fleet, host, &effects)
        fleet.hosts[host] = nil
    }
}
