import XMPP

/// What is to be done when, soonest first.
///
/// Nothing is taken out before its time: whoever is woken looks whether there is still something to
/// do.
struct Schedule: Sendable {
    /// What the service has to look at.
    enum Duty: Sendable, Hashable {
        /// Items of the node are old enough to go.
        case expireItems(node: String)
        /// A subscription's lease is over.
        case endSubscription(node: String, id: String)
        /// A subscription's lease is almost over.
        case announceEnd(node: String, id: String)
        /// Items or a digest that were held back are due to a subscription.
        case deliver(subscription: String)
        /// What the hosts' logs held before is to be sorted in.
        case gatherEvents
        /// A subscription that covers much is due its next items.
        case continueBurst(subscription: String)
        /// A period of the node's history is over.
        case recordHistory(node: String)
    }

    private struct Entry: Sendable, Hashable {
        let due: Instant
        let duty: Duty
    }

    /// A binary heap, the soonest at the front.
    private var entries: [Entry] = []
    /// The earliest time for which the host was asked to wake the service.
    private var announced: Instant?

    var next: Instant? { entries.first?.due }
    var count: Int { entries.count }

    mutating func add(_ duty: Duty, at due: Instant) {
        entries.append(Entry(due: due, duty: duty))
        var index = entries.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard entries[index].due < entries[parent].due else { break }
            entries.swapAt(index, parent)
            index = parent
        }
    }

    /// Takes what is due.
    mutating func take(at now: Instant) -> [Duty] {
        announced = nil
        var duties: [Duty] = []
        while let first = entries.first, first.due <= now {
            duties.append(first.duty)
            removeFirst()
        }
        return duties
    }

    /// Entries from which on it is worth looking which mean nothing any more: twice those that were
    /// left the last time, so that an entry costs no more than a look or two.
    private var isCrowdedFrom = 1_024
    var isCrowded: Bool { entries.count >= isCrowdedFrom }

    /// Takes out what means nothing any more.
    mutating func remove(where isStale: (Duty) -> Bool) {
        remove { duty, _ in isStale(duty) }
    }

    /// The same by when it is due as well.
    mutating func remove(where isStale: (Duty, Instant) -> Bool) {
        // What is there twice is done once.
        var seen: Set<Entry> = []
        let kept = entries.filter { !isStale($0.duty, $0.due) && seen.insert($0).inserted }
        isCrowdedFrom = max(2 * kept.count, 1_024)
        entries = []
        for entry in kept { add(entry.duty, at: entry.due) }
    }

    /// When the host is to wake the service, where it was not told of so early a time already.
    mutating func announcement() -> Instant? {
        guard let next else { return nil }
        if let announced, announced <= next { return nil }
        announced = next
        return next
    }

    private mutating func removeFirst() {
        guard let last = entries.popLast(), !entries.isEmpty else { return }
        entries[0] = last
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < entries.count && entries[child].due < entries[smallest].due {
                smallest = child
            }
            guard smallest != index else { return }
            entries.swapAt(index, smallest)
            index = smallest
        }
    }
}
