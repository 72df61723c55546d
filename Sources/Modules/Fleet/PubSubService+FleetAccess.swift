import XMPP

// Who may have what of the fleet.
extension PubSubService {
    /// Nobody changes mirrors, and who may know of no host learns nothing at all.
    func refuse(_ payload: Element, _ request: PubSubRequest) throws(StanzaError) {
        let isOwners = payload.namespace == Namespace.pubsubOwner
        for child in payload.elements {
            switch child.name {
            // XEP-0060 §8.1.1, §8.3.1: to make and set nodes is no feature of the service at all.
            case "create": break
            case "default" where isOwners: break
            case _ where isOwners: throw StanzaError(.forbidden)
            case "publish", "retract":
                throw StanzaError(
                    .forbidden,
                    text: "these nodes mirror those of the hosts: publish there"
                )
            case "subscribe", "items", "options", "default":
                try admitToFleet(request.from)
            default: break
            }
            if let name = child["node"] { try hide(name, from: request.from) }
        }
    }

    /// A request that names a mirror is answered as if there were none to who may not know of its
    /// host: whatever else it says, the answer would tell that there is one.
    private func hide(_ name: String, from jid: JID) throws(StanzaError) {
        guard let fleetAccess else { return }
        try admitToFleet(jid)
        guard let host = nodes[name]?.host, !fleetAccess.admits(jid, to: host) else { return }
        throw StanzaError(.itemNotFound)
    }

    /// Who may know of no host is not told either which names there are.
    func admitToFleet(_ jid: JID) throws(StanzaError) {
        guard let fleetAccess, !fleetAccess.admitsToAny(jid) else { return }
        throw StanzaError(.forbidden)
    }

    /// Whether `jid` may have the item of a node that it may have: on those about all hosts the
    /// item's own host decides.
    func admits(_ jid: JID, to item: ItemLog.Item, of node: Node) -> Bool {
        guard let fleetAccess, node.host == nil else { return true }
        return fleetAccess.admits(jid, to: item.publisher)
    }

    /// The node's items that `jid` may have.
    ///
    /// Who may know of every host has them all without a look. For others it is looked up which
    /// items their hosts have; only the log, which has a bound, is walked.
    func items(of node: Node, for jid: JID) -> ItemView {
        guard let fleetAccess, node.host == nil, let hosts = fleetAccess.hosts(knownTo: jid) else {
            return ItemView(node.items)
        }
        if node.name == FleetBook.events {
            let known = Set(hosts)
            return ItemView(node.items) { known.contains($0.publisher) }
        }
        return ItemView(node.items, ids: hosts.flatMap { fleet.ids(of: $0, on: node.name) })
    }

    /// Others may know of the hosts, or others are hosts.
    ///
    /// Hosts that are none any more are told of to who might know of them until now, and items of
    /// those that come into somebody's sight or go out of it to whom that concerns. Subscriptions
    /// of those who may know of nothing that they cover end, and they are told.
    mutating func follow(_ access: FleetAccess) -> [PubSubEffect] {
        guard access != fleetAccess else { return [] }
        var effects: [PubSubEffect] = []
        for host in Array(fleet.hosts.keys) where !access.isHost(host) { forget(host, &effects) }
        retractHidden(by: access, &effects)
        let before = fleetAccess
        fleetAccess = access
        for name in planned { nodes[name]?.plans = [:] }
        planned = []
        if let before { publishShown(since: before, &effects) }
        for (jid, names) in subscribed {
            let isOut = !access.admitsToAny(jid)
            for name in names {
                let host = nodes[name]?.host
                guard isOut || host.map({ !access.admits(jid, to: $0) }) == true else { continue }
                effects += dismiss(jid, from: name)
            }
        }
        return effects + announcement()
    }

    private mutating func dismiss(_ jid: JID, from name: String) -> [PubSubEffect] {
        var effects: [PubSubEffect] = []
        let records = (nodes[name] ?? patterns[name])?.subscriptions.of(entity: jid)
        for record in records ?? [] {
            effects += end(record, on: name)
            // XEP-0060 §8.8.4: the end of a subscription is told to the one that had it.
            let ended = Element(
                "subscription",
                Namespace.pubsubEvent,
                attributes: [
                    .init("node", name), .init("jid", record.jid.description),
                    .init("subid", record.id), .init("subscription", "none"),
                ]
            )
            let event = Element("event", Namespace.pubsubEvent, [ended])
            effects.append(.send(Stanza(.message, from: owner, to: record.jid, [event])))
        }
        return effects
    }

    /// Takes over the mirrors of a service that this one replaces; the store has only the
    /// subscriptions.
    mutating func adoptMirrors(of other: PubSubService) {
        guard profile.kind == .fleet else { return }
        fleetAccess = other.fleetAccess
        fleet = other.fleet
        bursts = other.bursts
        for (name, node) in other.nodes {
            var adopted = node
            adopted.plans = [:]
            adopted.subscriptions = nodes[name]?.subscriptions ?? Subscriptions()
            nodes[name] = adopted
        }
        for name in Array(nodes.keys) where other.nodes[name] == nil { nodes[name] = nil }
        if !fleet.gathered.isEmpty { schedule.add(.gatherEvents, at: Instant(milliseconds: 0)) }
        for id in bursts.keys {
            schedule.add(.continueBurst(subscription: id), at: Instant(milliseconds: 0))
        }
    }
}
