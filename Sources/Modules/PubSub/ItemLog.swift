import XMPP

/// A node's items in the order of publishing, found by id (XEP-0060 §12.1).
///
/// Most nodes have one item, and need no index for it.
struct ItemLog: Sendable, Equatable {
    /// An item in memory; its payload may be on the disk alone.
    struct Item: Sendable, Equatable {
        let id: String
        let publisher: JID
        let published: Instant
        /// When the id was first published (XEP-0413 §3).
        var created: Instant
        var payload: Payload
        /// Bytes of the payload, wherever it is.
        let bytes: Int
        /// Where it stands among all, by when its id was first published.
        var birth: UInt64 = 0

        init(
            id: String,
            publisher: JID,
            published: Instant,
            created: Instant? = nil,
            payload: Payload,
            bytes: Int? = nil
        ) {
            self.id = id
            self.publisher = publisher
            self.published = published
            self.created = created ?? published
            self.payload = payload
            self.bytes = bytes ?? payload.bytesInMemory
        }
    }

    /// The only item, where there are not several.
    private var single: Item?
    /// All items from when there were several on, in one entry: nodes with a single item have no
    /// room for it.
    private var indexes: [ItemIndex] = []

    private var index: ItemIndex? { indexes.first }
    private var hasIndex: Bool { !indexes.isEmpty }

    var count: Int { index?.count ?? (single == nil ? 0 : 1) }
    var isEmpty: Bool { count == 0 }
    /// Bytes of the payloads that are in memory.
    var bytesInMemory: Int { index?.bytesInMemory ?? single?.payload.bytesInMemory ?? 0 }
    /// Bytes of all payloads, those too that are on the disk alone.
    var bytes: Int { index?.bytes ?? single?.bytes ?? 0 }
    /// Whether no item was published before the one in front of it: the clock was never set back.
    var isChronological: Bool { index?.isChronological ?? true }
    /// Whether the order of publishing is that of creation: nothing was overwritten.
    var isByCreation: Bool { index?.isByCreation ?? true }

    subscript(id: String) -> Item? {
        if let index { return index[id] }
        return single?.id == id ? single : nil
    }

    /// The most recently published item.
    var newest: Item? { hasIndex ? index?.newest : single }

    /// The least recently published item.
    var oldest: Item? { hasIndex ? index?.oldest : single }

    /// The latest items, at most `count` of them, in the order of publishing.
    func latest(_ count: Int) -> [Item] {
        if let index { return index.latest(count) }
        return count > 0 ? single.map { [$0] } ?? [] : []
    }

    /// Adds an item as the newest; one of the same id is replaced (XEP-0060 §12.1).
    mutating func add(_ item: Item) {
        if hasIndex {
            indexes[0].add(item)
        } else if let old = single, old.id != item.id {
            var both = ItemIndex()
            both.add(old)
            both.add(item)
            indexes = [both]
            single = nil
        } else {
            replaceSingle(with: item)
        }
    }

    /// Adds an item and removes the oldest as ``trim(to:bytes:)`` does.
    mutating func add(_ item: Item, trimmingTo count: Int, bytes limit: Int) -> [String] {
        guard count == 1, !hasIndex, let old = single, old.id != item.id else {
            add(item)
            return trim(to: count, bytes: limit)
        }
        single = item
        return [old.id]
    }

    private mutating func replaceSingle(with item: Item) {
        var item = item
        // XEP-0413 §3: who overwrites an item does not create it again.
        if let old = single { item.created = old.created }
        single = item
    }

    /// Brings a payload into memory; the item keeps its place.
    mutating func fill(_ id: String, _ payload: [UInt8]) {
        if hasIndex {
            indexes[0].fill(id, payload)
        } else if single?.id == id, single?.payload == .stored {
            single?.payload = .bytes(payload)
        }
    }

    /// Removes the item, and returns it.
    @discardableResult
    mutating func remove(_ id: String) -> Item? {
        if hasIndex { return indexes[0].remove(id) }
        guard let item = single, item.id == id else { return nil }
        single = nil
        return item
    }

    /// Removes the oldest until no more than `count` are left and their payloads have no more than
    /// `limit` bytes; returns their ids.
    ///
    /// The newest stays, however large it is, unless none may.
    mutating func trim(to count: Int, bytes limit: Int = .max) -> [String] {
        if hasIndex { return indexes[0].trim(to: count, bytes: limit) }
        guard count <= 0, let item = single else { return [] }
        single = nil
        return [item.id]
    }

    /// Removes the oldest while they are to go, at most `count`; returns their ids.
    mutating func removeOldest(upTo count: Int, while isToGo: (Item) -> Bool) -> [String] {
        if hasIndex { return indexes[0].removeOldest(upTo: count, while: isToGo) }
        guard count > 0, let item = single, isToGo(item) else { return [] }
        single = nil
        return [item.id]
    }

    mutating func removeAll() {
        self = ItemLog()
    }

    /// Leaves payloads to the store, the oldest first, until no more than `budget` bytes are in
    /// memory; the newest stays.
    mutating func cool(keeping budget: Int) {
        if hasIndex { indexes[0].cool(keeping: budget) }
    }
}

// MARK: - Positions

// Counted from zero, the least recently published first.
extension ItemLog {
    /// The item at a position.
    func item(at position: Int) -> Item? {
        if let index { return index.item(at: position) }
        return position == 0 ? single : nil
    }

    /// The position of the item of that id.
    func position(of id: String) -> Int? {
        if let index { return index.position(of: id) }
        return single?.id == id ? 0 : nil
    }

    /// How many items were published before `moment`: the position of the first that was not.
    ///
    /// Only where ``isChronological`` holds.
    func count(publishedBefore moment: Instant) -> Int {
        if let index { return index.count(publishedBefore: moment) }
        return single.map { $0.published < moment ? 1 : 0 } ?? 0
    }

    /// All positions, in the order in which the items' ids were first published.
    func positionsByCreation() -> [Int] {
        if let index { return index.positionsByCreation() }
        return single == nil ? [] : [0]
    }

    /// These positions, in that order.
    func positionsByCreation(of positions: [Int]) -> [Int] {
        var entries: [(created: Instant, birth: UInt64, position: Int)] = []
        entries.reserveCapacity(positions.count)
        for position in positions {
            guard let item = item(at: position) else { continue }
            entries.append((item.created, item.birth, position))
        }
        entries.sort { ($0.created, $0.birth) < ($1.created, $1.birth) }
        return entries.map(\.position)
    }

    /// The positions of the items that `isWanted` finds, by a walk through all.
    func positions(where isWanted: (Item) -> Bool) -> [Int] {
        if let index { return index.positions(where: isWanted) }
        return single.map(isWanted) == true ? [0] : []
    }
}

extension Payload {
    /// What it takes in memory.
    var bytesInMemory: Int {
        if case .bytes(let bytes) = self { bytes.count } else { 0 }
    }
}
