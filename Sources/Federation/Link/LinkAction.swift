package import XMPP

/// What whoever runs a ``LinkStream`` does next; every event returns one.
///
/// Elements and endings are written in the namespace `jabber:server`.
package enum LinkAction: Sendable, Equatable {
    case nothing
    /// Start the handshake of TLS, then ``LinkStream/tlsEstablished(_:)``.
    case startTLS
    /// Write the header and the element behind it. Where we open the stream, reset the parser for
    /// the peer's header first.
    case open(StreamHeader, hello: Element)
    /// Write the element.
    case send(Element)
    /// Write the element, unless much waits to be written: that is a sign of life as well.
    case answer(Element)
    /// The peer is authenticated: write the element, where there is one, raise the parser's limits
    /// (``XMLLimits/link``), and give the connection to the ledger of that peer.
    case ready(LinkPeer, send: Element?)
    /// Feed it to the ledger.
    case pass(LinkInput)
    /// Write the ending, end the connection as ``StreamEnding/awaitsPeer`` says; the failure is
    /// nil where we end it in peace.
    case close(StreamEnding, LinkFailure?)
    /// The connection is lost, or came to nothing: end it, there is nothing to write.
    case disconnect(LinkFailure?)
}

/// Who is at the other end of a link.
package struct LinkPeer: Sendable, Hashable {
    /// Its name in the configuration.
    package let name: String
    /// Which run of its process it is.
    package let instance: String
}

/// Why a connection of a link came to nothing, or ended.
package enum LinkFailure: Error, Sendable, Hashable {
    /// The peer does not know the secret, or somebody is between us, or it is not the one that we
    /// wanted.
    case notAuthenticated
    /// The peer ended the stream with an error.
    case streamFailed(StreamError)
    /// The peer sent what it must not; the error is what it was told.
    case protocolViolated(StreamError)
    case closedByPeer
    /// No answer in time.
    case timedOut
    case disconnected
}

extension LinkFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAuthenticated:
            "the other process has another secret or name, or TLS was not with that process"
        case .streamFailed(let error): "the other process ended the link: " + Self.words(error)
        case .protocolViolated(let error):
            "the other process broke the protocol: " + Self.words(error)
        case .closedByPeer: "the other process closed the link"
        case .timedOut: "the other process did not answer in time"
        case .disconnected: "the connection was lost"
        }
    }

    /// Longest text of a peer's that is passed on, in characters.
    private static let textMax = 200

    private static func words(_ error: StreamError) -> String {
        error.condition.rawValue + (error.text.map { " (\($0.prefix(textMax)))" } ?? "")
    }
}
