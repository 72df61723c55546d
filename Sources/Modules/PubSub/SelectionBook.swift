import Filter
import XMPP

/// What subscriptions have been sent, as far as it decides what they are sent next.
///
/// It is kept apart from the nodes and their delivery plans, which come and go, and is bounded:
/// what was forgotten of a subscription makes it hear more, never less.
struct SelectionBook: Sendable {
    /// An item that a subscription knows.
    struct ItemKey: Sendable, Hashable {
        let node: String
        let item: String
    }

    /// What one subscription knows of one item.
    struct Trace: Sendable {
        /// Whether it was sent.
        var wasSent = false
        /// Whether it matches the filter, for who is told of changes only.
        var matches = false
        /// When it was last sent.
        var sentAt: Instant?
        /// The numbers that have a band, as they were last sent or are about to be.
        var numbers: [Field: Double]?
        /// The level that goes with the numbers.
        var level: Value?
        var held: Held?
    }

    /// An event that waits until it may be sent.
    struct Held: Sendable {
        var event: PubSubEvent
        /// The host that it is about, as ``PubSubService/notify(of:about:_:)`` was told.
        var host: JID?
        var due: Instant
        /// What was held back earlier has a lower one.
        var number: UInt64
    }

    /// What belongs to one subscription.
    private struct Ledger: Sendable {
        let holder: String
        let jid: JID
        var options: SubscriptionOptions
        var items: Set<ItemKey> = []
        /// The items by age, those too that are gone.
        var order: [ItemKey] = []
        var held: Set<ItemKey> = []
        var heldBytes = 0
        /// Whether it was sent items of which nothing is known here.
        var hasForgotten = false
        /// When what is gathered goes out.
        var digestDue: Instant?
        /// The earliest time at which it is looked at.
        var wake: Instant?
    }

    /// By node, item and subscription.
    private var traces: [String: [String: [String: Trace]]] = [:]
    private var ledgers: [String: Ledger] = [:]
    private var ofEntity: [JID: Set<String>] = [:]
    /// Bytes that wait, by the bare address that they are for.
    private var heldBytesOfEntity: [JID: Int] = [:]
    private var heldNumber: UInt64 = 0
    private(set) var count = 0
    /// Subscriptions that were sent items of which nothing is known.
    private(set) var forgetful: Set<String> = []

    // MARK: Subscriptions

    /// Opens the ledger of a subscription that there was before: what it was sent is not known.
    mutating func restore(_ record: SubscriptionRecord, on holder: String) {
        open(record, on: holder)
        forget(of: record.id)
    }

    private mutating func open(_ record: SubscriptionRecord, on holder: String) {
        guard ledgers[record.id] == nil else { return }
        ledgers[record.id] = Ledger(holder: holder, jid: record.jid, options: record.options)
        ofEntity[record.jid.bare, default: []].insert(record.id)
    }

    private mutating func forget(of subscription: String) {
        ledgers[subscription]?.hasForgotten = true
        forgetful.insert(subscription)
    }

    /// Drops what belongs to subscriptions of an entity to a node that are no more; those with
    /// other options begin anew, but for what they were sent.
    mutating func keep(_ subscriptions: Subscriptions?, of entity: JID, on holder: String) {
        guard let ids = ofEntity[entity.bare] else { return }
        for id in ids {
            guard let ledger = ledgers[id], ledger.holder == holder else { continue }
            guard let record = subscriptions?[id] else {
                drop(id, ledger)
                continue
            }
            guard record.options != ledger.options else { continue }
            ledgers[id]?.options = record.options
            for key in ledger.items {
                change(key, id) {
                    $0.matches = false
                    $0.numbers = nil
                    $0.sentAt = nil
                }
            }
        }
    }

    /// Drops what belongs to subscriptions that are no more; `find` gives those of a node.
    mutating func keep(in find: (String) -> Subscriptions?) {
        for (id, ledger) in ledgers where find(ledger.holder)?[id] == nil { drop(id, ledger) }
    }

    private mutating func drop(_ id: String, _ ledger: Ledger) {
        for key in ledger.items { remove(key, id) }
        ledgers[id] = nil
        forgetful.remove(id)
        let bare = ledger.jid.bare
        ofEntity[bare]?.remove(id)
        if ofEntity[bare]?.isEmpty == true { ofEntity[bare] = nil }
    }

    /// What a subscription is to: a node or a pattern.
    func holder(of subscription: String) -> String? { ledgers[subscription]?.holder }

    // MARK: Items

    func trace(_ key: ItemKey, _ subscription: String) -> Trace? {
        traces[key.node]?[key.item]?[subscription]
    }

    /// What all subscriptions know of an item.
    func traces(of key: ItemKey) -> [String: Trace] {
        traces[key.node]?[key.item] ?? [:]
    }

    /// The subscriptions that are known to have been sent any item of a node.
    func wereSentAny(of node: String) -> Set<String> {
        var ids: Set<String> = []
        for traces in (traces[node] ?? [:]).values {
            for (id, trace) in traces where trace.wasSent || trace.matches { ids.insert(id) }
        }
        return ids
    }

    private mutating func change(
        _ key: ItemKey,
        _ subscription: String,
        _ change: (inout Trace) -> Void
    ) {
        change(
            &traces[key.node, default: [:]][key.item, default: [:]][
                subscription,
                default: Trace()
            ]
        )
    }

    /// Changes what is known, as far as there is room for it; says whether there was.
    @discardableResult
    mutating func note(
        _ key: ItemKey,
        _ record: SubscriptionRecord,
        on holder: String,
        _ change: (inout Trace) -> Void
    ) -> Bool {
        if trace(key, record.id) == nil {
            open(record, on: holder)
            guard makeRoom(record.id) else {
                forget(of: record.id)
                return false
            }
            ledgers[record.id]?.items.insert(key)
            ledgers[record.id]?.order.append(key)
            count += 1
        }
        self.change(key, record.id, change)
        return true
    }

    /// Forgets the oldest item of a subscription that has too many, none that waits to be sent.
    private mutating func makeRoom(_ id: String) -> Bool {
        guard let ledger = ledgers[id] else { return false }
        let isFull = ledger.items.count >= PubSubLimits.itemsKnownMaximum
        guard isFull || count >= PubSubLimits.itemsKnownToAllMaximum else { return true }
        guard ledger.held.count < ledger.items.count else { return false }
        var place = 0
        while place < ledger.order.count {
            let key = ledger.order[place]
            place += 1
            guard ledger.items.contains(key), !ledger.held.contains(key) else { continue }
            if trace(key, id)?.wasSent == true { forget(of: id) }
            remove(key, id)
            break
        }
        // Those before it that wait keep their places; the gone ones go.
        let rest = ledger.order[place...]
        let waiting = ledger.order[..<place].filter { ledger.held.contains($0) }
        ledgers[id]?.order = waiting + rest
        return true
    }

    private mutating func remove(_ key: ItemKey, _ id: String) {
        guard let trace = traces[key.node]?[key.item]?.removeValue(forKey: id) else { return }
        count -= 1
        ledgers[id]?.items.remove(key)
        ledgers[id]?.held.remove(key)
        if let held = trace.held { countHeld(-held.event.payloadBytes, id) }
        guard traces[key.node]?[key.item]?.isEmpty == true else { return }
        traces[key.node]?[key.item] = nil
        if traces[key.node]?.isEmpty == true { traces[key.node] = nil }
    }

    /// The item is gone, and with it what waits to be sent of it.
    mutating func removeItem(_ key: ItemKey) {
        for id in traces(of: key).keys { remove(key, id) }
    }

    /// The item is gone for one subscription.
    mutating func removeItem(_ key: ItemKey, of subscription: String) {
        remove(key, subscription)
    }

    /// All items of the node are gone.
    mutating func removeItems(of node: String) {
        for item in (traces[node] ?? [:]).keys { removeItem(ItemKey(node: node, item: item)) }
    }
}

// MARK: - What waits

extension SelectionBook {
    /// Holds an event back in the place of what is held of the same item; says whether there is
    /// room for it.
    ///
    /// It is due when the earlier one was, so that newer ones do not put it off for ever.
    mutating func hold(
        _ event: PubSubEvent,
        about host: JID?,
        _ key: ItemKey,
        _ record: SubscriptionRecord,
        on holder: String,
        until due: Instant
    ) -> Bool {
        let before = trace(key, record.id)?.held
        let added = event.payloadBytes - (before?.event.payloadBytes ?? 0)
        let own = ledgers[record.id]?.heldBytes ?? 0
        let all = heldBytesOfEntity[record.jid.bare] ?? 0
        guard own + added <= PubSubLimits.heldBytesMaximum,
            all + added <= PubSubLimits.heldBytesOfOneMaximum
        else { return false }
        heldNumber &+= 1
        let held = Held(event: event, host: host, due: before?.due ?? due, number: heldNumber)
        guard note(key, record, on: holder, { $0.held = held }) else { return false }
        countHeld(added, record.id)
        ledgers[record.id]?.held.insert(key)
        return true
    }

    /// What is held of the item has been superseded.
    mutating func release(_ key: ItemKey, _ id: String) {
        guard let held = trace(key, id)?.held else { return }
        change(key, id) { $0.held = nil }
        countHeld(-held.event.payloadBytes, id)
        ledgers[id]?.held.remove(key)
    }

    private mutating func countHeld(_ bytes: Int, _ id: String) {
        guard let jid = ledgers[id]?.jid.bare else { return }
        ledgers[id]?.heldBytes += bytes
        let all = (heldBytesOfEntity[jid] ?? 0) + bytes
        heldBytesOfEntity[jid] = all > 0 ? all : nil
    }

    /// When what is gathered for a subscription goes out; the first item opens the period.
    mutating func digestDue(_ record: SubscriptionRecord, after interval: Int64, at now: Instant)
        -> Instant
    {
        if let due = ledgers[record.id]?.digestDue { return due }
        return now + .milliseconds(interval)
    }

    mutating func openDigest(_ id: String, due: Instant) { ledgers[id]?.digestDue = due }

    /// Takes what is due to a subscription, the earliest first.
    mutating func takeDue(_ id: String, at now: Instant) -> [(ItemKey, Held)] {
        guard let ledger = ledgers[id] else { return [] }
        if let wake = ledger.wake, wake <= now { ledgers[id]?.wake = nil }
        if let due = ledger.digestDue, due <= now { ledgers[id]?.digestDue = nil }
        var taken: [(ItemKey, Held)] = []
        for key in ledger.held {
            guard let held = trace(key, id)?.held, held.due <= now else { continue }
            taken.append((key, held))
        }
        for (key, _) in taken {
            release(key, id)
            change(key, id) {
                $0.wasSent = true
                $0.sentAt = now
            }
        }
        return taken.sorted { $0.1.number < $1.1.number }
    }

    /// The time at which a subscription has to be looked at, where that is not known already.
    mutating func wake(_ id: String) -> Instant? {
        guard let ledger = ledgers[id] else { return nil }
        let due = ledger.held.compactMap { trace($0, id)?.held?.due }.min()
        guard let due, ledger.wake.map({ due < $0 }) ?? true else { return nil }
        ledgers[id]?.wake = due
        return due
    }

    /// When a subscription is looked at next.
    func wakeTime(of id: String) -> Instant? { ledgers[id]?.wake }

    /// How many items wait to be sent to a subscription, and until when.
    func waiting(_ id: String) -> (count: Int, due: Instant?) {
        let held = ledgers[id]?.held ?? []
        return (held.count, held.compactMap { trace($0, id)?.held?.due }.min())
    }
}

extension PubSubEvent {
    /// What holding it back takes.
    fileprivate var payloadBytes: Int {
        if case .item(let item?) = kind { item.payload?.count ?? 0 } else { 0 }
    }
}
