package import XMPP

/// What whoever runs an end of a link does next, in the order in which the steps are returned.
package enum LinkStep: Sendable, Equatable {
    /// Write the bytes on the link.
    case write([UInt8])
    /// At the router: route these stanzas of the edge's, in order.
    case route([Stanza])
    /// At the edge: send these stanzas of the router's on in order, each once it is released, and
    /// say by its ticket what became of it.
    case deliver([Departure])
    /// The stanza, of which only the head is left, goes back to its sender with the error; never
    /// where it is an error itself (RFC 6120 §8.3.1).
    indirect case bounce(Stanza, StanzaError)
    /// Nobody knows what became of the stanza, of which only the head is left: for the log.
    indirect case unknown(Stanza)
    /// At the edge: these may be written to their peers, in this order.
    case release([UInt64])
    /// At the edge: these must not be written; the router has given them back.
    case withdraw([UInt64])
    /// At the edge: the router has what came from these peers, up to there.
    case handled([LinkOrigin])
    /// End the connection with this error; nothing else has changed.
    indirect case end(StreamError)
}

/// Where a stanza for the router came from.
package struct LinkOrigin: Sendable, Hashable {
    package let peer: PeerID
    /// ``LinkAcknowledgements/received`` of the peer's stream when the stanza was delivered.
    package let position: UInt64

    package init(_ peer: PeerID, position: UInt64) {
        self.peer = peer
        self.position = position
    }
}

/// A stanza on its way over a link: as it is written, and what is needed to answer it.
final class LinkedStanza: Sendable {
    /// As a child of a stream with any content namespace (``WrittenStanza``).
    let bytes: [UInt8]
    private let known: Stanza?
    /// When it was offered.
    let since: Instant

    init(_ stanza: Stanza, since: Instant) {
        known = stanza.withoutContent
        bytes = stanza.serialized()
        self.since = since
    }

    init(_ arrival: Arrival, since: Instant) {
        switch arrival {
        case .read(let stanza):
            known = stanza.withoutContent
            bytes = stanza.serialized()
        case .passed(let stanza):
            known = nil
            bytes = stanza.markup
        }
        self.since = since
    }

    /// The stanza without what it holds; an error, which nobody answers, for one that has no
    /// address to answer to.
    var head: Stanza { known ?? PassedStanza.head(of: bytes) ?? Stanza(.message, type: "error") }
}

extension LinkStep {
    static func write(_ message: LinkMessage) -> LinkStep {
        .write(message.bytes)
    }
}

extension LinkMessage {
    /// As it is written.
    var bytes: [UInt8] { element.serialized(in: Namespace.server) }
}

/// First in, first out, without moving what stays.
struct LinkQueue<Item: Sendable>: Sendable {
    private var items: [Item] = []
    private var head = 0

    init(_ items: [Item] = []) { self.items = items }

    var count: Int { items.count - head }
    var first: Item? { head < items.count ? items[head] : nil }
    var all: ArraySlice<Item> { items[head...] }

    mutating func append(_ item: Item) { items.append(item) }

    mutating func popFirst() -> Item? {
        guard let item = first else { return nil }
        head += 1
        // What was taken out is given back when it is half of all.
        if head > 32, head * 2 > items.count {
            items.removeFirst(head)
            head = 0
        }
        return item
    }

    mutating func takeAll() -> ArraySlice<Item> {
        defer { self = LinkQueue() }
        return all
    }
}
