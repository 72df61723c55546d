package import XMPP

/// One transition, kept in the log of a host: an item of the node `events`.
package struct Event: Sendable, Hashable {
    package var kind: Kind
    package var at: Instant
    package var seq: Int
    package var run: String
    /// The level after the transition; of a resolved alert, the level that it had.
    package var level: Level
    package var previous: Level?
    /// The alert that changed; nil for what happened to the host.
    package var alert: String?
    package var rule: String?
    package var summary: String
    package var values: [AlertValue]
    package var labels: [Label]

    /// What happened.
    package enum Kind: String, Sendable, CaseIterable {
        /// An alert began.
        case fired
        /// An alert ended.
        case resolved
        /// An open alert got worse or better.
        case changed
        /// The agent started, or the host with it.
        case started
        /// The agent was ended on purpose.
        case stopped
    }

    package init(
        _ kind: Kind,
        at: Instant,
        seq: Int = 0,
        run: String = "",
        level: Level = .ok,
        previous: Level? = nil,
        alert: String? = nil,
        rule: String? = nil,
        summary: String,
        values: [AlertValue] = [],
        labels: [Label] = []
    ) {
        self.kind = kind
        self.at = at
        self.seq = seq
        self.run = run
        self.level = level
        self.previous = previous
        self.alert = alert
        self.rule = rule
        self.summary = summary
        self.values = values
        self.labels = labels
    }

    /// The item's id: unique over all runs, and the same when the event is published again.
    package var itemID: String { run + "-" + String(seq) }
}
