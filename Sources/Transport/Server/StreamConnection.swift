package import NIOCore
package import XMPP

/// A client's connection, as the server's other parts see it.
///
/// It can be kept and passed anywhere, but used only on its event loop; the box inside checks that.
package final class StreamConnection: Sendable {
    package let eventLoop: any EventLoop
    /// The peer's IP address.
    package let address: String
    /// Which of the ``Loops`` it lives on.
    package let loopIndex: Int
    private let handler: NIOLoopBound<StreamHandler>

    init(_ handler: StreamHandler, on loop: LoopState, address: String) {
        self.handler = NIOLoopBound(handler, eventLoop: loop.eventLoop)
        eventLoop = loop.eventLoop
        loopIndex = loop.index
        self.address = address
    }

    /// The full address of the session, once it is bound.
    package var jid: JID? { handler.value.jid }

    /// The account that was logged in to; nil before.
    package var account: JID? { handler.value.account }

    /// The owner's own number for the session.
    package var session: UInt64? {
        get { handler.value.session }
        set { handler.value.session = newValue }
    }

    /// Sends whole stanzas as bytes, together with all else that this tick sends.
    package func send(_ bytes: [UInt8]) {
        handler.value.send(bytes)
    }

    /// Sends a stanza, together with all else that this tick sends.
    package func send(_ stanza: Stanza) {
        handler.value.send(stanza.serialized())
    }

    /// Sends a stanza that is the same for many but for the address, which goes between the two
    /// parts.
    package func sendEvent(head: [UInt8], tail: [UInt8]) {
        handler.value.sendEvent(head: head, tail: tail)
    }

    /// Ends the stream, with an error or in peace.
    package func close(_ error: StreamError?) {
        handler.value.end(with: StreamEndReason(error: error))
    }

    /// Bytes that wait for the peer to read.
    package var queuedBytes: Int { handler.value.gathered.readableBytes }

    /// Lets the peer send as much as it can: for those who are trusted with it.
    package func liftRateLimit() {
        handler.value.liftRateLimit()
    }

    /// What TLS settled on; nil without it.
    package var tls: TLSSummary? { handler.value.tls?.summary }

    /// Why the stream ended, for a log; nil while it lasts.
    package var ending: String? { handler.value.endingReason }
}
