import Filter
import XMPP

/// A subscription's options as they are applied: each text is read once.
struct Selector: Sendable {
    let filter: Expression?
    let deadband: Deadband?
    let projection: Projection?
    let quiet: QuietHours?
    let change: SubscriptionOptions.Change
    /// In milliseconds; 0 for none.
    let minimumInterval: Int64
    /// How often gathered items are sent, in milliseconds; nil where they are not gathered.
    let digestInterval: Int64?
    let includesBody: Bool

    /// Reads the options.
    ///
    /// - Throws: which of them can't be read, where, and why.
    init(_ options: SubscriptionOptions) throws(StanzaError) {
        filter = try Self.read("filter", options.filter) { text throws(FilterError) in
            try Expression(text)
        }
        deadband = try Self.read("deadband", options.deadband) { text throws(FilterError) in
            try Deadband(text)
        }
        projection = try Self.read("project", options.projection) { text throws(FilterError) in
            try Projection(text)
        }
        quiet = try Self.read("quiet", options.quiet) { text throws(FilterError) in
            try QuietHours(text)
        }
        change = options.change
        minimumInterval = Int64(options.minimumIntervalMilliseconds)
        digestInterval = options.isDigest ? Int64(options.digestMilliseconds) : nil
        includesBody = options.includesBody
    }

    private static func read<Option>(
        _ name: String,
        _ text: String,
        _ parse: (String) throws(FilterError) -> Option
    ) throws(StanzaError) -> Option? {
        guard !text.isEmpty else { return nil }
        do throws(FilterError) {
            return try parse(text)
        } catch {
            // docs/protocol.md: the text says where, for whoever wrote the option.
            throw .pubsub(
                .notAcceptable,
                "invalid-options",
                text: "\(name), column \(error.column): \(error.message)"
            )
        }
    }

    /// Whether an item that begins or ceases to match is told.
    func tells(_ matchedBefore: Bool, _ matches: Bool) -> Bool {
        switch change {
        case .none: matches
        case .enter: matches && !matchedBefore
        case .leave: matchedBefore && !matches
        case .both: matchedBefore != matches
        }
    }

    /// Whether it depends on what was sent before what is sent next.
    var needsTrace: Bool {
        change != .none || deadband != nil || minimumInterval > 0 || digestInterval != nil
    }

    /// Whether the end of an item that matched is told, sent or not.
    var tellsLeaving: Bool { change == .leave || change == .both }
}

extension PubSubService {
    /// Refuses options that can't be read, and a filter that would be asked at every item where
    /// there are enough such already, of the entity or on the node.
    ///
    /// `replaced` is the subscription that the options are for, where there is one.
    func checkSelection(
        _ options: SubscriptionOptions,
        of jid: JID,
        on holder: Node,
        replacing replaced: String? = nil
    ) throws(StanzaError) {
        guard !options.isPlain else { return }
        let terms = try Selector(options).filter?.scannedTermCount ?? 0
        guard terms > 0 else { return }
        let known = replaced.flatMap { holder.subscriptions.selector($0) }
        let freed = known?.filter?.scannedTermCount ?? 0
        let own = (subscribed[jid.bare] ?? []).reduce(0) { count, name in
            count + ((nodes[name] ?? patterns[name])?.subscriptions.scannedTerms(of: jid) ?? 0)
        }
        let all = holder.subscriptions.scannedTerms
        guard own - freed + terms <= PubSubLimits.scannedTermsOfOneMaximum,
            all - freed + terms <= PubSubLimits.scannedTermsMaximum
        else {
            throw .pubsub(
                .policyViolation,
                "too-many-subscriptions",
                .wait,
                text: "too many filters are asked at every item: one that begins with "
                    + "FIELD = VALUE and … or FIELD > NUMBER and … is not"
            )
        }
    }
}
