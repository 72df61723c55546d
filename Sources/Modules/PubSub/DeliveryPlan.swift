import XMPP

/// Whom the events of a node reach: put together once and used until someone comes or goes.
struct DeliveryPlan: Sendable {
    /// Those who get every event at once, as it is.
    var plain: [Recipient] = []
    /// Those of whom a subscription has to look at the item first.
    var conditional: [Subscriber] = []

    /// An address with all its subscriptions that cover the node.
    struct Subscriber: Sendable {
        let recipient: Recipient
        let subscriptions: [Coverage]
    }

    /// A subscription, and the node or pattern that it is on.
    struct Coverage: Sendable {
        let record: SubscriptionRecord
        let holder: String
        let way: Way

        /// How the subscription comes to cover the node.
        enum Way: Sendable {
            case itself, pattern, collection
        }
    }
}

/// What one address is told with.
extension DeliveryPlan.Subscriber {
    /// Whether nothing has to be looked at.
    var isPlain: Bool { subscriptions.allSatisfy { $0.record.options.isPlain } }

    /// The headers of a message that is due to these subscriptions.
    ///
    /// XEP-0060 §6.1.6: who has several must be able to tell them apart; a pattern or a collection
    /// makes plain what the name of the node does not.
    static func headers(of subscriptions: [DeliveryPlan.Coverage], among count: Int) -> [UInt8] {
        let isPlainEnough =
            count == 1
            && subscriptions.allSatisfy { if case .itself = $0.way { true } else { false } }
        guard !isPlainEnough, !subscriptions.isEmpty else { return [] }
        var writer = XMLWriter(reserving: 128)
        writer.write(markup: "<headers xmlns='http://jabber.org/protocol/shim'>")
        for coverage in subscriptions {
            if case .collection = coverage.way {
                writer.write(markup: "<header name='Collection'>")
                writer.write(text: coverage.holder)
                writer.write(markup: "</header>")
            }
        }
        for coverage in subscriptions {
            writer.write(markup: "<header name='SubID'>")
            writer.write(text: coverage.record.id)
            writer.write(markup: "</header>")
        }
        writer.write(markup: "</headers>")
        return writer.bytes
    }
}

// MARK: - Putting it together

extension PubSubService {
    /// The plan of a node's events; of those about one host, where the service tells who may know
    /// of it.
    mutating func plan(
        at index: Dictionary<String, Node>.Index,
        about host: JID? = nil
    ) -> DeliveryPlan {
        // The node where it stands: a copy of it would copy its items on the next change.
        let key = planKey(nodes.values[index].host, host)
        if let plan = nodes.values[index].plans[key] { return plan }
        let plan = makePlan(of: nodes.values[index], about: host)
        nodes.values[index].plans[key] = plan
        return plan
    }

    private func planKey(_ nodesHost: JID?, _ host: JID?) -> PlanKey {
        guard let fleetAccess, let host = host ?? nodesHost else { return .everyone }
        return .groups(fleetAccess.groups.groups(of: host))
    }

    private func makePlan(of node: Node, about host: JID?) -> DeliveryPlan {
        var plan = DeliveryPlan()
        let subscribers = subscribers(of: node, about: host)
        // Those whose sessions are told by a subscription that says how.
        var governed: Set<JID> = []
        for (jid, coverages) in subscribers
        where coverages.contains(where: { $0.record.options.governsDelivery }) {
            governed.insert(jid)
        }
        for recipient in node.audience.values
        where governed.isEmpty
            || (!governed.contains(recipient.jid) && !governed.contains(recipient.jid.bare))
        {
            plan.plain.append(recipient)
        }
        guard !subscribers.isEmpty else { return plan }
        // A bare address of which a session is told already gets nothing itself (XEP-0163 §4.3.2).
        var told = Set(plan.plain.map(\.jid.bare))
        for (jid, coverages) in subscribers where !jid.isBare && node.audience[jid] == nil {
            add(jid, coverages, to: &plan)
            // Whether one without a session is there is not known: it stands for nobody else.
            if interested[jid] != nil { told.insert(jid.bare) }
        }
        for (jid, coverages) in subscribers where !jid.isBare && node.audience[jid] != nil {
            if governed.contains(jid) { add(jid, coverages, to: &plan) }
        }
        for (jid, coverages) in subscribers
        where jid.isBare && (governed.contains(jid) || !told.contains(jid)) {
            add(jid, coverages, to: &plan)
        }
        return plan
    }

    private func add(
        _ jid: JID,
        _ coverages: [DeliveryPlan.Coverage],
        to plan: inout DeliveryPlan
    ) {
        let active = coverages.filter { $0.record.options.delivers }
        guard !active.isEmpty else { return }
        let recipient = Recipient(
            jid: jid,
            session: interested[jid]?.recipient.session,
            headers: DeliveryPlan.Subscriber.headers(of: active, among: coverages.count)
        )
        let subscriber = DeliveryPlan.Subscriber(recipient: recipient, subscriptions: active)
        if subscriber.isPlain {
            plan.plain.append(recipient)
        } else {
            plan.conditional.append(subscriber)
        }
    }

    /// Everyone with a subscription that covers the node's items, by the address that subscribed.
    private func subscribers(
        of node: Node,
        about host: JID?
    ) -> [JID: [DeliveryPlan.Coverage]] {
        var result: [JID: [DeliveryPlan.Coverage]] = [:]
        for (holder, way) in holders(of: node) {
            for record in holder.subscriptions.all
            where record.state == .subscribed && record.options.type != .nodes {
                if case .itself = way {
                } else {
                    // What lets in to a pattern or a collection need not let in here.
                    guard admits(record.jid, Relation(), to: node, about: host) else { continue }
                }
                result[record.jid, default: []].append(
                    .init(record: record, holder: holder.name, way: way)
                )
            }
        }
        if fleetAccess != nil {
            result = result.filter { admits($0.key, Relation(), to: node, about: host) }
        }
        for jid in result.keys where (result[jid]?.count ?? 0) > 1 {
            result[jid]?.sort { $0.record.id < $1.record.id }
        }
        return result
    }

    /// The node itself and all else by which it can be subscribed to.
    private func holders(of node: Node) -> [(Node, DeliveryPlan.Coverage.Way)] {
        var holders: [(Node, DeliveryPlan.Coverage.Way)] = []
        if !node.subscriptions.isEmpty { holders.append((node, .itself)) }
        for pattern in patterns.values where pattern.pattern?.matches(node.name) == true {
            holders.append((pattern, .pattern))
        }
        return holders
    }

    /// Nodes whose events the holder's subscriptions cover have to be planned again.
    mutating func plansChanged(of holder: String) {
        nodes[holder]?.plans = [:]
        guard let pattern = patterns[holder]?.pattern else { return }
        for name in Array(nodes.keys) where pattern.matches(name) { nodes[name]?.plans = [:] }
    }
}

/// Which of a node's plans: who may know of one host need not know of another.
enum PlanKey: Sendable, Hashable {
    case everyone
    case groups(Set<String>)
}
