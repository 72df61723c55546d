import XMPP

/// The items of a node that an entity may have, in the order of publishing.
///
/// They are all items, or those at some positions; nothing is copied.
struct ItemView: Sendable {
    private let log: ItemLog
    /// Positions in the log, each greater than the one before; nil for all.
    private let chosen: [Int]?

    /// All items.
    init(_ log: ItemLog) {
        self.log = log
        chosen = nil
    }

    /// The items of these ids, as far as there are such.
    init(_ log: ItemLog, ids: [String]) {
        self.log = log
        chosen = Set(ids.compactMap { log.position(of: $0) }).sorted()
    }

    /// Those that `isWanted` finds, by a walk through all.
    init(_ log: ItemLog, where isWanted: (ItemLog.Item) -> Bool) {
        self.log = log
        chosen = log.positions(where: isWanted)
    }

    /// Whether it is all of them, so that none had to be looked at.
    var isWhole: Bool { chosen == nil }

    var count: Int { chosen?.count ?? log.count }
    var isChronological: Bool { log.isChronological }
    var isByCreation: Bool { log.isByCreation }
    var oldest: ItemLog.Item? { item(at: 0) }
    var newest: ItemLog.Item? { item(at: count - 1) }

    /// The item at a position among these.
    func item(at position: Int) -> ItemLog.Item? {
        guard let chosen else { return log.item(at: position) }
        guard chosen.indices.contains(position) else { return nil }
        return log.item(at: chosen[position])
    }

    /// The position among these of the item of that id; nil where it is none of them.
    func position(of id: String) -> Int? {
        guard let position = log.position(of: id), let chosen else {
            return log.position(of: id)
        }
        let place = Self.first(in: chosen.count) { chosen[$0] >= position }
        return place < chosen.count && chosen[place] == position ? place : nil
    }

    /// The latest items, at most `count` of them, in the order of publishing.
    func latest(_ count: Int) -> [ItemLog.Item] {
        guard chosen != nil else { return log.latest(count) }
        return (max(self.count - count, 0)..<self.count).compactMap { item(at: $0) }
    }

    /// How many were published before `moment`, where ``isChronological`` holds.
    func count(publishedBefore moment: Instant) -> Int {
        guard chosen != nil else { return log.count(publishedBefore: moment) }
        return Self.first(in: count) { item(at: $0).map { $0.published >= moment } ?? true }
    }

    /// All positions, in the order in which the items' ids were first published.
    func positionsByCreation() -> [Int] {
        guard let chosen else { return log.positionsByCreation() }
        let order = log.positionsByCreation(of: chosen)
        var places: [Int: Int] = [:]
        for (place, position) in chosen.enumerated() { places[position] = place }
        return order.compactMap { places[$0] }
    }

    /// The first number below `count` that is so, where all behind it are; else `count`.
    private static func first(in count: Int, where isSo: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if isSo(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
