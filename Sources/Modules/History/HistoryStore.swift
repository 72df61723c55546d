package import XMPP

/// Which of a node's records are asked for.
package struct HistoryQuery: Sendable, Hashable {
    package var resolution: HistoryResolution
    /// Periods that began at these moments or between.
    package var from: Instant
    package var to: Instant
    /// Only what comes behind the period that began here, in the order asked for.
    package var after: Instant?
    package var limit: Int
    package var newestFirst: Bool

    package init(
        _ resolution: HistoryResolution,
        from: Instant = Instant(milliseconds: .min),
        to: Instant = Instant(milliseconds: .max),
        after: Instant? = nil,
        limit: Int = ResultSetRequest.pageMaximum,
        newestFirst: Bool = false
    ) {
        self.resolution = resolution
        self.from = from
        self.to = to
        self.after = after
        self.limit = limit
        self.newestFirst = newestFirst
    }

    /// The moments at which wanted periods may begin, both included; nil when there are none.
    package var bounds: ClosedRange<Instant>? {
        var lower = from
        var upper = to
        if let after {
            if newestFirst {
                upper = min(upper, after + .milliseconds(-1))
            } else {
                lower = max(lower, after + .milliseconds(1))
            }
        }
        return lower <= upper ? lower...upper : nil
    }
}

/// How much is kept of a node's past.
package struct HistoryUsage: Sendable, Hashable {
    package var records: Int
    package var bytes: Int

    package init(records: Int = 0, bytes: Int = 0) {
        self.records = records
        self.bytes = bytes
    }
}

/// Where the past of nodes is kept; it changes by ``PubSubChange/history(owner:node:_:)``.
package protocol HistoryStore: Sendable {
    /// The records, in the order asked for; none for a node that is not there.
    func history(owner: JID, node: String, _ query: HistoryQuery) throws -> [HistoryRecord]
    /// How many records lie in the query's bounds, whatever its limit, and their bytes.
    func historyUsage(owner: JID, node: String, _ query: HistoryQuery) throws -> HistoryUsage
}
