package import XMPP

/// What a server is to its streams: it knows the accounts and routes the stanzas.
///
/// Every function is called on the connection's event loop, in the order of what came.
package protocol StreamOwner: Sendable {
    /// Finds an account's secrets. `answer` is called once, on any thread, at once or later;
    /// meanwhile the stream waits.
    func credentials(
        for account: JID,
        _ answer: @escaping @Sendable (CredentialsAnswer) -> Void
    )

    /// Somebody at that address has been wrong too often in that name, and is not listened to for
    /// the time being; called once in each pause.
    ///
    /// `name` nil is for all names that nobody there has been right for, of which one is listened
    /// to in each such time; called once until it has been quiet there.
    func pauses(_ name: JID?, from address: String, for pause: Duration)

    /// Registers a session of an account; `resource` nil asks for one made up by the server. A
    /// component's connection may ask for several domains, one after another.
    ///
    /// `answer` is called once, on any thread, at once or later, with the full address; meanwhile
    /// the stream waits. The stream may end before: ``closed(_:)`` then comes for this connection
    /// all the same, and the answer is of no effect.
    func bind(
        account: JID,
        resource: String?,
        on connection: StreamConnection,
        _ answer: @escaping @Sendable (Result<JID, StanzaError>) -> Void
    )

    /// A component gives up a domain that ``bind(account:resource:on:_:)`` gave it; others may be
    /// left.
    func unbind(_ name: JID, on connection: StreamConnection)

    /// Stanzas of a session in order, `from` stamped: all that one read brought, so that they can
    /// be handed on in one hop.
    func received(_ stanzas: [Stanza], on connection: StreamConnection)

    /// The client sends nothing more on a bound stream, and reads on: once what it asked for is
    /// answered, the owner closes the connection in peace. The stream waits for that as long as it
    /// would for a peer's end tag.
    func finished(_ connection: StreamConnection)

    /// The peer has read enough that more can be sent, after ``StreamConnection/takesMore`` said
    /// no.
    func drained(_ connection: StreamConnection)

    /// The stream of a connection that ``bind(account:resource:on:_:)`` was called for has ended;
    /// called once. What is sent from here on is dropped.
    func closed(_ connection: StreamConnection)
}

extension StreamOwner {
    /// Nobody wants to know.
    package func pauses(_ name: JID?, from address: String, for pause: Duration) {}

    /// Nobody has more than one.
    package func unbind(_ name: JID, on connection: StreamConnection) {}

    /// Nothing was held back.
    package func drained(_ connection: StreamConnection) {}

    /// Nothing is waited for.
    package func finished(_ connection: StreamConnection) { connection.close(nil) }
}
