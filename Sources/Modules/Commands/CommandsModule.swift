package import XMPP

/// Commands that are asked for by name and filled in by forms (XEP-0050).
package enum CommandsModule: Module {
    package static let specifications = [
        Specification("XEP-0050", version: "1.3.0", leftOut: "all but get-pending of XEP-0060")
    ]
    package static let accountFeatures = [Namespace.commands]
    package static let routes = [
        Route("set", .account, Namespace.commands), Route("set", .service, Namespace.commands),
    ]

    package static func serviceFeatures(of kind: PubSubService.Profile.Kind) -> [String] {
        kind == .fleet ? [] : [Namespace.commands]
    }

    package static func receive(
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        let (owner, relation) = (account.jid, account.relation(of: request.from, in: world.groups))
        return try account.pep.command(request, relation).map { $0.effect(of: owner) }
    }

    package static func receive(
        _ request: Request,
        service: inout PubSubService,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        let (owner, relation) = (service.owner, service.relation(of: request.from, in: world))
        return try service.command(request, relation).map { $0.effect(of: owner) }
    }
}

// What commands there are (XEP-0050 §2).
extension PubSubService {
    /// Whether a node of disco is one of commands.
    static func isOfCommands(_ node: String) -> Bool {
        node == Namespace.commands || node == getPending
    }

    /// The answer to a question about commands; nil where it is about something else.
    func discoCommands(
        _ request: Request,
        _ relation: Relation
    ) throws(StanzaError) -> Element? {
        let isItems = request.payload.namespace == Namespace.discoItems
        guard let node = request.payload["node"], profile.kind != .fleet else { return nil }
        switch node {
        case Namespace.commands:
            let mayUse = ownsNodes(request.from, relation)
            guard isItems else {
                let identity = DiscoInfo.Identity(category: "automation", type: "command-list")
                return DiscoInfo(node: node, identities: [identity]).element
            }
            let command = DiscoItems.Item(
                jid: owner,
                node: Self.getPending,
                name: Self.getPendingTitle
            )
            return DiscoItems(node: node, items: mayUse ? [command] : []).element
        case Self.getPending where !isItems:
            guard ownsNodes(request.from, relation) else { throw StanzaError(.forbidden) }
            return DiscoInfo(
                node: node,
                identities: [
                    .init(
                        category: "automation",
                        type: "command-node",
                        name: Self.getPendingTitle
                    )
                ],
                features: [Namespace.commands, Namespace.dataForms]
            ).element
        default: return nil
        }
    }
}
