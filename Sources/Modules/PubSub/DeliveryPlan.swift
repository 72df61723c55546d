import XMPP

/// Whom the events of a node reach: put together once and used until someone comes or goes.
struct DeliveryPlan: Sendable {
    /// Those who get every event at once, as it is.
    var plain: [Recipient] = []
    /// Those of whom a subscription has to look at the item first.
    var conditional: [Subscriber] = []
    /// Where in `conditional` the subscriptions stand that have to.
    var places: [String: Int] = [:]
    /// Where in `conditional` those stand of whom a subscription has no filter.
    var unfiltered: [Int] = []
    /// The nodes and patterns whose filters find subscriptions.
    var filtering: Set<String> = []
    /// Whether anyone is told of changes of whether an item matches, so that it matters for whom
    /// it did before.
    var tellsChanges = false

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
        /// The options as they are applied; nil where they can't be read, and then nothing matches.
        var selector: Selector?

        /// How the subscription comes to cover the node.
        enum Way: Sendable {
            case itself, pattern
            /// A collection, that many levels above.
            case collection(distance: Int)
        }
    }
}

// What subscriptions look at the items.
extension DeliveryPlan {
    /// The subscription of that id, where it has to look at the item.
    func coverage(_ id: String) -> Coverage? {
        guard let place = places[id] else { return nil }
        return conditional[place].subscriptions.first { $0.record.id == id }
    }

    mutating func appendConditional(_ subscriber: Subscriber) {
        let place = conditional.count
        var isUnfiltered = false
        for coverage in subscriber.subscriptions {
            guard !coverage.record.options.isPlain else {
                isUnfiltered = true
                continue
            }
            places[coverage.record.id] = place
            if coverage.record.options.change != .none { tellsChanges = true }
            if coverage.record.options.filter.isEmpty {
                isUnfiltered = true
            } else {
                filtering.insert(coverage.holder)
            }
        }
        if isUnfiltered { unfiltered.append(place) }
        conditional.append(subscriber)
    }
}

/// What one address is told with.
extension DeliveryPlan.Subscriber {
    /// The recipient of what is due to some of the subscriptions.
    func recipient(for told: [DeliveryPlan.Coverage]) -> Recipient {
        guard told.count < subscriptions.count else { return recipient }
        var recipient = recipient
        recipient.headers = Self.headers(of: told, among: subscriptions.count)
        return recipient
    }

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
    /// The plan of the events of a node's items; of those about one host, where the service tells
    /// who may know of it.
    mutating func plan(of name: String, about host: JID? = nil) -> DeliveryPlan {
        let access = fleetAccess
        // The node where it stands: a copy of it would copy its items on the next change.
        let known = nodes.update(name) { node in
            let key = Self.planKey(node.host, host, access)
            return (key, node.plans[key])
        }
        guard let (key, plan) = known else { return DeliveryPlan() }
        if let plan { return plan }
        let made = nodes[name].map { makePlan(of: $0, about: host, for: .items) }
        nodes[name]?.plans[key] = made
        notePlans(of: name)
        return made ?? DeliveryPlan()
    }

    /// Remembers which nodes have plans, so that dropping them looks at no others.
    private mutating func notePlans(of name: String) {
        if planned.count > 2 * nodes.count {
            // Nodes that are gone.
            planned = planned.filter { nodes[$0] != nil }
        }
        planned.insert(name)
    }

    private static func planKey(
        _ nodesHost: JID?,
        _ host: JID?,
        _ fleetAccess: FleetAccess?
    ) -> PlanKey {
        // All that a node of one host tells is about that host.
        guard let fleetAccess, let host, host != nodesHost else { return .everyone }
        return .groups(fleetAccess.groups.groups(of: host))
    }

    /// Whom events of that concern reach.
    ///
    /// A node's sessions ask for its items, and are told what becomes of it; of another one's
    /// children they know nothing.
    func makePlan(
        of node: Node,
        about host: JID?,
        for concern: EventConcern
    ) -> DeliveryPlan {
        var plan = DeliveryPlan()
        let subscribers = subscribers(of: node, about: host, for: concern)
        let shows = shows(of: addresses(in: subscribers, on: node.configuration))
        let isHeard = { (record: SubscriptionRecord) in
            self.isHeard(record, on: node.configuration, in: shows)
        }
        let audience = concern == .items || concern == .node ? node.audience : [:]
        // Those whose sessions are told by a subscription that says how.
        var governed: Set<JID> = []
        for (jid, coverages) in subscribers
        where coverages.contains(where: { $0.record.options.governsDelivery }) {
            governed.insert(jid)
        }
        for recipient in audience.values
        where governed.isEmpty
            || (!governed.contains(recipient.jid) && !governed.contains(recipient.jid.bare))
        {
            plan.plain.append(recipient)
        }
        guard !subscribers.isEmpty else { return plan }
        // A bare address of which a session is told already gets nothing itself (XEP-0163 §4.3.2).
        var told = Set(plan.plain.map(\.jid.bare))
        for (jid, coverages) in subscribers where !jid.isBare && audience[jid] == nil {
            add(jid, coverages.filter { isHeard($0.record) }, among: coverages.count, to: &plan)
            // Whether one without a session is there is not known: it stands for nobody else.
            if interested[jid] != nil { told.insert(jid.bare) }
        }
        for (jid, coverages) in subscribers where !jid.isBare && audience[jid] != nil {
            if governed.contains(jid) {
                add(jid, coverages.filter { isHeard($0.record) }, among: coverages.count, to: &plan)
            }
        }
        for (jid, coverages) in subscribers
        where jid.isBare && (governed.contains(jid) || !told.contains(jid)) {
            add(jid, coverages.filter { isHeard($0.record) }, among: coverages.count, to: &plan)
        }
        return plan
    }

    /// The addresses whose presence decides what they are told of the node.
    private func addresses(
        in subscribers: [JID: [DeliveryPlan.Coverage]],
        on configuration: NodeConfiguration
    ) -> [JID] {
        subscribers.filter { _, coverages in
            coverages.contains { $0.record.dependsOnPresence(on: configuration) }
        }.map(\.key)
    }

    private func add(
        _ jid: JID,
        _ coverages: [DeliveryPlan.Coverage],
        among count: Int,
        to plan: inout DeliveryPlan
    ) {
        let active = coverages.filter { $0.record.options.delivers }
        guard !active.isEmpty else { return }
        let recipient = Recipient(
            jid: jid,
            session: interested[jid]?.recipient.session,
            headers: DeliveryPlan.Subscriber.headers(of: active, among: count)
        )
        let subscriber = DeliveryPlan.Subscriber(recipient: recipient, subscriptions: active)
        if subscriber.isPlain {
            plan.plain.append(recipient)
        } else {
            plan.appendConditional(subscriber)
        }
    }

    /// Everyone with a subscription that covers such events, by the address that subscribed.
    private func subscribers(
        of node: Node,
        about host: JID?,
        for concern: EventConcern
    ) -> [JID: [DeliveryPlan.Coverage]] {
        var result: [JID: [DeliveryPlan.Coverage]] = [:]
        for (holder, way) in holders(of: node) {
            for record in holder.subscriptions.all
            where record.state == .subscribed && record.options.cover(concern, way) {
                guard mayKnow(record.jid, of: node, about: host, for: concern, way) else {
                    continue
                }
                result[record.jid, default: []].append(
                    .init(
                        record: record,
                        holder: holder.name,
                        way: way,
                        selector: holder.subscriptions.selector(record.id)
                    )
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

    /// What lets in to a pattern or a collection need not let in to what is below it.
    private func mayKnow(
        _ jid: JID,
        of node: Node,
        about host: JID?,
        for concern: EventConcern,
        _ way: DeliveryPlan.Coverage.Way
    ) -> Bool {
        if case .membership(let child) = concern {
            guard let child = nodes[child],
                admits(jid, relation(ofSubscriber: jid), to: child)
            else { return false }
        }
        if case .itself = way { return true }
        return admits(jid, relation(ofSubscriber: jid), to: node, about: host)
    }

    /// The node itself and all else by which it can be subscribed to.
    func holders(of node: Node) -> [(Node, DeliveryPlan.Coverage.Way)] {
        var holders: [(Node, DeliveryPlan.Coverage.Way)] = []
        if !node.subscriptions.isEmpty { holders.append((node, .itself)) }
        for pattern in patterns.covering(node.name) { holders.append((pattern, .pattern)) }
        return holders + collectionHolders(of: node.name)
    }

    /// Nodes whose events the holder's subscriptions cover have to be planned again.
    mutating func plansChanged(of holder: String) {
        nodes[holder]?.plans = [:]
        if holder == CollectionGraph.root {
            for name in planned { nodes[name]?.plans = [:] }
            planned = []
        } else if nodes[holder]?.isCollection == true {
            for name in collections.descendants(of: holder) { nodes[name]?.plans = [:] }
        }
        guard let pattern = patterns[holder]?.pattern else { return }
        for name in planned where pattern.matches(name) {
            nodes[name]?.plans = [:]
            planned.remove(name)
        }
    }
}

/// Which of a node's plans: who may know of one host need not know of another.
enum PlanKey: Sendable, Hashable {
    case everyone
    case groups(Set<String>)
}
