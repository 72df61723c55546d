package import XMPP

/// Questions about what was published on nodes (XEP-0313 by XEP-0442).
///
/// Accounts do not list the archive among their features: that would promise one of messages
/// (XEP-0313 §7). Their nodes do.
package enum ArchiveModule: Module {
    package static let specifications = [
        Specification("XEP-0059", version: "1.0.0"),
        Specification(
            "XEP-0313",
            version: "1.1.3",
            leftOut: "archives of messages and preferences: nodes only, by XEP-0442"
        ),
        Specification("XEP-0413", version: "0.2.1"),
        Specification("XEP-0442", version: "0.2.0"),
    ]
    package static let routes =
        Route.both(.account, ArchiveQuery.namespace) + Route.both(.service, ArchiveQuery.namespace)

    package static let accountFeatures = ItemOrder.features

    package static func serviceFeatures(of kind: PubSubService.Profile.Kind) -> [String] {
        kind == .personal ? [] : ArchiveQuery.features + ItemOrder.features
    }

    package static func receive(
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        let owner = account.jid
        return try account.pep.receiveQuestion(
            request.stanza,
            from: request.from,
            relation: account.relation(of: request.from, in: world.groups)
        ).map { $0.effect(of: owner) }
    }

    package static func receive(
        _ request: Request,
        service: inout PubSubService,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        let owner = service.owner
        return try service.receiveQuestion(
            request.stanza,
            from: request.from,
            relation: service.relation(of: request.from, in: world)
        ).map { $0.effect(of: owner) }
    }
}
