import Modules
import XMPP

/// What one event loop has for another: gathered while a batch is worked off, sent in one hop.
indirect enum Letter: Sendable {
    /// A stanza for an account whose shard lives there, or for the domain.
    case stanza(Routed)
    /// The same stanza for several accounts whose shards live there.
    case spread(Routed, to: [JID])
    case interest(Interest, to: [JID])
    /// Bytes for a session whose connection lives there.
    case bytes([UInt8], to: SessionID)
    /// One event for sessions whose connections live there.
    case event(EventBytes, to: [Target])
    /// One event for addresses of accounts whose shards live there.
    case announcement(Notification)
    /// A request whose sender an account of that loop is asked about.
    case relate(Routed, to: JID)
    /// A question about the past of a node whose owner lives there, asked of another.
    case recall(LoadRequest, of: JID, node: String, for: JID)
    /// What has become of a host, for the fleet service that lives there.
    case mirror(MirrorChange, for: JID)
    /// What concerns components, for the shard there; whose it is, where it is one address's.
    case news(ComponentNews, for: JID)
    /// The time that an owner's nodes asked for has come.
    case wake(owner: JID)
    /// Stanzas of a component, in the order they came.
    case outside([Stanza])
    case end(SessionID, StreamError?)
    /// A session that sends no more; see ``Effect/farewell(_:of:visited:)``.
    case farewell(SessionID, of: JID, visited: Int)
    /// Stanzas of a session whose account's shard lives there, in the order they came.
    case received([Stanza], from: SessionID, of: JID)
    /// A session whose connection is gone.
    case closed(SessionID, of: JID)
}

extension Letter {
    /// A session that gets an event, and the markup that is its alone.
    struct Target: Sendable {
        let session: SessionID
        /// Whether it goes to the account, which the session is only one of.
        var isBare = false
        let own: [UInt8]
    }
}
