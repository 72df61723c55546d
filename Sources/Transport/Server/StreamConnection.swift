package import NIOCore
package import XMPP

/// A client's connection, as the server's other parts see it.
///
/// It can be kept and passed anywhere, but used only on its event loop; the box inside checks that.
package final class StreamConnection: Sendable {
    package let eventLoop: any EventLoop
    private let handler: NIOLoopBound<StreamHandler>

    init(_ handler: StreamHandler, on eventLoop: any EventLoop) {
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
        self.eventLoop = eventLoop
    }

    /// Sends whole stanzas as bytes, together with all else that this tick sends.
    package func send(_ bytes: [UInt8]) {
        handler.value.send(bytes)
    }

    /// Sends a stanza, together with all else that this tick sends.
    package func send(_ stanza: Stanza) {
        handler.value.send(stanza.serialized())
    }

    /// Sends a stanza that is the same for many but for the address, which goes behind the head,
    /// and what is this one's alone, which goes before the end.
    ///
    /// `toBare` where it was sent to the account: the server does not rewrite the address
    /// (RFC 6121 §8.5.2).
    package func sendEvent(
        head: [UInt8],
        toBare: Bool = false,
        body: [UInt8],
        own: [UInt8],
        end: [UInt8]
    ) {
        handler.value.sendEvent(head: head, toBare: toBare, body: body, own: own, end: end)
    }

    /// Ends the stream, with an error or in peace.
    package func close(_ error: StreamError?) {
        handler.value.end(with: StreamEndReason(error: error))
    }

    /// Whether the peer keeps up; where it does not, what can wait is better kept elsewhere, until
    /// ``StreamOwner/drained(_:)`` is called.
    package var takesMore: Bool { handler.value.takesMore() }

    /// Bytes that wait for the peer to read.
    package var queuedBytes: Int { handler.value.outlet.byteCount }

    /// Why the stream ended, for a log; nil while it lasts.
    package var ending: String? { handler.value.endingReason }
}
