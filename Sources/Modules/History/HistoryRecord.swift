package import XMPP

/// How long a period of the history is.
package enum HistoryResolution: Int, Sendable, Hashable, CaseIterable {
    /// Their raw values are seconds, as they are stored.
    case minute = 60
    case hour = 3_600

    package var duration: Duration { .seconds(rawValue) }

    /// When the period that `moment` lies in began: periods begin at multiples of their length.
    package func start(of moment: Instant) -> Instant {
        let length = Int64(rawValue) * 1000
        let rest = moment.milliseconds % length
        let past = rest < 0 ? rest + length : rest
        return moment + .milliseconds(-past)
    }
}

/// What one period of a node came to, as it is stored.
package struct HistoryRecord: Sendable, Hashable {
    package let resolution: HistoryResolution
    package let start: Instant
    /// An `<aggregate/>`, self-contained markup.
    package let payload: [UInt8]

    package init(_ resolution: HistoryResolution, start: Instant, payload: [UInt8]) {
        self.resolution = resolution
        self.start = start
        self.payload = payload
    }
}

/// What of a node's records is to go: the oldest, until all three hold.
package struct HistoryTrim: Sendable, Hashable {
    package let resolution: HistoryResolution
    /// Records of periods that began earlier go.
    package let before: Instant
    /// How many may stay.
    package let records: Int
    /// How many bytes of payload may stay.
    package let bytes: Int

    package init(_ resolution: HistoryResolution, before: Instant, records: Int, bytes: Int) {
        self.resolution = resolution
        self.before = before
        self.records = records
        self.bytes = bytes
    }
}

/// A change of what is kept of a node's past.
package enum HistoryChange: Sendable, Hashable {
    /// A record, new or in place of the one of the same period.
    case save(HistoryRecord)
    case trim(HistoryTrim)
}
