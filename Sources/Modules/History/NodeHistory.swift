package import Telemetry
package import XMPP

/// The past of one node that holds samples: the minute and the hour under way.
///
/// What is under way is in memory alone; a period that is over becomes a record for the store. Its
/// owner is the node, on the loop of the node's account.
package struct NodeHistory: Sendable {
    /// How long a sample stands when no other comes: two and a half heartbeats of an agent
    /// (docs/protocol.md §4), after which viewers show it as stale too.
    package static let hold = Duration.seconds(150)

    /// Samples that are put aside until the store has said what it has of their hour: what comes
    /// in the milliseconds of one reading.
    package static let earlySamplesMaximum = 16
    /// How long after its minute a node waits for the store before it goes on without it.
    static let patience = Duration.seconds(10)

    private let policy: HistoryPolicy
    private var minute: SampleAggregate
    private var hour: SampleAggregate
    /// Up to when the last sample is counted in.
    private var counted: Instant
    /// When the last sample no longer stands.
    private var stale: Instant
    private var minuteTrims: TrimSchedule
    private var hourTrims: TrimSchedule
    /// Samples put aside, until ``resume(_:)``; nil from then on.
    ///
    /// Counted in at once, a minute that ended meanwhile would take the place of the record that
    /// holds its first part.
    private var early: [Early]?

    private struct Early {
        var sample: Sample
        var time: Instant
    }

    /// Starts with nothing, or with what ``resume(_:)`` will tell of the store's records.
    ///
    /// `spread` is any number that differs from node to node: not all are trimmed at once.
    package init(
        _ policy: HistoryPolicy = HistoryPolicy(),
        at now: Instant,
        spread: Int = 0,
        isResumed: Bool = false
    ) {
        let now = Self.bounded(now)
        early = isResumed ? [] : nil
        self.policy = policy
        let spread = Int64(truncatingIfNeeded: spread) & 0xFFFF_FFFF
        minuteTrims = TrimSchedule(policy.minute, spread: spread, start: now)
        hourTrims = TrimSchedule(policy.hour, spread: spread, start: now)
        minute = SampleAggregate(.minute, at: now)
        hour = SampleAggregate(.hour, at: now)
        counted = now
        stale = now
    }

    /// Goes on after a restart from the minutes that the store has of the hour under way, and says
    /// what is to be stored; nothing once it went on without them.
    package mutating func resume(_ records: [HistoryRecord]) -> [HistoryChange] {
        guard early != nil else { return [] }
        take(records)
        return takeEarly()
    }

    private mutating func takeEarly() -> [HistoryChange] {
        let samples = early ?? []
        early = nil
        return samples.flatMap { published($0.sample, at: $0.time) }
    }

    private mutating func take(_ records: [HistoryRecord]) {
        for record in records where record.resolution == .minute {
            guard let element = try? Element(parsing: record.payload),
                let part = try? Aggregate(element)
            else { continue }
            if record.start == minute.from {
                minute.add(part)
            } else if hour.from <= record.start, record.start < minute.from {
                hour.add(part)
            }
        }
    }

    /// When something will have to be stored, should no sample come; nil when there is nothing, and
    /// until ``resume(_:)``.
    package var due: Instant? {
        guard early == nil else { return nil }
        return minute.isEmpty ? (hour.isEmpty ? nil : hour.to) : minute.to
    }

    /// Takes a sample that was published at `now`, and says what is to be stored.
    package mutating func published(_ sample: Sample, at now: Instant) -> [HistoryChange] {
        let now = Self.bounded(now)
        let changes = passed(to: now)
        if let count = early?.count {
            early?.append(Early(sample: sample, time: now))
            return count < Self.earlySamplesMaximum ? changes : changes + takeEarly()
        }
        minute.add(sample)
        stale = now + Self.hold
        return changes
    }

    /// Closes the periods that are over at `now`.
    package mutating func passed(to now: Instant) -> [HistoryChange] {
        let now = Self.bounded(now)
        var changes: [HistoryChange] = []
        if early != nil {
            guard now >= minute.to + Self.patience else { return [] }
            changes = takeEarly()
        }
        if now < minute.from {
            // The clock was set back: what is under way is over, so that time goes on from there.
            end()
            changes += closeMinute() + closeHour()
            begin(at: now)
            counted = now
        }
        while now >= minute.to {
            let end = minute.to
            count(upTo: end)
            changes += closeMinute()
            // Minutes in which nothing stood are passed over.
            let next = stale > end ? end : now
            if next >= hour.to { changes += closeHour() }
            begin(at: next)
            counted = max(counted, next)
        }
        count(upTo: now)
        return changes
    }

    /// What the period under way has come to, as far as it is counted; nil where there is nothing,
    /// or not known yet what the store has of it.
    package func underWay(_ resolution: HistoryResolution) -> HistoryRecord? {
        guard early == nil else { return nil }
        let part = minute.aggregate
        guard resolution == .hour else { return part.map { Self.record($0, .minute) } }
        var whole = hour
        if let part { whole.add(part) }
        return whole.aggregate.map { Self.record($0, .hour) }
    }

    /// Ends the minute and the hour under way before their time: the server stops.
    ///
    /// What follows in the same periods has to ``resume(_:)``, or takes their place. While it is
    /// not known what the store has there is nothing to store: it would take the place of more.
    package mutating func finish(at now: Instant) -> [HistoryChange] {
        let changes = passed(to: now)
        guard early == nil else { return changes }
        end()
        return changes + closeMinute() + closeHour()
    }
}

extension NodeHistory {
    /// Moments that can be written (XEP-0082), far from where sums overflow.
    private static func bounded(_ moment: Instant) -> Instant {
        min(max(moment, Instant(milliseconds: 0)), Instant(milliseconds: 253_402_300_799_999))
    }

    private mutating func begin(at moment: Instant) {
        minute.restart(at: moment)
        let start = HistoryResolution.hour.start(of: moment)
        if start != hour.from { hour = SampleAggregate(.hour, at: moment) }
    }

    private mutating func count(upTo moment: Instant) {
        let end = min(moment, stale)
        if end > counted { minute.hold(end - counted) }
        counted = max(counted, moment)
        if moment >= stale { minute.end() }
    }

    private mutating func end() {
        stale = counted
        minute.end()
    }

    private mutating func closeMinute() -> [HistoryChange] {
        guard let part = minute.aggregate else { return [] }
        hour.add(part)
        return save(part, .minute)
    }

    private mutating func closeHour() -> [HistoryChange] {
        guard let whole = hour.aggregate else { return [] }
        return save(whole, .hour)
    }

    private static func record(
        _ aggregate: Aggregate,
        _ resolution: HistoryResolution
    ) -> HistoryRecord {
        HistoryRecord(resolution, start: aggregate.from, payload: aggregate.raw.bytes)
    }

    private mutating func save(
        _ aggregate: Aggregate,
        _ resolution: HistoryResolution
    ) -> [HistoryChange] {
        let record = Self.record(aggregate, resolution)
        var changes = [HistoryChange.save(record)]
        if isTrimmed(with: record) {
            changes.append(.trim(policy.trim(resolution, at: record.start)))
        }
        return changes
    }

    private mutating func isTrimmed(with record: HistoryRecord) -> Bool {
        switch record.resolution {
        case .minute: minuteTrims.isDue(at: record.start, storing: record.payload.count)
        case .hour: hourTrims.isDue(at: record.start, storing: record.payload.count)
        }
    }
}
