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

    package init(
        id: String,
        jid: JID,
        state: SubscriptionState = .subscribed,
        options: SubscriptionOptions = SubscriptionOptions()
    ) {
        self.id = id
        self.jid = jid
        self.state = state
        self.options = options
    }
}

extension SubscriptionRecord {
    /// The options that are not as they usually are, in the words of the form.
    package var storedOptions: [String: [String]] {
        SubscriptionOptions.table.differences(of: options, from: SubscriptionOptions())
    }

    /// A subscription with options as they were stored; what is no longer known is passed over.
    package init(id: String, jid: JID, state: SubscriptionState, stored: [String: [String]]) {
        self.init(id: id, jid: jid, state: state)
        SubscriptionOptions.table.restore(stored, into: &options)
    }
}

/// How many subscriptions an entity has: the sum is kept, so that one more costs no look at all.
struct SubscriptionCount: Sendable {
    private(set) var all = 0
    private var byNode: [String: Int] = [:]

    mutating func set(_ count: Int, on node: String) {
        all += count - (byNode[node] ?? 0)
        byNode[node] = count == 0 ? nil : count
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
