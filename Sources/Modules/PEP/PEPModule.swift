package import XMPP

/// Personal eventing: an account's nodes (XEP-0163 on XEP-0060).
package enum PEPModule: Module {
    package static let specifications = [
        Specification("XEP-0163", version: "1.2.2"),
        Specification(
            "XEP-0060",
            version: "1.30.0",
            leftOut: "subscription options, approval, SubIDs, leases, a service of its own"
        ),
    ]
    /// XEP-0163 §6, XEP-0060 §16.1, for each account.
    ///
    /// Of the access models the default alone is named: that is what these features mean.
    package static let accountFeatures =
        [Namespace.pubsub]
        + [
            "access-presence", "auto-create", "auto-subscribe", "config-node", "config-node-max",
            "create-and-configure", "create-nodes", "delete-items", "delete-nodes",
            "filtered-notifications", "instant-nodes", "item-ids", "last-published",
            "member-affiliation", "meta-data", "modify-affiliations", "multi-items",
            "outcast-affiliation", "persistent-items", "presence-subscribe", "publish",
            "publish-only-affiliation", "publish-options", "publisher-affiliation",
            "purge-nodes", "retract-items", "retrieve-affiliations", "retrieve-default",
            "retrieve-items", "retrieve-subscriptions", "manage-subscriptions", "subscribe",
        ].map { Namespace.pubsub + "#" + $0 }
    package static let routes =
        Route.both(.account, Namespace.pubsub) + Route.both(.account, Namespace.pubsubOwner)

    package static func receive(
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        // The nodes apart: a copy of them in the closure would copy them on the first change.
        let (owner, roster, groups) = (account.jid, account.roster, world.groups)
        return try account.pep.receive(
            request.stanza,
            from: request.from,
            relation: { Account.relation(of: $0, to: owner, roster, in: groups) },
            at: request.now
        ).map { $0.effect(of: owner) }
    }
}
