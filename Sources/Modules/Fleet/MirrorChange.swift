import Telemetry
package import XMPP

/// What a host's shard tells the service that mirrors the host's nodes.
///
/// It follows the store on its way out: nothing is mirrored that a crash could take back.
package struct MirrorChange: Sendable {
    /// The host's bare address.
    package let host: JID
    let kind: Kind

    init(_ host: JID, _ kind: Kind) {
        self.host = host
        self.kind = kind
    }

    enum Kind: Sendable {
        /// All that there is of the host.
        case snapshot(HostSnapshot)
        case state(isUp: Bool)
        case create(MonitoringNode)
        case publish(MonitoringNode, ItemRecord, trimming: [String])
        case remove(MonitoringNode, [String])
        case purge(MonitoringNode)
        case delete(MonitoringNode)
        /// It is no host any more.
        case end
    }
}

/// A host at the moment when it begins to be mirrored: the payloads are shared, not copied.
struct HostSnapshot: Sendable {
    let isUp: Bool
    /// Its nodes' items, in the order of publishing.
    let nodes: [MonitoringNode: [ItemLog.Item]]
    /// Whether subscribers hear of it; not of what they were told before the server started.
    let isNews: Bool
}

extension MirrorChange.Kind {
    /// What a change in the store means for the mirror; nil where it means nothing.
    init?(_ change: PubSubChange) {
        switch change {
        case .saveNode(_, let name, _):
            guard let node = MonitoringNodes.node(named: name) else { return nil }
            self = .create(node)
        case .deleteNode(_, let name):
            guard let node = MonitoringNodes.node(named: name) else { return nil }
            self = .delete(node)
        case .saveItem(_, let name, let record, let trimming):
            guard let node = MonitoringNodes.node(named: name) else { return nil }
            self = .publish(node, record, trimming: trimming)
        case .removeItems(_, let name, let ids):
            guard let node = MonitoringNodes.node(named: name) else { return nil }
            self = .remove(node, ids)
        case .purge(_, let name):
            guard let node = MonitoringNodes.node(named: name) else { return nil }
            self = .purge(node)
        case .setAffiliation, .saveSubscription, .removeSubscription, .history: return nil
        }
    }
}

// MARK: - The host's side

extension PubSubService {
    /// The effects of a decision with all that follows from what they store.
    func completed(_ effects: [PubSubEffect]) -> [PubSubEffect] {
        guard isMirrored || profile.kind == .fleet else { return effects }
        var completed: [PubSubEffect] = []
        completed.reserveCapacity(effects.count + 1)
        for effect in effects {
            guard case .store(let change, _) = effect else {
                completed.append(effect)
                continue
            }
            if case .saveSubscription(_, let name, _) = change, profile.kind == .fleet {
                // Subscriptions outlive the process; the node that they are on needs a row then.
                let row = PubSubChange.saveNode(owner: owner, node: name, configuration: [:])
                completed.append(.store(row, .immediate))
            }
            completed.append(effect)
            if isMirrored, let kind = MirrorChange.Kind(change) {
                completed.append(.mirror(MirrorChange(owner, kind)))
            }
        }
        return completed
    }

    /// The host as the fleet service has to know it from here on.
    func hostSnapshot(isUp: Bool, isNews: Bool) -> HostSnapshot {
        var mirrored: [MonitoringNode: [ItemLog.Item]] = [:]
        for node in MonitoringNode.allCases {
            mirrored[node] = nodes[node.name]?.items.latest(.max)
        }
        return HostSnapshot(isUp: isUp, nodes: mirrored, isNews: isNews)
    }
}

extension Account {
    /// Whether any of its sessions is available: for a host, that it is up.
    var isUp: Bool { sessions.contains(where: \.isAvailable) }

    /// Begins to be mirrored, or tells all of itself again.
    mutating func beginMirroring(isNews: Bool) -> [Effect] {
        pep.isMirrored = true
        isToldUp = isUp
        let snapshot = pep.hostSnapshot(isUp: isUp, isNews: isNews)
        return [.mirror(MirrorChange(jid, .snapshot(snapshot)))]
    }

    mutating func endMirroring() -> [Effect] {
        guard pep.isMirrored else { return [] }
        pep.isMirrored = false
        return [.mirror(MirrorChange(jid, .end))]
    }

    /// Tells whether the host is up, where that has changed.
    mutating func tellState() -> [Effect] {
        guard pep.isMirrored, isToldUp != isUp else { return [] }
        isToldUp = isUp
        return [.mirror(MirrorChange(jid, .state(isUp: isUp)))]
    }
}
