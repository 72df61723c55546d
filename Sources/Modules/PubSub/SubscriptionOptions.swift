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
    /// Presence in which the subscriber wants notifications; nil in any.
    package var shows: [String] = []
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
        /// When the subscriber goes offline (XEP-0060 §12.18).
        case presence
    }

    /// What is told of (XEP-0248 §6.3).
    package enum Kind: String, Sendable, CaseIterable {
        case items, nodes, all
    }

    /// How far below a collection (XEP-0248 §6.3).
    package enum Depth: String, Sendable, CaseIterable {
        case one = "1"
        case all
    }

    /// At which changes of whether it matches an item is told.
    package enum Change: String, Sendable, CaseIterable {
        case none = ""
        case enter, leave, both
    }

    package init() {}

    /// Whether every event is told at once and as it is, so that no item has to be looked at.
    var isPlain: Bool {
        var plain = Self()
        plain.delivers = delivers
        plain.expiry = expiry
        plain.type = type
        plain.depth = depth
        plain.digestMilliseconds = digestMilliseconds
        return self == plain
    }

    /// Whether it says how items are to be delivered, so that delivery by presence has to step back
    /// (docs/protocol.md, rules).
    var governsDelivery: Bool { !isPlain || !delivers }
}

/// What a subscription has come to (XEP-0060 §4.2); `none` is that there is none.
package enum SubscriptionState: String, Sendable, CaseIterable {
    /// Waits for an owner's approval.
    case pending
    /// Waits for its options.
    case unconfigured
    case subscribed
}
