import XMPP

/// Many items in the order of publishing, found by id.
///
/// Adding, replacing and removing cost the same with a million items as with ten: each item has a
/// number that only grows, and the order is a list of numbers from which the gone ones are passed
/// over when they come to the front.
struct ItemIndex: Sendable, Equatable {
    typealias Item = ItemLog.Item

    private var items: [UInt64: Item] = [:]
    private var numbers: [String: UInt64] = [:]
    private var order: [UInt64] = []
    /// Which entries of `order` are still there.
    private var ranks = RankTree()
    /// Whether no item was published before the one in front of it: the clock was never set back.
    private(set) var isChronological = true
    /// Whether the order of publishing is that of creation: nothing was overwritten.
    private(set) var isByCreation = true
    /// Bytes of all payloads, those too that are on the disk alone.
    private(set) var bytes = 0
    /// Entries of `order` before it are gone.
    private var front = 0
    private var next: UInt64 = 0
    /// Entries of `order` before it hold no payload in memory.
    private var warmFront = 0
    private var warmBytes = 0

    var count: Int { items.count }
    var isEmpty: Bool { items.isEmpty }
    /// Bytes of the payloads that are in memory.
    var bytesInMemory: Int { warmBytes }

    subscript(id: String) -> Item? { numbers[id].flatMap { items[$0] } }

    /// The most recently published item.
    var newest: Item? {
        for number in order[front...].reversed() {
            if let item = items[number] { return item }
        }
        return nil
    }

    /// The least recently published item.
    var oldest: Item? {
        front < order.count ? items[order[front]] : nil
    }

    /// The latest items, at most `count` of them, in the order of publishing.
    func latest(_ count: Int) -> [Item] {
        var latest: [Item] = []
        for number in order[front...].reversed() {
            guard latest.count < count else { break }
            if let item = items[number] { latest.append(item) }
        }
        return latest.reversed()
    }

    /// Adds an item as the newest; one of the same id is replaced (XEP-0060 §12.1).
    mutating func add(_ item: Item) {
        var item = item
        item.birth = next
        if let newest, item.published < newest.published { isChronological = false }
        if let number = numbers.updateValue(next, forKey: item.id), let old = drop(number) {
            // XEP-0413 §3: who overwrites an item does not create it again.
            item.created = old.created
            item.birth = old.birth
        }
        if item.birth != next || item.created != item.published { isByCreation = false }
        items[next] = item
        warmBytes += item.payload.bytesInMemory
        bytes += item.bytes
        order.append(next)
        ranks.append()
        next &+= 1
        cut()
    }

    /// Brings a payload into memory; the item keeps its place.
    mutating func fill(_ id: String, _ payload: [UInt8]) {
        guard let number = numbers[id], items[number]?.payload == .stored else { return }
        items[number]?.payload = .bytes(payload)
        warmBytes += payload.count
    }

    /// Removes the item, and returns it.
    @discardableResult
    mutating func remove(_ id: String) -> Item? {
        guard let number = numbers.removeValue(forKey: id) else { return nil }
        defer { cut() }
        return drop(number)
    }

    /// Removes the oldest until no more than `count` are left and their payloads have no more than
    /// `limit` bytes; returns their ids.
    ///
    /// The newest stays, however large it is.
    mutating func trim(to count: Int, bytes limit: Int = .max) -> [String] {
        var removed: [String] = []
        while items.count > max(count, 0) || (bytes > limit && items.count > 1),
            front < order.count
        {
            if let item = drop(order[front]) {
                numbers[item.id] = nil
                removed.append(item.id)
            }
            front += 1
        }
        cut()
        return removed
    }

    /// Removes the oldest while they are to go, at most `count`; returns their ids.
    mutating func removeOldest(upTo count: Int, while isToGo: (Item) -> Bool) -> [String] {
        var removed: [String] = []
        while removed.count < count, let oldest, isToGo(oldest) {
            remove(oldest.id)
            removed.append(oldest.id)
        }
        return removed
    }

    mutating func removeAll() {
        self = ItemIndex()
    }

    /// Leaves payloads to the store, the oldest first, until no more than `budget` bytes are in
    /// memory; the newest stays.
    mutating func cool(keeping budget: Int) {
        warmFront = max(warmFront, front)
        while warmBytes > budget, warmFront < order.count - 1 {
            let number = order[warmFront]
            warmFront += 1
            guard let bytes = items[number]?.payload.bytesInMemory, bytes > 0 else { continue }
            warmBytes -= bytes
            items[number]?.payload = .stored
        }
    }

    @discardableResult
    private mutating func drop(_ number: UInt64) -> Item? {
        guard let item = items.removeValue(forKey: number) else { return nil }
        warmBytes -= item.payload.bytesInMemory
        bytes -= item.bytes
        ranks.remove(place(of: number))
        return item
    }

    /// Drops what is gone from both ends of the order, and from its middle once that is most of it.
    private mutating func cut() {
        while let last = order.last, order.count > front, items[last] == nil {
            order.removeLast()
            ranks.removeLast()
        }
        while front < order.count, items[order[front]] == nil { front += 1 }
        if front > 64, front > order.count / 2 {
            order.removeFirst(front)
            warmFront = max(warmFront - front, 0)
            front = 0
            recount()
        }
        if order.count - front > 64, items.count < (order.count - front) / 4 {
            order = order[front...].filter { items[$0] != nil }
            front = 0
            warmFront = 0
            recount()
        }
        if items.isEmpty {
            isChronological = true
            isByCreation = true
        }
    }

    private mutating func recount() {
        ranks = RankTree(order.map { items[$0] != nil })
    }
}

// MARK: - Positions

// Counted from zero, the least recently published first.
extension ItemIndex {
    /// The item at a position.
    func item(at position: Int) -> Item? {
        guard position >= 0, position < count, let place = ranks.place(of: position) else {
            return nil
        }
        return items[order[place]]
    }

    /// The position of the item of that id.
    func position(of id: String) -> Int? {
        numbers[id].map { ranks.count(before: place(of: $0)) }
    }

    /// How many items were published before `moment`: the position of the first that was not.
    ///
    /// Only where ``isChronological`` holds.
    func count(publishedBefore moment: Instant) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if let item = item(at: middle), item.published < moment {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The positions of the items that `isWanted` finds, by a walk through all.
    func positions(where isWanted: (Item) -> Bool) -> [Int] {
        var found: [Int] = []
        var position = 0
        for number in order[front...] {
            guard let item = items[number] else { continue }
            if isWanted(item) { found.append(position) }
            position += 1
        }
        return found
    }

    /// All positions, in the order in which the items' ids were first published.
    func positionsByCreation() -> [Int] {
        var entries: [(created: Instant, birth: UInt64, position: Int)] = []
        entries.reserveCapacity(count)
        for number in order[front...] {
            guard let item = items[number] else { continue }
            entries.append((item.created, item.birth, entries.count))
        }
        entries.sort { ($0.created, $0.birth) < ($1.created, $1.birth) }
        return entries.map(\.position)
    }

    /// Where a number stands in `order`, in which numbers only grow.
    private func place(of number: UInt64) -> Int {
        var (low, high) = (0, order.count)
        while low < high {
            let middle = low + (high - low) / 2
            if order[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
