extension ClientStream {
    /// What whoever runs a ``ClientStream`` does next; every event returns one.
    package enum Action: Sendable, Equatable {
        case nothing
        /// A stanza from the server.
        case deliver(Stanza)
        /// Write the element.
        case send(Element)
        /// Reset the parser for the server's header and write ours: at the start, and again after
        /// TLS and after authentication.
        case open(StreamHeader)
        /// Throw away every byte that was read and not yet parsed and start the handshake; then
        /// ``ClientStream/tlsEstablished(_:)``. What came behind `<proceed/>` in the clear must
        /// not be read as if it came through TLS (RFC 6120 §5.4.3.3).
        case startTLS
        /// The session is there, under that full address.
        case online(JID)
        /// The stream failed for that reason: write the ending, if there is one, and end the
        /// connection as it says.
        case fail(ClientStreamFailure, StreamEnding?)
        /// Write the ending of a stream that ends well, and end the connection as it says.
        case close(StreamEnding)
        /// End the connection: there is nothing to write.
        case disconnect
    }
}

/// Why a client's stream came to nothing, or ended.
package enum ClientStreamFailure: Error, Sendable, Hashable {
    /// The server refused the account or the password; its condition and text.
    case authenticationFailed(SASLFailure)
    /// The server could not prove that it knows the password (RFC 5802 §5, `v`), or its messages
    /// do not fit: a man in the middle, or a broken server.
    case serverNotAuthentic(String)
    /// The server offers no mechanism that we may use; the names that it offers.
    case noMechanism(offered: [String])
    /// TLS is required and the server does not offer it, or refused to start it.
    case tlsUnavailable
    /// The password holds characters that no password can (RFC 8265 §4.2).
    case passwordUnusable
    /// The server would not bind a resource.
    case bindingFailed(StanzaError)
    /// The server ended the stream with an error; `conflict` means that another session took our
    /// resource.
    case streamFailed(StreamError)
    /// The server sent what it must not; the error is what it was told.
    case protocolViolated(StreamError)
    /// The server closed the stream without an error.
    case closedByServer
    /// No answer in time.
    case timedOut
    /// The connection was lost.
    case disconnected

    /// Whether trying again without a change by somebody is of no use.
    ///
    /// Whatever a stranger on the way can bring about (no TLS on offer, a false proof) is not
    /// final: it must not stop an unattended client for good.
    package var isFinal: Bool {
        switch self {
        case .authenticationFailed(let failure): failure.condition != .temporaryAuthFailure
        case .streamFailed(let error): error.condition == .conflict
        case .passwordUnusable: true
        case .serverNotAuthentic, .noMechanism, .tlsUnavailable, .bindingFailed,
            .protocolViolated, .closedByServer, .timedOut, .disconnected:
            false
        }
    }
}
