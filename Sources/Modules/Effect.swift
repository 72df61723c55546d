package import XMPP

/// What is to be done after a decision; the host carries them out in order.
///
/// Indirect: an effect is handed on several times, and stanzas are large.
package indirect enum Effect: Sendable {
    /// Keeps a change; with ``Durability/immediate``, what follows waits for the commit.
    case store(Change, Durability)
    /// Sends to one session of an account of this shard.
    case deliver(Stanza, to: SessionID)
    /// Sends to whatever address the stanza names.
    case route(Routed)
    /// Sends one stanza without an address to each of many.
    case spread(Routed, to: [JID])
    /// Tells contacts' accounts what a session turned out to want to be notified of.
    case interest(Interest, to: [JID])
    /// Sends one event, written once, to many.
    case notify(Notification)
    /// Reads what is not in memory; the answer comes back to the account.
    case load(owner: JID, LoadRequest)
    /// Has an account's shard say what the sender of a request is to that account; the request
    /// comes back with it.
    case relate(Routed, to: JID)
    /// Has the owner's nodes looked at then; the answer is ``AccountShard/woke(_:at:)``.
    case wake(owner: JID, Instant)
    /// Tells the fleet service what has become of a host; the answer is
    /// ``AccountShard/receive(_:at:)``.
    case mirror(MirrorChange)
    /// Tells the shard of an address, or with nil every shard, of a component; the answer is
    /// ``AccountShard/receive(_:at:)``.
    case tell(ComponentNews, JID?)
    /// Ends a session's stream; nil ends it in peace.
    case end(SessionID, StreamError?)
    /// Goes behind the requests of a session that sends no more, once around all shards and back
    /// to its own: when it arrives, their answers are out.
    case farewell(SessionID, of: JID, visited: Int)
}

/// What the modules keep, by module.
package enum Change: Sendable {
    case roster(RosterChange)
    case pubsub(PubSubChange)
}

/// A stanza between shards, with what this server knows of its sender.
package struct Routed: Sendable {
    package var stanza: Stanza
    /// The session that it came from; nil for what the server itself or another server sends.
    package var origin: Origin?
    /// What the sender is to the account that was asked about it (``Effect/relate(_:to:)``).
    package var relation: Relation?
    /// The component that had it sent in the name of who it is from (XEP-0356).
    package var agent: JID?

    package init(_ stanza: Stanza, origin: Origin? = nil, agent: JID? = nil) {
        self.stanza = stanza
        self.origin = origin
        self.agent = agent
    }

    /// A local session that sends, and what it wants to be notified of.
    package struct Origin: Sendable {
        package let session: SessionID
        /// Nodes with `+notify` in its capabilities; nil while they are not known.
        package let notify: NotifySet?
        /// When it was last there, where its initial presence said so (XEP-0312).
        package let since: Instant?

        package init(session: SessionID, notify: NotifySet?, since: Instant? = nil) {
            self.session = session
            self.notify = notify
            self.since = since
        }
    }
}

/// What a session wants to be notified of, learnt after its presence went out.
package struct Interest: Sendable {
    package let jid: JID
    package let origin: Routed.Origin

    package init(jid: JID, origin: Routed.Origin) {
        self.jid = jid
        self.origin = origin
    }
}
