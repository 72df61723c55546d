package import XMPP

/// How much time graphs show, and how far back they end.
package struct Zoom: Sendable, Hashable {
    /// Seconds that one value of a graph stands for.
    package static let steps = [1, 2, 5, 10, 30, 60]

    package var index = 0
    /// The time that every graph shows, whatever its width; nil where ``step(of:)`` is fixed.
    package private(set) var span: Span?
    /// Shifts back from the present, each as long as ``shift``.
    package var back = 0
    /// As far back as the values that are kept as they came reach at their finest.
    package static let maximumBack = 60

    package init() {}

    /// A time that is often looked at as a whole.
    package enum Span: String, Sendable, CaseIterable {
        case tenMinutes = "10 min"
        /// As long as histories reach back for certain.
        case hour = "1 h"

        package var duration: Duration {
            switch self {
            case .tenMinutes: .seconds(600)
            case .hour: .seconds(3600)
            }
        }
    }

    /// The time that each of so many values stands for.
    package func step(of count: Int) -> Duration {
        if let span { return span.duration / max(count, 1) }
        return .seconds(Self.steps[min(max(index, 0), Self.steps.count - 1)])
    }

    private var shift: Duration {
        span.map { $0.duration / 6 } ?? step(of: 1) * 10
    }

    /// Less or more time; from a span back to steps.
    package mutating func zoom(by change: Int) {
        if span == nil { index = min(max(index + change, 0), Self.steps.count - 1) }
        span = nil
    }

    /// Steps, ten minutes, an hour, and steps again.
    package mutating func chooseNextSpan() {
        let all = Span.allCases
        guard let span, let place = all.firstIndex(of: span) else {
            span = all.first
            return
        }
        self.span = all.indices.contains(place + 1) ? all[place + 1] : nil
    }

    package mutating func move(by change: Int) {
        back = min(max(back + change, 0), Self.maximumBack)
    }

    /// The moment of the graph's right edge.
    package func end(_ now: Instant) -> Instant {
        now + shift * -back
    }
}
