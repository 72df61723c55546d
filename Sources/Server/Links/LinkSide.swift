import Federation
import XMPP

/// What a link of this process leads from: what its ledger's steps are for.
///
/// Called on the link's loop.
protocol LinkSide: Sendable {
    /// At the router: stanzas of the edge's, in order.
    func route(_ stanzas: [Stanza])

    /// At the edge: stanzas of the router's, in order, each with its ticket.
    func deliver(_ departures: [Departure])

    /// The stanzas, of which only the heads are left, go back to their senders.
    func bounce(_ stanzas: [(head: Stanza, error: StanzaError)])

    /// Nobody knows what became of these, of which only the heads are left.
    func lost(_ heads: [Stanza])

    /// At the edge: these may be written.
    func release(_ tickets: [UInt64])

    /// At the edge: these must not be written.
    func withdraw(_ tickets: [UInt64])

    /// At the edge: the router has what came from these peers.
    func handled(_ origins: [LinkOrigin])
}
