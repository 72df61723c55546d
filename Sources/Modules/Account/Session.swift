package import XMPP

/// One resource of an account that is connected here (RFC 6120 §7).
package struct Session: Sendable {
    /// Entities to which a session may have sent directed presence; past it the oldest are
    /// forgotten, and do not learn when the session ends.
    package static let directedMaximum = 1_000

    package let id: SessionID
    /// The full address.
    package let jid: JID
    /// The latest available presence that was broadcast; nil while the session is unavailable.
    package internal(set) var presence: Stanza?
    /// From the presence; negative means that messages to the bare address pass it by.
    package internal(set) var priority = 0
    /// When it was last there, where its initial presence said so (XEP-0312).
    var since: Instant?
    /// It asked for the roster and is told of changes (RFC 6121 §2.1.6).
    package internal(set) var wantsRoster = false
    /// What its capabilities say, as far as they are known.
    package internal(set) var capabilities = SessionCapabilities()
    /// Where directed presence went, in order (RFC 6121 §4.6).
    package internal(set) var directed: [JID] = []

    /// Whether it has sent available presence.
    package var isAvailable: Bool { presence != nil }

    /// Whether it can be sent messages to the bare address (RFC 6121 §8.5.2.1.1).
    package var takesMessages: Bool { isAvailable && priority >= 0 }

    package init(id: SessionID, jid: JID) {
        self.id = id
        self.jid = jid
    }

    /// Remembers, or forgets, that `recipient` knows of this session.
    mutating func direct(to recipient: JID, available: Bool) {
        directed.removeAll { $0 == recipient }
        guard available else { return }
        if directed.count >= Self.directedMaximum { directed.removeFirst() }
        directed.append(recipient)
    }

    /// Its sender's facts, for stanzas that go to other accounts.
    var origin: Routed.Origin { .init(session: id, notify: capabilities.notify, since: since) }

    /// It as a recipient of notifications.
    var recipient: Recipient { Recipient(jid: jid, session: id) }
}

/// What is known of a session's capabilities.
package struct SessionCapabilities: Sendable {
    /// What its latest presence named; nil where it named none.
    var key: CapabilityKey?
    /// The id of the disco request that the server sent to learn what `key` means.
    var query: String?
    /// The nodes that it wants; nil while unknown.
    var notify: NotifySet?
}
