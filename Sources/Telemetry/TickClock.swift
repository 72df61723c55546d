package import XMPP

/// The three clocks of a host, read at one moment.
package struct ClockReading: Sendable, Hashable {
    /// Time since some start, standing still while the host sleeps.
    package var monotonic: Duration
    /// Time since the boot, sleep included.
    package var boottime: Duration
    /// The time of day, which can be set.
    package var realtime: Instant

    package init(monotonic: Duration, boottime: Duration, realtime: Instant) {
        self.monotonic = monotonic
        self.boottime = boottime
        self.realtime = realtime
    }
}

/// One moment of reading, with what rates and timers need.
package struct Tick: Sendable, Hashable {
    package var at: Instant
    /// Monotonic: for intervals and timers, never shown.
    package var uptime: Duration
    package var boottime: Duration
    /// Seconds since the tick before; nil when it is the first, or when the host slept or its
    /// clock was set in between, so that a rate would not mean what it says.
    package var elapsed: Double?

    package init(at: Instant, uptime: Duration, boottime: Duration, elapsed: Double?) {
        self.at = at
        self.uptime = uptime
        self.boottime = boottime
        self.elapsed = elapsed
    }
}

/// Makes ticks of clock readings and notices where time was not continuous.
package struct TickClock: Sendable, Hashable {
    private var last: ClockReading?

    package init() {}

    /// The tick of this moment.
    package mutating func tick(_ reading: ClockReading) -> Tick {
        defer { last = reading }
        var elapsed: Double?
        if let last {
            let ran = reading.monotonic - last.monotonic
            let slept = reading.boottime - last.boottime - ran
            let stepped = reading.realtime - last.realtime - (reading.boottime - last.boottime)
            let isContinuous =
                slept < Self.tolerance && abs(stepped) < Self.tolerance
            if ran > .zero, isContinuous {
                elapsed = ran / .seconds(1)
            }
        }
        return Tick(
            at: reading.realtime,
            uptime: reading.monotonic,
            boottime: reading.boottime,
            elapsed: elapsed
        )
    }

    private func abs(_ duration: Duration) -> Duration {
        duration < .zero ? .zero - duration : duration
    }

    /// Clocks may drift apart by this much within one interval: time daemons slew by 500 ppm at
    /// most, and reading three clocks takes microseconds; a step or a suspend is larger.
    static let tolerance = Duration.milliseconds(500)
}
