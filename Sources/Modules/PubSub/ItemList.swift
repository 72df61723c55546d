import XMPP

/// Items of a node in the order in which they are asked for, as a list of positions: nothing is
/// copied, and a page of a million items costs no more than one of ten.
struct ItemList: Sendable {
    private let view: ItemView
    private let positions: Positions
    /// Whether it begins with what would otherwise come last.
    private let isDescending: Bool

    private enum Positions: Sendable {
        /// Without a gap, in the order of publishing.
        case range(Range<Int>)
        /// Some, in whatever order.
        case some([Int])
    }

    private init(_ view: ItemView, _ positions: Positions, isDescending: Bool) {
        self.view = view
        self.positions = positions
        self.isDescending = isDescending
    }

    /// All items, in the order of publishing.
    init(_ view: ItemView) {
        self.init(view, .range(0..<view.count), isDescending: false)
    }

    var count: Int {
        switch positions {
        case .range(let range): range.count
        case .some(let some): some.count
        }
    }

    subscript(index: Int) -> ItemLog.Item? {
        guard index >= 0, index < count else { return nil }
        let index = isDescending ? count - 1 - index : index
        return switch positions {
        case .range(let range): view.item(at: range.lowerBound + index)
        case .some(let some): view.item(at: some[index])
        }
    }

    /// Where the item of that id stands: an empty range where it is not listed but is between those
    /// that are; nil where there is no such item.
    func position(of id: String) -> Range<Int>? {
        guard let position = view.position(of: id) else { return nil }
        let found: Range<Int>
        switch positions {
        case .range(let range):
            let index = min(max(position, range.lowerBound), range.upperBound) - range.lowerBound
            found = index..<(range.contains(position) ? index + 1 : index)
        case .some(let some):
            guard let index = some.firstIndex(of: position) else { return nil }
            found = index..<(index + 1)
        }
        return isDescending ? (count - found.upperBound)..<(count - found.lowerBound) : found
    }
}

// MARK: - Choosing

extension ItemList {
    /// The items by the first of the orders, which decides: no two have the same place in it
    /// (XEP-0413 §4).
    func ordered(by orders: [ItemOrder]) throws(StanzaError) -> ItemList {
        guard let order = orders.first else { return self }
        guard order.key == .creation, !view.isByCreation else {
            return ItemList(view, positions, isDescending: order.isDescending)
        }
        try checkWalk()
        var some = view.positionsByCreation()
        switch positions {
        case .range(let range) where range.count == view.count: break
        case .range(let range): some.removeAll { !range.contains($0) }
        case .some(let chosen):
            let chosen = Set(chosen)
            some.removeAll { !chosen.contains($0) }
        }
        return ItemList(view, .some(some), isDescending: order.isDescending)
    }

    /// The last items of the order, or the first where it is descending: the most recent ones
    /// (XEP-0060 §6.5.7).
    func mostRecent(_ count: Int) -> ItemList {
        let positions: Positions =
            switch positions {
            case .range(let range):
                .range(max(range.upperBound - count, range.lowerBound)..<range.upperBound)
            case .some(let some): .some(some.suffix(count))
            }
        return ItemList(view, positions, isDescending: isDescending)
    }

    /// Those that were published at these moments or between.
    func published(from start: Instant?, to end: Instant?) throws(StanzaError) -> ItemList {
        guard start != nil || end != nil else { return self }
        guard view.isChronological, case .range(let range) = positions else {
            return try filtered { item in
                item.published >= start ?? item.published && item.published <= end ?? item.published
            }
        }
        let lower = start.map { view.count(publishedBefore: $0) } ?? 0
        let upper = end.map { view.count(publishedBefore: $0 + .milliseconds(1)) } ?? view.count
        return within(range.clamped(to: lower..<max(upper, lower)))
    }

    /// Those that come behind the one item and before the other (XEP-0313 §4.1.4).
    func between(after: String?, before: String?) throws(StanzaError) -> ItemList {
        guard after != nil || before != nil else { return self }
        let lower = try after.map { (id) throws(StanzaError) in try place(of: id) + 1 } ?? 0
        let upper = try before.map { (id) throws(StanzaError) in try place(of: id) } ?? view.count
        let between = lower..<max(upper, lower)
        switch positions {
        case .range(let range): return within(range.clamped(to: between))
        case .some(let some):
            let some = some.filter { between.contains($0) }
            return ItemList(view, .some(some), isDescending: isDescending)
        }
    }

    /// Those of these ids, each of which there has to be (XEP-0313 §4.1.4).
    func identified(by ids: [String]) throws(StanzaError) -> ItemList {
        var chosen: Set<Int> = []
        for id in ids { chosen.insert(try place(of: id)) }
        let some: [Int] =
            switch positions {
            case .range(let range): chosen.filter { range.contains($0) }.sorted()
            case .some(let some): some.filter { chosen.contains($0) }
            }
        return ItemList(view, .some(some), isDescending: isDescending)
    }

    /// Those that `isWanted` finds, by a walk through all.
    func filtered(_ isWanted: (ItemLog.Item) -> Bool) throws(StanzaError) -> ItemList {
        try checkWalk()
        var some: [Int] = []
        switch positions {
        case .range(let range):
            some = range.filter { view.item(at: $0).map(isWanted) ?? false }
        case .some(let chosen):
            some = chosen.filter { view.item(at: $0).map(isWanted) ?? false }
        }
        return ItemList(view, .some(some), isDescending: isDescending)
    }

    private func within(_ range: Range<Int>) -> ItemList {
        ItemList(view, .range(range), isDescending: isDescending)
    }

    private func place(of id: String) throws(StanzaError) -> Int {
        guard let position = view.position(of: id) else {
            throw StanzaError(.itemNotFound, text: "there is no item \(id.prefix(64))")
        }
        return position
    }

    private func checkWalk() throws(StanzaError) {
        guard count <= PubSubLimits.walkedItemsMaximum else {
            throw StanzaError(
                .resourceConstraint,
                .wait,
                text: "of more than \(PubSubLimits.walkedItemsMaximum) items, ask by time"
            )
        }
    }
}

// MARK: - Pages

extension ItemList {
    /// A part of the list that answers a request.
    struct Page: Sendable {
        var items: [ItemLog.Item]
        let answer: ResultSetAnswer
        /// Whether nothing further follows in the direction that was asked for.
        let isComplete: Bool
        /// Whether it is not all that was asked for.
        var isPart: Bool { items.count < answer.count ?? 0 }
    }

    /// The page that is asked for, as far as it is no larger than one answer may be; it holds one
    /// item at least.
    func page(_ request: ResultSetRequest) throws(StanzaError) -> Page {
        let page = try request.page(
            count: count,
            limit: PubSubLimits.idsPerRequestMaximum,
            position: position
        )
        let isBackward =
            switch request.place {
            case .last, .before: true
            case .first, .after, .index: false
            }
        var items: [ItemLog.Item] = []
        var left = PubSubLimits.answerBytesMaximum
        for offset in 0..<page.range.count {
            let index =
                isBackward ? page.range.upperBound - 1 - offset : page.range.lowerBound + offset
            guard let item = self[index] else { continue }
            left -= item.bytes + item.id.utf8.count + PubSubLimits.itemMarkupBytes
            guard left >= 0 || items.isEmpty else { break }
            items.append(item)
        }
        if isBackward { items.reverse() }
        let isCut = items.count < page.range.count
        return Page(
            items: items,
            answer: ResultSetAnswer(
                first: items.first?.id,
                last: items.last?.id,
                index: isBackward ? page.range.upperBound - items.count : page.range.lowerBound,
                count: count
            ),
            isComplete: page.isComplete && !isCut
        )
    }
}
