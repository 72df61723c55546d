import Telemetry
import XMPP

/// The first items of a subscription that covers much: sent in pieces, so that ten thousand of them
/// are not in memory at once.
struct Burst: Sendable {
    /// Items sent at once.
    static let pieceMaximum = 200
    /// Between two pieces, in milliseconds: ten thousand items take about a second.
    static let pauseMilliseconds: Int64 = 20
    /// Events of before that a subscription begins with.
    static let eventsMaximum = 50

    /// An item that is due; the newest at its time where there is no id.
    struct Part: Sendable {
        let node: String
        let id: String?
    }

    let coverage: DeliveryPlan.Coverage
    let recipient: Recipient
    /// The last comes first.
    var rest: [Part]
}

extension PubSubService {
    /// Whether a subscription to it begins with more than the last item of one node.
    func beginsWithBurst(_ holder: Node) -> Bool {
        holder.pattern != nil || isAboutAllHosts(holder)
    }

    /// Whether it is a node about all hosts.
    private func isAboutAllHosts(_ node: Node) -> Bool {
        fleetAccess != nil && node.host == nil && node.pattern == nil
    }

    /// Limits of names with wildcards, before one is subscribed to.
    func checkBurst(for jid: JID, on holder: Node) throws(StanzaError) {
        let bare = jid.bare
        guard beginsWithBurst(holder) else { return }
        if holder.pattern != nil, holder.subscriptions.of(entity: bare).isEmpty {
            let held = subscribed[bare]?.count { patterns[$0] != nil } ?? 0
            guard held < PubSubLimits.patternsPerSubscriberMaximum else {
                throw .pubsub(.policyViolation, "too-many-subscriptions")
            }
        }
        let running = bursts.values.count { $0.recipient.jid.bare == bare }
        guard running < PubSubLimits.burstsPerSubscriberMaximum else {
            throw .pubsub(
                .policyViolation,
                "too-many-subscriptions",
                .wait,
                text: "the first items of other subscriptions are still being sent"
            )
        }
    }

    /// What a new subscription begins with: the last item of every node that it covers, of those
    /// about all hosts what stands on them.
    mutating func beginBurst(
        of coverage: DeliveryPlan.Coverage,
        on holder: Node,
        to recipient: Recipient,
        isArrival: Bool,
        since: Instant?
    ) -> [PubSubEffect] {
        let subscription = coverage.record
        guard subscription.state == .subscribed, subscription.options.delivers else { return [] }
        var parts: [Burst.Part] = []
        if let pattern = holder.pattern {
            for name in nodes.keys.sorted() where pattern.matches(name) {
                guard let node = nodes[name] else { continue }
                append(node, for: subscription.jid, isArrival, since, to: &parts)
            }
        } else {
            append(holder, for: subscription.jid, isArrival, since, to: &parts)
        }
        bursts[subscription.id] = Burst(
            coverage: coverage,
            recipient: recipient,
            rest: parts.prefix(PubSubLimits.burstItemsMaximum).reversed()
        )
        return continueBurst(subscription.id)
    }

    private func append(
        _ node: Node,
        for jid: JID,
        _ isArrival: Bool,
        _ since: Instant?,
        to parts: inout [Burst.Part]
    ) {
        guard node.configuration.sendsLastItem(onArrival: isArrival),
            admits(jid, Relation(), to: node)
        else { return }
        guard isAboutAllHosts(node) else {
            if !node.items.isEmpty, node.hasItem(since: since) {
                parts.append(.init(node: node.name, id: nil))
            }
            return
        }
        var items = node.items.latest(.max).filter { admits(jid, to: $0, of: node) }
        if node.name == FleetBook.events { items = items.suffix(Burst.eventsMaximum) }
        for item in items where item.published >= since ?? item.published {
            parts.append(.init(node: node.name, id: item.id))
        }
    }

    /// Sends the next piece, as far as the subscription and the items are still there.
    mutating func continueBurst(_ subscription: String) -> [PubSubEffect] {
        guard var burst = bursts.removeValue(forKey: subscription),
            let holder = nodes[burst.coverage.holder] ?? patterns[burst.coverage.holder],
            holder.subscriptions[subscription] != nil
        else { return [] }
        var effects: [PubSubEffect] = []
        while effects.count < Burst.pieceMaximum, let part = burst.rest.popLast() {
            guard let node = nodes[part.node],
                admits(burst.recipient.jid, Relation(), to: node)
            else { continue }
            guard let item = part.id.map({ node.items[$0] }) ?? node.items.newest,
                admits(burst.recipient.jid, to: item, of: node)
            else { continue }
            effects += send(item, of: node, in: burst)
        }
        if !burst.rest.isEmpty {
            bursts[subscription] = burst
            let due = time.milliseconds &+ Burst.pauseMilliseconds
            schedule.add(
                .continueBurst(subscription: subscription),
                at: Instant(milliseconds: due)
            )
        }
        return effects
    }

    private mutating func send(
        _ item: ItemLog.Item,
        of node: Node,
        in burst: Burst
    ) -> [PubSubEffect] {
        guard item.payload != .stored else {
            guard item.id == node.items.newest?.id else { return [] }
            return lastItem(of: node, to: burst.recipient, for: burst.coverage)
        }
        guard burst.coverage.record.options.isPlain else {
            return firstItem(item.record, of: node.name, to: burst.recipient, for: burst.coverage)
        }
        // Not kept for the next who comes: a message a node would be most of its memory.
        let event = publication(of: item.record, on: node.name, stamp: item.published)
        let type = node.configuration.notificationType
        return [.notify(notification(event, type, to: [burst.recipient]))]
    }
}
