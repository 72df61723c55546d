package import XMPP

/// A stanza of ours on its way to another domain.
///
/// A class, for it is passed from hand to hand: what it holds would cost a dozen reference counts
/// each time.
package final class Departure: Sendable, Equatable {
    package let stanza: Stanza
    /// The sender's domain, which is ours, and the one it goes to.
    package let pair: DomainPair
    /// By what whoever sent it knows it again; 0 where nobody asks what became of it.
    package let ticket: UInt64

    /// Nil for a stanza that lacks an address.
    package init?(_ stanza: Stanza, ticket: UInt64 = 0) {
        guard let from = stanza.from, let to = stanza.to else { return nil }
        self.stanza = stanza
        pair = DomainPair(local: from.domain, remote: to.domain)
        self.ticket = ticket
    }

    package static func == (left: Departure, right: Departure) -> Bool {
        left === right || left.ticket == right.ticket && left.stanza == right.stanza
    }
}

/// A stream to or from another server, by the number that whoever runs it has given it.
package struct PeerID: Sendable, Hashable {
    package let number: UInt64

    package init(_ number: UInt64) {
        self.number = number
    }
}
