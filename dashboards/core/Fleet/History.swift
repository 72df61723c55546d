package import XMPP

/// The last values of one metric of one host, oldest first, in a ring that never grows past
/// ``capacity``.
package struct History: Sendable {
    /// Points kept: ten minutes of a value a second.
    ///
    /// A point is 12 bytes, so that two thousand hosts with all their metrics stay within 170 MB,
    /// and a hundred within 9.
    package static let capacity = 600

    private var times: [Int64] = []
    private var values: [Float] = []
    /// Where the oldest stands once the ring is full.
    private var oldest = 0

    package init() {}

    package var count: Int { times.count }

    /// The newest value; nil at a gap or without any.
    package var last: Double? {
        guard !times.isEmpty else { return nil }
        let value = values[index(times.count - 1)]
        return value.isNaN ? nil : Double(value)
    }

    /// Adds a value; one that is older than the newest is left out.
    package mutating func append(_ value: Double, at time: Instant) {
        add(Float(value), time.milliseconds)
    }

    /// Says that from here on nothing is known, so that a graph shows a hole and not a line.
    package mutating func interrupt(at time: Instant) {
        guard !times.isEmpty, last != nil else { return }
        add(.nan, time.milliseconds)
    }

    private mutating func add(_ value: Float, _ time: Int64) {
        if let newest = times.isEmpty ? nil : times[index(times.count - 1)], time <= newest {
            if time == newest { values[index(times.count - 1)] = value }
            return
        }
        if times.count < Self.capacity {
            times.append(time)
            values.append(value)
        } else {
            times[oldest] = time
            values[oldest] = value
            oldest = (oldest + 1) % Self.capacity
        }
    }

    private func index(_ position: Int) -> Int {
        (oldest + position) % times.count
    }
}

extension History {
    /// The part of a history that a graph shows.
    package struct Window: Sendable {
        /// How many values are wanted.
        package var count: Int
        /// The time that each stands for.
        package var step: Duration
        package var end: Instant
        /// How long a value counts when no other follows: agents are silent while nothing moves.
        package var hold: Duration

        package init(count: Int, step: Duration, end: Instant, hold: Duration) {
            self.count = count
            self.step = step
            self.end = end
            self.hold = hold
        }
    }

    /// The highest value in each step of the window, oldest first; nil where nothing is known.
    package func values(in window: Window) -> [Double?] {
        guard window.count > 0 else { return [] }
        var result = [Double?](repeating: nil, count: window.count)
        let step = max((window.step / .milliseconds(1)).clampedToInt64, 1)
        // Steps begin at multiples of themselves, so that a graph moves on and does not tremble.
        let last = window.end.milliseconds.flooredDivision(by: step)
        let first = last &- Int64(window.count) &+ 1
        fillMaxima(&result, first: first, step: step)
        fillHeld(&result, first: first, step: step, hold: window.hold)
        return result
    }

    private func fillMaxima(_ result: inout [Double?], first: Int64, step: Int64) {
        for position in 0..<times.count {
            let point = index(position)
            let slot = times[point].flooredDivision(by: step) &- first
            guard slot >= 0, slot < Int64(result.count), !values[point].isNaN else { continue }
            let value = Double(values[point])
            result[Int(slot)] = max(result[Int(slot)] ?? value, value)
        }
    }

    /// Carries each value on to the next point, or as long as it counts.
    private func fillHeld(
        _ result: inout [Double?],
        first: Int64,
        step: Int64,
        hold: Duration
    ) {
        var position = 0
        var current: (time: Int64, value: Float)?
        let hold = (hold / .milliseconds(1)).clampedToInt64
        for slot in result.indices {
            let start = (first &+ Int64(slot)) &* step
            while position < times.count, times[index(position)] < start &+ step {
                current = (times[index(position)], values[index(position)])
                position += 1
            }
            guard result[slot] == nil, let current, !current.value.isNaN,
                start &- current.time <= hold
            else { continue }
            result[slot] = Double(current.value)
        }
    }
}

extension Double {
    /// The integer part, at most what fits.
    fileprivate var clampedToInt64: Int64 {
        Int64(exactly: rounded(.towardZero)) ?? (self > 0 ? .max : 0)
    }
}

extension Int64 {
    /// The quotient rounded down, also of times before 1970; `divisor` is positive.
    fileprivate func flooredDivision(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
