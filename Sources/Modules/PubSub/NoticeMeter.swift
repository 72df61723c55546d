import XMPP

/// How many messages entities make the service send to others: each so many at once, and one more
/// after each interval.
///
/// Nothing is kept of who has caused none of late.
struct NoticeMeter: Sendable {
    private static let interval = PubSubLimits.noticeMilliseconds
    /// Entities of which something is kept before it is looked at who need not be.
    private static let sweepMinimum = 1_024

    /// When an entity may cause as many as ever again, by its bare address.
    private var clear: [JID: Instant] = [:]
    private var sweepCount = sweepMinimum

    /// Entities of which something is kept.
    var count: Int { clear.count }

    /// How many an entity may cause now, of `maximum` at once.
    func room(for entity: JID, of maximum: Int, at now: Instant) -> Int {
        let owed = owed(by: entity, of: maximum, at: now)
        return maximum - Int((owed + Self.interval - 1) / Self.interval)
    }

    /// Charges an entity with as many as it may cause; returns how many those are.
    mutating func charge(
        _ entity: JID,
        with count: Int,
        of maximum: Int,
        at now: Instant
    ) -> Int {
        let taken = min(count, room(for: entity, of: maximum, at: now))
        guard taken > 0 else { return 0 }
        let owed = owed(by: entity, of: maximum, at: now) + Int64(taken) * Self.interval
        clear[entity] = now + .milliseconds(owed)
        if clear.count > sweepCount {
            clear = clear.filter { $0.value > now }
            sweepCount = max(Self.sweepMinimum, 2 * clear.count)
        }
        return taken
    }

    /// Milliseconds until nothing is left of what an entity has caused; none where that is more
    /// than all that it may cause, for the clock was put back then.
    private func owed(by entity: JID, of maximum: Int, at now: Instant) -> Int64 {
        guard let clear = clear[entity], clear > now else { return 0 }
        let (milliseconds, overflow) = clear.milliseconds.subtractingReportingOverflow(
            now.milliseconds
        )
        return overflow || milliseconds > Int64(maximum) * Self.interval ? 0 : milliseconds
    }
}
