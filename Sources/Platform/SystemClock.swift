import Glibc
package import XMPP

/// The system's clocks, whose time pure code is handed.
package enum SystemClock {
    /// The time of day; may be set back.
    case wall
    /// Goes on evenly while the machine is awake.
    case monotonic
    /// Goes on evenly, also while the machine sleeps.
    case boottime

    /// What the clock shows.
    package var now: Duration {
        var time = timespec()
        clock_gettime(id, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private var id: clockid_t {
        switch self {
        case .wall: CLOCK_REALTIME
        case .monotonic: CLOCK_MONOTONIC
        case .boottime: CLOCK_BOOTTIME
        }
    }
}

extension Instant {
    /// The moment that the wall clock shows.
    package static var now: Instant { Instant(milliseconds: 0) + SystemClock.wall.now }
}
