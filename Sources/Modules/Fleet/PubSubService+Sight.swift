import Telemetry
import XMPP

// Hosts that come into the sight of viewers and go out of it, while others see them as before.
extension PubSubService {
    /// A host's groups, before they changed and after: those of which they are the same come into
    /// sight and go out of it for the same viewers.
    private struct Change: Hashable {
        let before: Set<String>
        let after: Set<String>
    }

    /// The part of a change that concerns one of the nodes about all hosts.
    private struct Concern: Hashable {
        let change: Change
        let node: String
    }

    /// Tells those who may know of hosts no more that these have no items, where nothing else says
    /// so.
    ///
    /// Comes while the plans are those of before.
    mutating func retractHidden(by access: FleetAccess, _ effects: inout [PubSubEffect]) {
        guard let before = fleetAccess else { return }
        var plans: [Concern: DeliveryPlan] = [:]
        forEachItem(before, access) { service, item, host, concern in
            let event = PubSubEvent(concern.node, .retract(item.id))
            guard let (type, plan) = service.delivery(of: event, about: host) else { return }
            // Whose subscriptions end is told that.
            let lost =
                plans[concern]
                ?? plan.filtered { !access.admits($0, to: host) && access.admitsToAny($0) }
            plans[concern] = lost
            if !lost.plain.isEmpty {
                effects.append(.notify(service.notification(event, type, to: lost.plain)))
            }
            effects += service.selectEnd(of: item.id, event, lost)
        }
    }

    /// Tells those who may know of hosts only now of the items that these have.
    ///
    /// Comes while the plans are those of now.
    mutating func publishShown(since before: FleetAccess, _ effects: inout [PubSubEffect]) {
        guard let access = fleetAccess else { return }
        var plans: [Concern: DeliveryPlan] = [:]
        forEachItem(before, access) { service, item, host, concern in
            let event = service.publication(
                of: item.record,
                on: concern.node,
                stamp: item.published
            )
            guard let (type, plan) = service.delivery(of: event, about: host) else { return }
            let gained = plans[concern] ?? plan.filtered { !before.admits($0, to: host) }
            plans[concern] = gained
            if !gained.plain.isEmpty {
                effects.append(.notify(service.notification(event, type, to: gained.plain)))
            }
            if !gained.conditional.isEmpty {
                effects += service.select(event, gained, about: host)
            }
        }
    }

    /// The items of the hosts of which a subscriber's sight changes, on the nodes about all hosts
    /// but the log, which only forgets.
    private mutating func forEachItem(
        _ before: FleetAccess,
        _ after: FleetAccess,
        _ body: (inout PubSubService, ItemLog.Item, JID, Concern) -> Void
    ) {
        for (host, change) in changes(before, after) {
            for name in FleetBook.aggregates where name != FleetBook.events {
                for id in fleet.ids(of: host, on: name) {
                    guard let item = nodes[name]?.items[id] else { continue }
                    body(&self, item, host, Concern(change: change, node: name))
                }
            }
        }
    }

    /// The hosts that a subscriber may know of now and could not, or the other way round.
    ///
    /// Whoever is in groups of hosts is asked for each of these once, not for each host: a thousand
    /// hosts may be put into their group one by one.
    private func changes(
        _ before: FleetAccess,
        _ after: FleetAccess
    ) -> [(host: JID, change: Change)] {
        var concerns: [Change: Bool] = [:]
        return fleet.hosts.keys.compactMap { host in
            let change = Change(
                before: before.groups.groups(of: host),
                after: after.groups.groups(of: host)
            )
            let concernsSomebody =
                concerns[change]
                ?? subscribed.keys.contains {
                    before.admits($0, toMembersOf: change.before)
                        != after.admits($0, toMembersOf: change.after)
                }
            concerns[change] = concernsSomebody
            return concernsSomebody ? (host, change) : nil
        }.sorted { $0.host.description < $1.host.description }
    }
}

extension DeliveryPlan {
    /// The part of it that is for some addresses.
    fileprivate func filtered(_ isWanted: (JID) -> Bool) -> DeliveryPlan {
        var part = DeliveryPlan()
        part.plain = plain.filter { isWanted($0.jid) }
        for subscriber in conditional where isWanted(subscriber.recipient.jid) {
            part.appendConditional(subscriber)
        }
        return part
    }
}
