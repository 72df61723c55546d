import XMPP

// Items that wait until they may be sent: conflation and digests (docs/protocol.md, filters).
extension PubSubService {
    /// Events of one node that go to a subscriber together.
    private struct Parcel {
        let node: String
        let subscriber: DeliveryPlan.Subscriber
        let coverage: DeliveryPlan.Coverage
        var events: [PubSubEvent]
    }

    private struct Addressed: Hashable {
        let jid: JID
        let event: PubSubEvent
    }

    /// Sends what is due to subscriptions that are looked at; together, so that one message names
    /// all of an address that get the same.
    mutating func deliverHeld(to subscriptions: [String]) -> [PubSubEffect] {
        guard !subscriptions.isEmpty else { return [] }
        var coverages: [Addressed: [DeliveryPlan.Coverage]] = [:]
        var order: [(Addressed, DeliveryPlan.Subscriber)] = []
        for id in subscriptions {
            for parcel in parcels(due: id) {
                for event in PubSubEvent.gathering(parcel.events) {
                    let key = Addressed(jid: parcel.subscriber.recipient.jid, event: event)
                    if coverages[key] == nil { order.append((key, parcel.subscriber)) }
                    coverages[key, default: []].append(parcel.coverage)
                }
            }
        }
        var mailing = Mailing<PubSubEvent>()
        for (key, subscriber) in order {
            let recipient = subscriber.recipient(for: coverages[key] ?? [])
            mailing.add(recipient, key.event, key.event)
        }
        return notices(of: mailing)
    }

    /// What is due to a subscription: a digest's items by node, others each by itself.
    private mutating func parcels(due id: String) -> [Parcel] {
        let due = selections.takeDue(id, at: time)
        if let wake = selections.wake(id) {
            schedule.add(.deliver(subscription: id), at: wake)
        }
        var parcels: [Parcel] = []
        var places: [String: Int] = [:]
        for (key, held) in due {
            if let place = places[key.node] {
                parcels[place].events.append(held.event)
                continue
            }
            guard let (subscriber, coverage) = receiver(id, of: key.node, about: held.host) else {
                continue
            }
            if coverage.selector?.digestInterval != nil { places[key.node] = parcels.count }
            parcels.append(
                Parcel(
                    node: key.node,
                    subscriber: subscriber,
                    coverage: coverage,
                    events: [held.event]
                )
            )
        }
        return parcels
    }

    /// Who gets the node's events by a subscription, if it still covers the node and lets in.
    private mutating func receiver(
        _ id: String,
        of node: String,
        about host: JID?
    ) -> (DeliveryPlan.Subscriber, DeliveryPlan.Coverage)? {
        guard nodes.update(node, { $0.configuration.deliversNotifications }) == true else {
            return nil
        }
        let plan = plan(of: node, about: host)
        if let place = plan.places[id], let coverage = plan.coverage(id) {
            return (plan.conditional[place], coverage)
        }
        // Its options may be such now that nothing is held back any more.
        guard let holder = selections.holder(of: id),
            let record = (nodes[holder] ?? patterns[holder])?.subscriptions[id],
            record.options.isPlain,
            let recipient = plan.plain.first(where: { $0.jid == record.jid })
        else { return nil }
        let coverage = DeliveryPlan.Coverage(record: record, holder: holder, way: .itself)
        let subscriber = DeliveryPlan.Subscriber(recipient: recipient, subscriptions: [coverage])
        return (subscriber, coverage)
    }
}

extension PubSubEvent {
    /// Items that one message of a digest holds at most, and bytes of their payloads: servers on
    /// the way refuse stanzas that are much larger.
    private static let gatheredMaximum = (items: 100, bytes: 64 * 1024)

    /// The events of one node in as few as may be.
    fileprivate static func gathering(_ events: [PubSubEvent]) -> [PubSubEvent] {
        guard events.count > 1 else { return events }
        var result: [PubSubEvent] = []
        var items: [Item] = []
        var texts: [String] = []
        var bytes = 0
        func close() {
            guard let node = events.first?.node, !items.isEmpty else { return }
            var event = PubSubEvent(node, .items(items))
            if !texts.isEmpty { event.text = texts.joined(separator: "\n") }
            result.append(event)
            (items, texts, bytes) = ([], [], 0)
        }
        for event in events {
            guard case .item(let item?) = event.kind else { continue }
            let count = item.payload?.count ?? 0
            let isFull = items.count >= gatheredMaximum.items
            if isFull || bytes + count > gatheredMaximum.bytes { close() }
            items.append(item)
            if let text = event.text { texts.append(text) }
            bytes += count
        }
        close()
        return result
    }
}
