import Platform
import XMPP

/// The time of this program: of the wall when it started, and going on evenly from there.
///
/// The wall's own clock may be set back, which would make old values young.
struct Clock {
    private let start = Instant.now
    private let startedAt = SystemClock.boottime.now

    var now: Instant { start + (SystemClock.boottime.now - startedAt) }
}
