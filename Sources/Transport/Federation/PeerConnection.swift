package import Federation
package import NIOCore
package import XMPP

/// A stream between servers, as the server's other parts see it.
///
/// It can be kept and passed anywhere, but used only on its event loop; the box inside checks that.
package final class PeerConnection: Sendable {
    package let eventLoop: any EventLoop
    /// The other end in numbers, for a log; empty where it has none.
    package let address: String
    /// Where we have found the peer; nil where it has found us.
    package let target: Target?
    private let handler: NIOLoopBound<PeerHandler>

    init(_ handler: PeerHandler, address: String, target: Target?, on eventLoop: any EventLoop) {
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
        self.address = address
        self.target = target
        self.eventLoop = eventLoop
    }

    /// What the owner calls it.
    package var id: PeerID { handler.value.id }

    /// Sends stanzas of pairs that are proven, as bytes (``WrittenStanza``), together with all else
    /// that this tick sends.
    package func send(_ stanzas: some Sequence<[UInt8]>) {
        handler.value.send(stanzas)
    }

    /// Proves another domain of ours; the answer is an event.
    package func prove(_ domain: String) {
        handler.value.prove(domain)
    }

    /// Asks the peer about a key, as soon as the stream is open; the answer is an event.
    package func ask(_ question: DialbackQuestion) {
        handler.value.ask(question)
    }

    /// The answer to ``PeerOwner/asked(_:on:)``.
    package func verified(_ question: DialbackQuestion, _ verdict: DialbackVerdict) {
        handler.value.verified(question, verdict)
    }

    /// How many stanzas the peer has sent.
    package var received: UInt64 { handler.value.received }

    /// Those up to that number are taken care of.
    package func handled(through position: UInt64) {
        handler.value.handled(through: position)
    }

    /// Reads from the peer, or does not for a while: its own socket fills, and it waits.
    package func setReading(_ isReading: Bool) {
        handler.value.setReading(isReading)
    }

    /// Asks the peer what has arrived.
    package func requestAcknowledgement() {
        handler.value.requestAcknowledgement()
    }

    /// Ends the stream, with an error or in peace.
    package func close(_ error: StreamError?) {
        handler.value.end(with: StreamEndReason(error: error))
    }

    /// Whether the connection is encrypted, and how.
    package var tls: TLSSummary? { handler.value.tls?.summary }

    /// What counts the stanzas.
    package var acknowledgements: LinkAcknowledgements { handler.value.acknowledgements }
}
