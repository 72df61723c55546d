package import Federation
package import NIOCore
package import XMPP

/// What the connections of a link are run for: it keeps what outlives them.
///
/// Every function is called on the connection's event loop, in the order of what came.
package protocol LinkOwner: AnyObject, Sendable {
    /// The process of that name is at the other end, as it has proven.
    func began(_ connection: LinkConnection, with peer: LinkPeer)

    /// All that one read brought, in order; behind ``began(_:with:)`` only.
    func received(_ inputs: [LinkInput], on connection: LinkConnection, from peer: LinkPeer)

    /// The connection is over; the last call. `peer` is nil where nobody has proven anything.
    func ended(_ connection: LinkConnection, with peer: LinkPeer?, _ failure: LinkFailure?)
}

/// A connection of a link, as the server's other parts see it.
///
/// It can be kept and passed anywhere, but used only on its event loop; the box inside checks that.
package final class LinkConnection: Sendable {
    package let eventLoop: any EventLoop
    /// The other end, for a log.
    package let address: String
    private let handler: NIOLoopBound<LinkHandler>

    init(_ handler: LinkHandler, address: String, on eventLoop: any EventLoop) {
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
        self.address = address
        self.eventLoop = eventLoop
    }

    /// Writes whole elements, together with all else that this tick writes.
    package func write(_ bytes: [UInt8]) {
        handler.value.send(bytes)
    }

    /// The ledger says that the peer sent what it must not: the connection ends with that error.
    package func violated(_ error: StreamError) {
        handler.value.violated(error)
    }

    /// Ends the connection, with an error or in peace.
    package func close(_ error: StreamError?) {
        handler.value.end(with: StreamEndReason(error: error))
    }

    /// How the connection is encrypted; nil on a Unix socket.
    package var tls: TLSSummary? { handler.value.tls?.summary }
}

/// Where a link is listened for, or connected to.
package enum LinkAddress: Sendable, Hashable, CustomStringConvertible {
    /// The path of a Unix socket.
    case socket(String)
    /// TLS over TCP.
    case port(host: String, Int)

    package var description: String {
        switch self {
        case .socket(let path): "unix:\(path)"
        case .port(let host, let port):
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    var usesTLS: Bool {
        if case .port = self { true } else { false }
    }
}

/// Who we are on links, and whom we take.
package struct LinkConfiguration: Sendable {
    /// Our name among the server's processes.
    package var name: String
    /// This run of our process (``LinkStream/Configuration/instance``).
    package var instance: String
    /// Whether we are the edge: what the router sends is passed on and not looked into.
    package var isEdge: Bool
    /// By the names of the processes at the other ends.
    package var secrets: [String: LinkSecret]
    package var heartbeat = LinkStream.Heartbeat()
    /// From the connection to the proof of the peer.
    package var negotiation = Duration.seconds(20)
    /// How long the peer's own end tag is waited for after ours.
    package var closing = Duration.seconds(5)
    /// What may wait for a peer that does not read.
    package var unwrittenBytes = LinkLimits.unwrittenBytes

    package init(
        name: String,
        instance: String,
        isEdge: Bool,
        secrets: [String: LinkSecret]
    ) {
        self.name = name
        self.instance = instance
        self.isEdge = isEdge
        self.secrets = secrets
    }
}
