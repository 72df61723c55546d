package import XMPP

/// What a subscriber wants of a subscription (XEP-0060 §16.4.2, and docs/protocol.md for the fields
/// of Lapwing's own).
package struct SubscriptionOptions: Sendable, Hashable {
    /// False while nothing is to be sent.
    package var delivers = true
    /// Gathers notifications and sends them together.
    package var isDigest = false
    /// How often a digest is sent, in milliseconds.
    package var digestMilliseconds = 86_400_000
    package var expiry = Expiry.never
    /// Whether notifications carry a body for people as well.
    package var includesBody = false
    /// Presence in which the subscriber wants notifications; empty for any, none too.
    package var shows: Set<Show> = []
    package var type = Kind.items
    package var depth = Depth.one

    /// An expression that an item must meet; empty for all.
    package var filter = ""
    /// The least time between two notifications of the same item, in milliseconds.
    package var minimumIntervalMilliseconds = 0
    /// Moves that are too small to be told, as `cpu.user 2; memory.used 1%`.
    package var deadband = ""
    /// Names of the values that are wanted, separated by spaces; empty for all.
    package var projection = ""
    package var change = Change.none
    /// Times at which only what is critical passes, as `22:00-07:00+01:00`.
    package var quiet = ""

    /// When a subscription ends by itself.
    package enum Expiry: Sendable, Hashable {
        case never
        case at(Instant)
        /// When the subscriber goes offline (XEP-0060 §12.5).
        case presence
    }

    /// What is told of (XEP-0248 §6.1).
    package enum Kind: String, Sendable, CaseIterable {
        case items, nodes, all
    }

    /// How far below a collection (XEP-0248 §6.1).
    package enum Depth: Sendable, Hashable {
        case levels(Int)
        case all

        package static let one = levels(1)
    }

    /// At which changes of whether it matches an item is told.
    package enum Change: String, Sendable, CaseIterable {
        case none = ""
        case enter, leave, both
    }

    package init() {}

    /// Whether every event is told at once and as it is, so that no item has to be looked at.
    ///
    /// Presence is looked at when deliveries are planned.
    var isPlain: Bool {
        var plain = Self()
        plain.delivers = delivers
        plain.shows = shows
        plain.expiry = expiry
        plain.type = type
        plain.depth = depth
        plain.digestMilliseconds = digestMilliseconds
        return self == plain
    }

    /// Whether it says how items are to be delivered, so that delivery by presence has to step back
    /// (docs/protocol.md, rules).
    var governsDelivery: Bool { !isPlain || !delivers || !shows.isEmpty }

    /// Whether both ask for the same, whenever they end by themselves.
    func matches(_ other: Self) -> Bool {
        guard case .at = expiry, case .at = other.expiry else { return self == other }
        var other = other
        other.expiry = expiry
        return self == other
    }
}

// MARK: - What is asked for

extension SubscriptionOptions {
    /// Takes a subscriber's answers, all or none; what the form does not name stays.
    ///
    /// - Throws: `bad-request` for an unknown field, a value that makes no sense or options that do
    ///   not go together (XEP-0060 §6.3.6); whether texts can be read is another question.
    mutating func apply(_ form: DataForm, at now: Instant) throws(StanzaError) {
        guard form.formType == nil || form.formType == Self.formType else {
            throw StanzaError(.badRequest, text: "the form is of another type")
        }
        var changed = self
        try Self.table.apply(form, to: &changed) { _, text in Self.invalid(text) }
        if changed.expiry != expiry { try changed.limitLease(at: now) }
        if changed.change != .none, changed.filter.isEmpty {
            throw Self.invalid("on-change needs a filter to tell what matches")
        }
        self = changed
    }

    /// XEP-0060 §12.19: a lease that is too long is shortened.
    private mutating func limitLease(at now: Instant) throws(StanzaError) {
        guard case .at(let end) = expiry else { return }
        guard end > now else { throw Self.invalid("the lease would be over already") }
        expiry = .at(min(end, now + PubSubLimits.leaseMaximum))
    }

    private static func invalid(_ text: String) -> StanzaError {
        .pubsub(.badRequest, "invalid-options", text: text)
    }
}

/// What a subscription has come to (XEP-0060 §4.2); `none` is that there is none.
package enum SubscriptionState: String, Sendable, CaseIterable {
    /// Waits for an owner's approval.
    case pending
    /// Waits for its options.
    case unconfigured
    case subscribed
}
