package import XMPP

/// A stanza of ours on its way to another domain.
///
/// It is written once, and goes out as it is. A class, for it is passed from hand to hand.
package final class Departure: Sendable, Equatable {
    /// The sender's domain, which is ours, and the one it goes to.
    package let pair: DomainPair
    /// The stanza as a child of a stream with any content namespace (``WrittenStanza``).
    package let bytes: [UInt8]
    /// By what whoever sent it knows it again; 0 where nobody asks what became of it.
    package let ticket: UInt64
    private let known: Stanza?

    /// Nil for a stanza that lacks an address.
    package init?(_ stanza: Stanza, ticket: UInt64 = 0) {
        guard let from = stanza.from, let to = stanza.to else { return nil }
        pair = DomainPair(local: from.domain, remote: to.domain)
        bytes = stanza.serialized()
        self.ticket = ticket
        known = stanza.withoutContent
    }

    /// Nil for a stanza that lacks an address.
    package init?(_ stanza: WrittenStanza, ticket: UInt64) {
        guard let (from, to) = stanza.domains else { return nil }
        pair = DomainPair(local: from, remote: to)
        bytes = stanza.bytes
        self.ticket = ticket
        known = nil
    }

    /// The stanza without what it holds, for an answer; nil where it cannot be read.
    package var head: Stanza? { known ?? WrittenStanza(bytes)?.head }

    /// Bytes that it takes while it waits, more or less.
    var footprint: Int { bytes.count + Self.overhead }

    private static let overhead = 300

    package static func == (left: Departure, right: Departure) -> Bool {
        left === right || left.ticket == right.ticket && left.bytes == right.bytes
    }
}

extension Stanza {
    /// Its head: what is needed to answer it.
    var withoutContent: Stanza {
        Stanza(kind, type: type, id: id, from: from, to: to, language: language)
    }
}

/// A stream to or from another server, by the number that whoever runs it has given it.
package struct PeerID: Sendable, Hashable {
    package let number: UInt64

    package init(_ number: UInt64) {
        self.number = number
    }
}
