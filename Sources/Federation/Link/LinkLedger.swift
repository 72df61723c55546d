package import XMPP

/// What an end of a link knows of the stanzas on it, through all of its connections.
///
/// Whoever runs it performs the steps of one event before the next.
package protocol LinkLedger: Sendable {
    /// An authenticated connection to that process is there; it replaces any other.
    mutating func connected(to instance: String, now: Instant) -> [LinkStep]

    /// The connection is gone.
    mutating func disconnected(now: Instant)

    /// Whole children of the link's stream came together; what is to be done goes behind the other
    /// steps, and an ``LinkStep/end(_:)`` is the last of it.
    mutating func received(_ inputs: [LinkInput], _ steps: inout [LinkStep])

    /// All that came in at once was received: what is said of it goes out.
    mutating func finish() -> [LinkStep]

    /// When to call ``tick(now:)`` next; nil while there is nothing to wait for.
    var deadline: Instant? { get }

    /// Time has passed.
    mutating func tick(now: Instant) -> [LinkStep]

    /// Whether stanzas go over the link at the moment.
    var isUp: Bool { get }

    var counters: LinkCounters { get }
}

extension EdgeLedger: LinkLedger {
    package mutating func finish() -> [LinkStep] { report() }
}

extension RouterLedger: LinkLedger {
    package mutating func finish() -> [LinkStep] { acknowledge() }
}
