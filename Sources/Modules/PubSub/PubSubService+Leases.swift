import XMPP

// Subscriptions that end by themselves at a time (XEP-0060 §12.19).
extension PubSubService {
    /// When a subscription ends, and where it is.
    struct Lease: Sendable {
        let node: String
        let end: Instant
    }

    /// Has a lease looked at in time.
    ///
    /// One that is shorter than the warning before its end is not announced.
    mutating func scheduleLease(of record: SubscriptionRecord, on name: String, at now: Instant) {
        guard case .at(let end) = record.options.expiry else {
            leases[record.id] = nil
            return
        }
        guard leases[record.id]?.end != end else { return }
        leases[record.id] = Lease(node: name, end: end)
        // Who renews often leaves entries behind that mean nothing: they are swept out in time.
        if leaseDuties > 4 * leases.count + 1_000 {
            schedule.remove {
                switch $0 {
                case .endSubscription, .announceEnd: true
                default: false
                }
            }
            leaseDuties = 0
            for (id, lease) in leases { addDuties(of: lease, id, at: now) }
        } else {
            addDuties(of: Lease(node: name, end: end), record.id, at: now)
        }
    }

    /// Takes over the subscriptions that no store has, and has all leases looked at.
    mutating func adoptSubscriptions(of other: PubSubService) {
        for (name, node) in other.nodes where nodes[name] != nil {
            for record in node.subscriptions.all where record.isTemporary(on: node.configuration) {
                nodes[name]?.subscriptions.save(record)
                subscribersChanged(of: name, record.jid)
            }
        }
        leaseDuties += other.leaseDuties
        for (id, lease) in leases { addDuties(of: lease, id, at: lease.end) }
    }

    private mutating func addDuties(of lease: Lease, _ id: String, at now: Instant) {
        schedule.add(.endSubscription(node: lease.node, id: id), at: lease.end)
        leaseDuties += 1
        let warning = lease.end + (.zero - PubSubLimits.leaseWarning)
        guard warning > now else { return }
        schedule.add(.announceEnd(node: lease.node, id: id), at: warning)
        leaseDuties += 1
    }

    /// A lease may be over.
    mutating func endLease(on name: String, _ id: String, at now: Instant) -> [PubSubEffect] {
        leaseDuties = max(leaseDuties - 1, 0)
        guard let record = (nodes[name] ?? patterns[name])?.subscriptions[id] else {
            // It ended with its node.
            leases[id] = nil
            return []
        }
        guard case .at(let end) = record.options.expiry, end <= now else { return [] }
        return cancel(record, on: name)
    }

    /// A lease may be almost over.
    mutating func announceEnd(on name: String, _ id: String, at now: Instant) -> [PubSubEffect] {
        leaseDuties = max(leaseDuties - 1, 0)
        guard let record = (nodes[name] ?? patterns[name])?.subscriptions[id],
            record.state == .subscribed, case .at(let end) = record.options.expiry,
            end > now, end + (.zero - PubSubLimits.leaseWarning) <= now
        else { return [] }
        return [tell(record, as: record.state.rawValue, on: name, expiry: end)]
    }
}
