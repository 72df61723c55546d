package import XMPP

/// What the shards tell each other of components and for them.
package enum ComponentNews: Sendable {
    /// A connection of the component is there: for the shard of a domain that it has rights over.
    /// The first one is told more than what it may do.
    case attached(JID, SessionID, isFirst: Bool, domain: JID)
    /// The component's last connection is gone: for the same shards.
    case gone(JID, domain: JID)
    /// The component wants to know who of the domain is online: for all shards.
    case newcomer(JID, domain: JID)
    /// A component sends the message inside as an account: for the account's shard.
    case message(Stanza)
    /// A request to an address is delegated to a component: for the shard of its domain.
    case delegated(Stanza, address: JID, to: JID)
    /// What a component says for a namespace that belongs to the domain's disco info: for all
    /// shards.
    case nested(DiscoInfo?, String, NestedDiscovery.Place, domain: JID, by: JID)
    /// Presence of a contact elsewhere of an account of the domain, for whose shard it is.
    case contact(Stanza, domain: JID)
}
