import XMPP

/// The id of a period in an archive: when it began, and of one under way the moment up to which it
/// is told.
///
/// What an id stands for does not change: a period that was told in part has another id once it is
/// over (`2026-11-21T13:00:00.000Z/2026-11-21T13:00:37.512Z`, then `2026-11-21T13:00:00.000Z`), and
/// a page behind the first begins with it.
struct PeriodID: Sendable, Hashable, CustomStringConvertible {
    let start: Instant
    /// Nil of a period that is over.
    let end: Instant?

    /// Of a record that was read at a moment.
    init(_ record: HistoryRecord, at moment: Instant) {
        start = record.start
        // The clock may have been set back since the period began.
        let isOver = moment >= record.start + record.resolution.duration
        end = isOver ? nil : max(moment, record.start)
    }

    /// Reads an id; nil where no period can have it.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let start = parts.first.flatMap({ Instant(dateTime: String($0)) }) else { return nil }
        self.start = start
        guard parts.count > 1 else {
            end = nil
            return
        }
        guard let end = Instant(dateTime: String(parts[1])), end >= start else { return nil }
        self.end = end
    }

    var description: String {
        start.dateTime + (end.map { "/" + $0.dateTime } ?? "")
    }

    /// What comes behind it began later than this.
    var after: Instant { end == nil ? start : start + .milliseconds(-1) }
    /// What comes before it began earlier than this.
    var before: Instant { start }
}
