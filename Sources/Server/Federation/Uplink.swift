import Federation
import XMPP

/// What a ``Gateway`` has behind it: the router, in this process or in another.
///
/// Called on the gateway's loop.
protocol Uplink: Sendable {
    /// Stanzas of other servers, and answers made here in their names, in order. `handled` is
    /// called on the gateway's loop when the router has them, or will never have them.
    func deliver(_ stanzas: [Stanza], _ handled: @escaping @Sendable () -> Void)

    /// These are about to be written to another server.
    func willWrite(_ departures: [Departure])

    /// These have arrived, or their senders are told that they have not.
    func settled(_ departures: [Departure])

    /// These were written, and nobody knows whether they arrived.
    func lost(_ departures: [Departure])

    /// These were never written, and this gateway will not write them any more.
    func returned(_ departures: [Departure])
}
