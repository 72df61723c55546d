package import XMPP

/// One open alert of a host.
package struct Alert: Sendable, Hashable {
    /// Rule and instance: `disk-full:/var`; across hosts it is `HOST/ID`.
    package var id: String
    package var rule: String
    package var state: State
    package var level: Level
    package var since: Instant
    /// One line for people.
    package var summary: String
    package var values: [AlertValue]
    package var labels: [Label]

    /// Where an alert stands.
    package enum State: String, Sendable {
        case firing, resolved
    }

    package init(
        id: String,
        rule: String,
        state: State = .firing,
        level: Level,
        since: Instant,
        summary: String,
        values: [AlertValue] = [],
        labels: [Label] = []
    ) {
        self.id = id
        self.rule = rule
        self.state = state
        self.level = level
        self.since = since
        self.summary = summary
        self.values = values
        self.labels = labels
    }
}

/// A value that an alert is about, with what it is measured against.
package struct AlertValue: Sendable, Hashable {
    package var name: String
    package var number: Double?
    package var threshold: Double?
    package var clear: Double?

    package init(_ name: String, _ number: Double?, threshold: Double? = nil, clear: Double? = nil)
    {
        self.name = name
        self.number = number
        self.threshold = threshold
        self.clear = clear
    }
}

/// All open alerts of one level on a host; empty when there is none.
package struct AlertList: Sendable, Hashable {
    package var level: Level
    package var at: Instant
    package var seq: Int
    package var run: String
    package var alerts: [Alert]
    /// How many alerts were left out to stay within ``PayloadLimits/bytes``.
    package var truncated: Int

    package init(
        level: Level,
        at: Instant,
        seq: Int = 0,
        run: String = "",
        alerts: [Alert] = [],
        truncated: Int = 0
    ) {
        self.level = level
        self.at = at
        self.seq = seq
        self.run = run
        self.alerts = alerts
        self.truncated = truncated
    }
}
