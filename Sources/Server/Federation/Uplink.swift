import Federation
import XMPP

/// What a ``Gateway`` has behind it: the router, in this process or in another.
///
/// Called on the gateway's loop.
protocol Uplink: Sendable {
    /// Stanzas of other servers in order, from a stream that has come so far with them.
    ///
    /// True where the router has them now; else ``Gateway/handled(_:)`` says when it has.
    func deliver(_ stanzas: [Arrival], from origin: LinkOrigin) -> Bool

    /// Whether so much waits for the router that nothing more should be read from other servers;
    /// ``Gateway/handled(_:)`` says when to look again.
    var isFull: Bool { get }

    /// These are about to be written to another server: ``Gateway/released()`` says when to ask
    /// again whether they may.
    func willWrite(_ departures: [Departure])

    /// How many of them, from the first on, may be written: of those the router knows that they
    /// are about to be, or need not.
    func writable(_ departures: [Departure]) -> Int

    /// These have arrived.
    func settled(_ departures: [Departure])

    /// These were written, and nobody knows whether they arrived.
    func lost(_ departures: [Departure])

    /// These were not written and will not be: their senders are to be told.
    func bounced(_ departures: [Departure], _ error: StanzaError)

    /// These were never written, and this gateway will not write them any more: it stops.
    func returned(_ departures: [Departure])
}
