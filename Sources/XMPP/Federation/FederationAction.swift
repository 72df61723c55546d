/// What whoever runs an ``InboundFederation`` or an ``OutboundFederation`` does next; every event
/// returns one.
///
/// Elements and endings are written in the namespace `jabber:server`
/// (``Element/serialized(in:)``, ``StreamEnding/serialized(in:)``).
package enum FederationAction: Sendable, Equatable {
    case nothing
    /// A stanza of a pair that is proven: route it, and say when that is done with `handled`.
    case deliver(Stanza)
    /// The same, where stanzas are only passed on.
    case pass(PassedStanza)
    /// A stanza that cannot be delivered was answered with this error: route it as one of ours. It
    /// goes back on this stream only where the stream goes both ways.
    case bounce(Stanza)
    /// Write the elements.
    case send([Element])
    /// Write the header, the features behind it where there are some, and tell of the event. Where
    /// we open the stream, reset the parser for the peer's header first.
    case open(StreamHeader, features: Element? = nil, FederationEvent? = nil)
    /// Write the element, where there is one, throw away every byte that was read and not yet
    /// parsed, reset the parser and start the handshake; then `tlsEstablished`.
    ///
    /// What came in the clear behind it was sent by anybody: it must never be read as if it came
    /// through TLS (RFC 6120 §5.4.3.3, CVE-2011-0411).
    case startTLS(Element?)
    /// Say with ``InboundFederation/certificateChecked(_:)`` whether the certificate that the peer
    /// showed is for the domain, before the next element is fed.
    case checkCertificate(of: String)
    /// Write the element, throw away the events that were parsed behind the one just fed, and reset
    /// the parser for a new header.
    case restart(success: Element)
    /// Ask the question of the server that is authoritative for the pair's remote domain, on
    /// another stream (``OutboundFederation/ask(_:)``), and answer with
    /// ``InboundFederation/verified(_:_:)``. Stanzas go on meanwhile.
    case verify(DialbackQuestion)
    /// Write the elements, then tell of the event: what it allows comes behind them.
    case tell(FederationEvent, send: [Element] = [])
    /// Write the ending, end the connection as ``StreamEnding/awaitsPeer`` says, and tell of the
    /// event. What the peer has still to say may be fed: acknowledgements and its end tag count.
    case close(StreamEnding, FederationEvent? = nil)
    /// A stream that we opened failed for that reason: write the ending, if there is one, and end
    /// the connection as it says.
    case fail(FederationFailure, StreamEnding?)
    /// End the connection: there is nothing to write.
    case disconnect
}

/// What a stream between servers has come to, for whoever routes by it or keeps the log.
package enum FederationEvent: Sendable, Equatable {
    /// The pair is proven, and stanzas go between its domains in these directions from now on.
    /// With the first one the parser's limits can be raised.
    case authenticated(DomainPair, FederationProof, FederationDirection)
    /// The peer would not let us send for the pair on this stream, which goes on for others.
    case refused(DomainPair, FederationFailure)
    /// The peer could not prove the pair, and was told so: the condition, and why.
    case rejected(DomainPair, StanzaError)
    /// The answer to a question that we asked on this stream.
    case answered(DialbackQuestion, DialbackVerdict)
    /// So many stanzas of ours, the oldest, have arrived.
    case settled(Int)
    /// The peer ended a stream that it had opened itself with an error.
    case failed(StreamError)
    /// Something of the peer's was ignored that nobody had asked for, or that can have no answer:
    /// for the log.
    case ignored(String)
}

/// What proved that a peer is its domain.
package enum FederationProof: Sendable, Hashable {
    case certificate(CertificateTrust)
    /// The domain's own server said so, or the domain's name resolves to the peer.
    case dialback
}

/// Which way stanzas go.
package enum FederationDirection: Sendable, Hashable {
    /// From the pair's remote domain to the local one.
    case incoming
    /// From the local domain to the remote one.
    case outgoing
    /// Both ways on one stream (XEP-0288).
    case both
}

/// When TLS begins on a stream between servers.
package enum FederationSecurity: Sendable, Hashable {
    /// By `<starttls/>` (RFC 6120 §5).
    case startTLS
    /// Before the first byte of XML (XEP-0368).
    case direct
}
