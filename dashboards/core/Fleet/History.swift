package import XMPP

/// The values of one metric of one host over time: the last ones as they came, and before them the
/// highest of each minute.
///
/// It never grows past ``capacity`` points and ``minutes`` minutes.
package struct History: Sendable {
    /// Points kept as they came: ten minutes of a value a second.
    package static let capacity = 600
    /// Minutes kept before those: with them a graph reaches back an hour at any rate of values.
    ///
    /// A point is 12 bytes, so that two thousand hosts with all their metrics stay within 190 MB,
    /// and a hundred within 10.
    package static let minutes = 60

    private static let minute: Int64 = 60_000

    private var recent = Ring(capacity: capacity)
    /// All before the first of the recent.
    private var earlier = Ring(capacity: minutes)

    package init() {}

    package var count: Int { earlier.count + recent.count }

    /// The newest value; nil at a gap or without any.
    package var last: Double? {
        guard let last = recent.last, !last.isGap else { return nil }
        return Double(last.value)
    }

    /// Adds a value; one that is older than the newest is left out.
    package mutating func append(_ value: Double, at time: Instant) {
        add(Ring.Point(time: time.milliseconds, value: Float(value)))
    }

    /// Says that from here on nothing is known, so that a graph shows a hole and not a line.
    package mutating func interrupt(at time: Instant) {
        guard last != nil else { return }
        add(Ring.Point(time: time.milliseconds, value: .nan))
    }

    private mutating func add(_ point: Ring.Point) {
        if let newest = recent.last ?? earlier.last, point.time <= newest.time {
            if point.time == recent.last?.time { recent.setLast(point.value) }
            return
        }
        if let former = recent.append(point) { retire(former) }
    }

    /// Keeps the highest of each minute of what the recent points have no more room for.
    private mutating func retire(_ point: Ring.Point) {
        guard !point.isGap else {
            if let last = earlier.last, !last.isGap { earlier.append(point) }
            return
        }
        let begun = point.time.flooredDivision(by: Self.minute) &* Self.minute
        guard let last = earlier.last else {
            earlier.append(Ring.Point(time: begun, value: point.value))
            return
        }
        if last.time >= begun, !last.isGap {
            return earlier.setLast(max(last.value, point.value))
        }
        // What follows a gap within its minute must not go before it.
        let time = begun > last.time ? begun : point.time
        earlier.append(Ring.Point(time: time, value: point.value))
    }
}

// MARK: - What an archive tells

extension History {
    /// The highest value in a stretch of time, as an archive tells it.
    ///
    /// It stands at the beginning of the stretch, since a graph carries values on until the next.
    /// The highest and not the mean: graphs show the highest of each step, and a mean would look
    /// like a fall in load at the moment from which on single values are known.
    package struct Stretch: Sendable, Hashable {
        package var start: Instant
        package var end: Instant
        package var highest: Double

        package init(start: Instant, end: Instant, highest: Double) {
            self.start = start
            self.end = end
            self.highest = highest
        }
    }

    /// Puts stretches where nothing is known yet: before the first value, and into gaps.
    ///
    /// What came from the host itself stays as it is: it is finer.
    package mutating func insert(_ stretches: [Stretch]) {
        let missing = missing(of: stretches)
        guard !missing.isEmpty else { return }
        let start = recent.first?.time ?? .max
        let minutes = (earlier.points + missing.filter { $0.time < start })
            .sorted { $0.time < $1.time }
        let values = (recent.points + missing.filter { $0.time >= start })
            .sorted { $0.time < $1.time }
        self = History()
        for point in minutes { earlier.append(point) }
        for point in values {
            if let former = recent.append(point) { retire(former) }
        }
    }

    /// The stretches that nothing is known of, each once, in order.
    private func missing(of stretches: [Stretch]) -> [Ring.Point] {
        let known = (earlier.points + recent.points).filter { !$0.isGap }
        var end = Int64.min
        var result: [Ring.Point] = []
        for stretch in stretches.sorted(by: { $0.start < $1.start }) {
            let times =
                stretch.start
                .milliseconds..<max(
                    stretch.end.milliseconds,
                    stretch.start.milliseconds
                )
            guard times.lowerBound >= end, stretch.highest.isFinite, !times.isEmpty,
                !known.contains(where: { times.contains($0.time) })
            else { continue }
            end = times.upperBound
            result.append(Ring.Point(time: times.lowerBound, value: Float(stretch.highest)))
        }
        return result
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

    private func point(_ position: Int) -> Ring.Point {
        position < earlier.count ? earlier[position] : recent[position - earlier.count]
    }

    private func fillMaxima(_ result: inout [Double?], first: Int64, step: Int64) {
        for position in 0..<count {
            let point = point(position)
            let slot = point.time.flooredDivision(by: step) &- first
            guard slot >= 0, slot < Int64(result.count), !point.isGap else { continue }
            let value = Double(point.value)
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
        var current: Ring.Point?
        var isMinute = false
        let hold = (hold / .milliseconds(1)).clampedToInt64
        for slot in result.indices {
            let start = (first &+ Int64(slot)) &* step
            while position < count, point(position).time < start &+ step {
                isMinute = position < earlier.count
                current = point(position)
                position += 1
            }
            // A minute's value counts for all of it, however often the host tells values.
            let hold = isMinute ? max(hold, Self.minute) : hold
            guard result[slot] == nil, let current, !current.isGap,
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
