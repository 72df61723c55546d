import Glibc
import XMPP

/// The time of this program: of the wall when it started, and going on evenly from there.
///
/// The wall's own clock may be set back, which would make old values young.
struct Clock {
    private let start: Int64
    private let startedAt: Int64

    init() {
        start = Self.read(CLOCK_REALTIME)
        startedAt = Self.read(CLOCK_BOOTTIME)
    }

    var now: Instant {
        Instant(milliseconds: start &+ (Self.read(CLOCK_BOOTTIME) &- startedAt))
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }
}
