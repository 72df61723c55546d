package import XMPP

/// One account's connection to its server, kept up until it is closed.
package final class Client: Sendable {
    /// What happens, in order; it ends when ``run()`` has ended.
    package let events: AsyncStream<ClientEvent>

    private let configuration: ClientConfiguration
    private let continuation: AsyncStream<ClientEvent>.Continuation

    /// Nothing happens before ``run()``.
    package init(_ configuration: ClientConfiguration) {
        self.configuration = configuration
        (events, continuation) = AsyncStream.makeStream()
    }

    /// Connects, and connects again whenever the connection is lost, until ``close()`` or until
    /// trying again would be in vain.
    package func run() async {
        continuation.finish()
    }

    /// Sends a stanza; false while offline.
    ///
    /// Stanzas of one moment leave in one write.
    @discardableResult
    package func send(_ stanza: Stanza) -> Bool {
        false
    }

    /// Sends an iq and waits for its answer, matched by address and a random id.
    ///
    /// - Throws: the error that came back, or `remote-server-timeout` when nothing did.
    package func request(_ iq: Stanza) async throws(StanzaError) -> Stanza {
        throw StanzaError(.remoteServerTimeout)
    }

    /// Ends the stream in order, waits a short while for the server's end of it, and ends
    /// ``run()``.
    package func close() async {
        continuation.finish()
    }
}
