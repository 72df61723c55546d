import Telemetry
import XMPP

/// One number of a node over a period, as it comes in.
struct ValueSeries: NamedRow {
    let name: String
    private var min = Double.infinity
    private var max = -Double.infinity
    private var last = 0.0
    /// The number times the milliseconds for which it stood.
    private var sum = 0.0
    private var milliseconds: Int64 = 0
    private var count = 0
    /// Whether `last` still stands.
    private(set) var isCurrent = false

    init(_ name: String) {
        self.name = name
    }

    /// Takes the number of the next sample.
    mutating func add(_ number: Double) {
        min = Swift.min(min, number)
        max = Swift.max(max, number)
        last = number
        count &+= 1
        isCurrent = true
    }

    /// The number is no longer known.
    mutating func end() {
        isCurrent = false
    }

    /// The number stood for that long.
    mutating func hold(_ duration: Int64) {
        guard isCurrent else { return }
        min = Swift.min(min, last)
        max = Swift.max(max, last)
        sum += last * Double(duration)
        milliseconds &+= duration
    }

    /// Takes what a part of the period came to.
    mutating func add(_ part: AggregateValue) {
        min = Swift.min(min, part.min)
        max = Swift.max(max, part.max)
        last = part.last
        count &+= part.count
        let duration = part.known.wholeMilliseconds
        sum += part.mean * Double(duration)
        milliseconds &+= duration
    }

    /// Begins the next period with the number as it stands.
    mutating func restart() {
        min = .infinity
        max = -.infinity
        sum = 0
        milliseconds = 0
        count = 0
    }

    /// What the period came to; nil where the number was never known.
    var value: AggregateValue? {
        guard min <= max else { return nil }
        // A number that came and changed within a millisecond has stood for none.
        var mean = milliseconds > 0 ? sum / Double(milliseconds) : last
        // The sum of huge numbers may not be one; rounding may lead past the extremes.
        mean = mean.isFinite ? Swift.min(Swift.max(mean, min), max) : last
        return AggregateValue(
            name,
            min: min,
            mean: mean,
            max: max,
            last: last,
            count: count,
            known: .milliseconds(milliseconds)
        )
    }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
    }
}
