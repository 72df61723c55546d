/// How long to wait before the next attempt to connect: full jitter over a doubling bound.
///
/// Full jitter spreads the agents of a whole fleet evenly after a restart of their server.
package struct BackOff: Sendable {
    /// The first and the longest bound.
    package struct Bounds: Sendable, Hashable {
        /// The bound of the first wait, and the least of all waits' bounds.
        package var first = Duration.seconds(1)
        /// A minute: a server that comes back is found again within it.
        package var longest = Duration.seconds(60)

        package init(
            first: Duration = .seconds(1),
            longest: Duration = .seconds(60)
        ) {
            self.first = first
            self.longest = longest
        }
    }

    private let bounds: Bounds
    private var next: Duration

    package init(_ bounds: Bounds = Bounds()) {
        self.bounds = bounds
        next = min(bounds.first, bounds.longest)
    }

    /// The wait after one more failure; `random` is in 0..<1.
    package mutating func wait(random: Double) -> Duration {
        let bound = next
        next = min(bound * 2, bounds.longest)
        // Never nothing: a server that refuses at once is not to be asked in a tight loop.
        let share = random.isFinite ? min(max(random, 0), 1) : 1
        return max(bound * share, .milliseconds(50))
    }

    /// Starts over, after a connection that worked.
    package mutating func reset() {
        next = min(bounds.first, bounds.longest)
    }
}
