import Glibc
import Telemetry
import XMPP

/// The clocks of the system.
enum Clocks {
    static func read() -> ClockReading {
        ClockReading(
            monotonic: duration(CLOCK_MONOTONIC),
            boottime: duration(CLOCK_BOOTTIME),
            realtime: Instant(milliseconds: milliseconds(CLOCK_REALTIME))
        )
    }

    /// Monotonic time alone.
    static var now: Duration { duration(CLOCK_MONOTONIC) }

    private static func time(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }

    private static func duration(_ clock: clockid_t) -> Duration {
        let time = time(clock)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        let time = time(clock)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec / 1_000_000)
    }
}
