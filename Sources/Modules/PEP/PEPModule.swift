package import XMPP

/// Personal eventing: an account's nodes (XEP-0163 on XEP-0060).
package enum PEPModule: Module {
    package static let specifications = [
        Specification("XEP-0163", version: "1.2.2"),
        Specification(
            "XEP-0060",
            version: "1.30.0",
            leftOut: "payment, anonymous subscribers, several items at once (§12.11)"
        ),
        Specification(
            "XEP-0312",
            version: "0.3",
            leftOut: "of subscriptions with options or to many nodes all but last items"
        ),
    ]
    package static let namespace: String? = Namespace.pubsub
    package static let accountFeatures = PubSubFeatures.of(.personal)
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
