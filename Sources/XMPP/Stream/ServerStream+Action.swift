extension ServerStream {
    /// What whoever runs a ``ServerStream`` does next; every event returns one.
    package enum Action: Sendable, Equatable {
        case nothing
        /// A stanza of the session, `from` stamped with its full address: route it.
        case deliver(Stanza)
        /// Write the element.
        case send(Element)
        /// Write the header and the features behind it, where the kind of stream has any.
        case open(StreamHeader, features: Element?)
        /// Write the element, throw away every byte that was read and not yet parsed, reset the
        /// parser and start the handshake; then ``ServerStream/tlsEstablished(_:)``.
        ///
        /// What came behind `<starttls/>` in the same packet was sent in the clear, by anybody: it
        /// must never be read as if it came through TLS (RFC 6120 §5.4.3.3, CVE-2011-0411). So
        /// drop what is buffered before the first byte goes to TLS; do not feed it to TLS either.
        case startTLS(proceed: Element)
        /// Find the account's secrets and answer with ``ServerStream/credentialsFound(_:)``.
        case lookUp(account: JID)
        /// Compute ``PlainAttempt/isCorrect()`` away from the event loop, for it takes
        /// milliseconds, and answer with ``ServerStream/plainVerified(_:)``.
        case verifyPlain(PlainAttempt)
        /// The peer wants to prove that it is `name`, by something that is judged at once: answer
        /// with ``ComponentStream/attemptAnswered(_:)`` whether it may try.
        case attempt(name: JID)
        /// Write the element, throw away the events that were parsed behind the one just fed,
        /// reset the parser for a new header and raise its limits.
        case restart(success: Element, account: JID)
        /// Register the session and answer with ``ServerStream/bound(_:)`` or
        /// ``ServerStream/bindFailed(_:)`` before the next element is fed; `resource` nil asks for
        /// one that the server makes up.
        case bind(account: JID, resource: String?)
        /// Take a name from the session, which ``bind(account:resource:)`` gave it, and write the
        /// element.
        case unbind(JID, answer: Element)
        /// Write the ending, feed nothing more but the peer's end tag, and end the connection as
        /// ``StreamEnding/awaitsPeer`` says.
        case close(StreamEnding)
        /// End the connection: there is nothing to write.
        case disconnect
    }
}
