import Platform
import Telemetry
import XMPP

extension ClockReading {
    /// What the system's clocks show.
    static var now: ClockReading {
        ClockReading(
            monotonic: SystemClock.monotonic.now,
            boottime: SystemClock.boottime.now,
            realtime: .now
        )
    }
}
