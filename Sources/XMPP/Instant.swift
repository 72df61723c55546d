/// A moment as milliseconds since 1970 UTC: the time that pure code is handed, never reads.
package struct Instant: Sendable, Hashable, Comparable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The moment `duration` later; saturates rather than overflows.
    package static func + (instant: Self, duration: Duration) -> Self {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (delta, overflow2) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        let (sum, overflow3) = instant.milliseconds.addingReportingOverflow(delta)
        if overflow || overflow2 || overflow3 {
            return Self(milliseconds: seconds < 0 ? .min : .max)
        }
        return Self(milliseconds: sum)
    }

    /// How long from `earlier` to here; negative when `earlier` is later.
    package static func - (later: Self, earlier: Self) -> Duration {
        .milliseconds(later.milliseconds.subtractingReportingOverflow(earlier.milliseconds).0)
    }
}
