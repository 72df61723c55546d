import Filter
package import XMPP

/// A subscription as it is kept.
///
/// Several of one address are told apart by their ids.
package struct SubscriptionRecord: Sendable, Hashable {
    package let id: String
    package let jid: JID
    package var state: SubscriptionState
    package var options: SubscriptionOptions
    /// The bare address of the owner who subscribed somebody else (XEP-0060 §8.8.2); nil where the
    /// subscriber did so itself.
    package let maker: JID?

    package init(
        id: String,
        jid: JID,
        state: SubscriptionState = .subscribed,
        options: SubscriptionOptions = SubscriptionOptions(),
        maker: JID? = nil
    ) {
        self.id = id
        self.jid = jid
        self.state = state
        self.options = options
        self.maker = maker
    }
}

extension SubscriptionRecord {
    /// Among the options, whose names never look so.
    private static let makerKey = "maker"

    /// The options that are not as they usually are, in the words of the form, and who made the
    /// subscription where that was another.
    package var storedOptions: [String: [String]] {
        let usual = SubscriptionOptions()
        // Most are: asking each field takes longer than all else of storing them.
        var stored =
            options == usual ? [:] : SubscriptionOptions.table.differences(of: options, from: usual)
        if let maker { stored[Self.makerKey] = [maker.description] }
        return stored
    }

    /// A subscription with options as they were stored; what is no longer known is passed over.
    package init(id: String, jid: JID, state: SubscriptionState, stored: [String: [String]]) {
        let maker = stored[Self.makerKey]?.first.flatMap { try? JID($0) }
        self.init(id: id, jid: jid, state: state, maker: maker)
        SubscriptionOptions.table.restore(stored, into: &options)
    }
}

/// How many subscriptions an entity has: the sums are kept, so that one more costs no look at all.
struct SubscriptionCount: Sendable {
    /// Those that it has made itself.
    private(set) var own = 0
    /// Those that owners have made for it, by their bare addresses.
    private(set) var made: [JID: Int] = [:]
    private var ownByNode: [String: Int] = [:]
    private var makersByNode: [String: [JID]] = [:]

    /// Takes over which subscriptions it has to a node by now.
    mutating func set(_ records: [SubscriptionRecord], on node: String) {
        let makers = records.compactMap(\.maker)
        let count = records.count - makers.count
        own += count - (ownByNode[node] ?? 0)
        ownByNode[node] = count == 0 ? nil : count
        for maker in makers { made[maker, default: 0] += 1 }
        for maker in makersByNode[node] ?? [] {
            let left = (made[maker] ?? 0) - 1
            made[maker] = left > 0 ? left : nil
        }
        makersByNode[node] = makers.isEmpty ? nil : makers
    }
}

/// The subscriptions to one node, found by id and by bare address.
struct Subscriptions: Sendable {
    private var records: [String: SubscriptionRecord] = [:]
    private var ids: [JID: [String]] = [:]
    /// The filters, arranged so that an item finds those that it meets: kept here, so that one more
    /// subscription costs one more entry and not all again.
    private(set) var filters = FilterIndex<String>()
    private var selectors: [String: Selector] = [:]
    /// Comparisons that filters take at every item, because nothing in them can be looked up.
    private(set) var scannedTerms = 0

    init(_ records: [SubscriptionRecord] = []) {
        for record in records { save(record) }
    }

    var count: Int { records.count }
    var isEmpty: Bool { records.isEmpty }

    subscript(id: String) -> SubscriptionRecord? { records[id] }

    /// How many an entity has, from all its addresses.
    func count(of entity: JID) -> Int { ids[entity.bare]?.count ?? 0 }

    /// All, in no particular order.
    var all: some Collection<SubscriptionRecord> { records.values }

    /// All, in an order that stays: by address, then by id.
    var sorted: [SubscriptionRecord] {
        records.values.map { (key: $0.jid.description, record: $0) }
            .sorted { ($0.key, $0.record.id) < ($1.key, $1.record.id) }.map(\.record)
    }

    /// The bare addresses that have any.
    var subscribers: some Collection<JID> { ids.keys }

    /// Those of an entity, whichever of its addresses subscribed, oldest first.
    func of(entity jid: JID) -> [SubscriptionRecord] {
        (ids[jid.bare] ?? []).compactMap { records[$0] }
    }

    /// Those of exactly this address, oldest first.
    func of(address jid: JID) -> [SubscriptionRecord] {
        of(entity: jid).filter { $0.jid == jid }
    }

    /// Adds one, or replaces the one of the same id.
    mutating func save(_ record: SubscriptionRecord) {
        if records[record.id]?.options != record.options { arrange(record) }
        if records.updateValue(record, forKey: record.id) == nil {
            ids[record.jid.bare, default: []].append(record.id)
        }
    }

    @discardableResult
    mutating func remove(_ id: String) -> SubscriptionRecord? {
        guard let record = records.removeValue(forKey: id) else { return nil }
        disarrange(id)
        let bare = record.jid.bare
        ids[bare]?.removeAll { $0 == id }
        if ids[bare]?.isEmpty == true { ids[bare] = nil }
        return record
    }

    // MARK: Filters

    /// A subscription's options as they are applied; nil where that is not needed or where they
    /// can't be read.
    func selector(_ id: String) -> Selector? { selectors[id] }

    /// Comparisons that the filters of an entity take at every item.
    func scannedTerms(of entity: JID) -> Int {
        (ids[entity.bare] ?? []).reduce(0) { $0 + (selectors[$1]?.filter?.scannedTermCount ?? 0) }
    }

    private mutating func arrange(_ record: SubscriptionRecord) {
        disarrange(record.id)
        guard !record.options.isPlain, let selector = try? Selector(record.options) else { return }
        selectors[record.id] = selector
        guard let filter = selector.filter else { return }
        filters.insert(filter, for: record.id)
        scannedTerms += filter.scannedTermCount
    }

    private mutating func disarrange(_ id: String) {
        guard let selector = selectors.removeValue(forKey: id), let filter = selector.filter
        else { return }
        filters.remove(id)
        scannedTerms -= filter.scannedTermCount
    }
}
