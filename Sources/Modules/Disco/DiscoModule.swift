package import XMPP

/// Tells what the server and its accounts are, can do and hold (XEP-0030).
package enum DiscoModule: Module {
    package static let specifications = [
        Specification("XEP-0030", version: "2.5.0"), Specification("XEP-0115", version: "1.6.0"),
        Specification("XEP-0390", version: "0.3.2", leftOut: "hashes of the server's own"),
    ]
    package static let serverFeatures = [Namespace.discoInfo, Namespace.discoItems]
    package static let accountFeatures = [Namespace.discoInfo, Namespace.discoItems]
    package static let routes = [
        Route("get", .server, Namespace.discoInfo), Route("get", .server, Namespace.discoItems),
        Route("get", .account, Namespace.discoInfo), Route("get", .account, Namespace.discoItems),
        Route("get", .service, Namespace.discoInfo), Route("get", .service, Namespace.discoItems),
    ]

    // MARK: The server

    package static func receive(
        _ request: Request,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        guard request.payload["node"] == nil else { throw StanzaError(.itemNotFound) }
        if request.payload.namespace == Namespace.discoItems {
            let domain = request.stanza.to?.domain ?? world.domain.domain
            let items = world.items(of: domain, for: request.from).map { DiscoItems.Item(jid: $0) }
            return [request.result(DiscoItems(items: items).element)]
        }
        return [request.result(serverInfo(in: world).element)]
    }

    /// What the server itself is and can do.
    package static func serverInfo(in world: borrowing World) -> DiscoInfo {
        DiscoInfo(
            identities: [.init(category: "server", type: "im", name: world.software.name)],
            features: world.modules.modules.flatMap { $0.serverFeatures }
        )
    }

    // MARK: Services

    package static func receive(
        _ request: Request,
        service: inout PubSubService,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        let relation = service.relation(of: request.from, in: world)
        let node = request.payload["node"]
        if let answer = try service.discoCommands(request, relation) {
            return [request.result(answer)]
        }
        if node != nil { try service.admitToFleet(request.from) }
        if request.payload.namespace == Namespace.discoItems {
            let items = try service.discoItems(
                node: node,
                filter: TypeFilter(in: request.payload),
                page: ResultSetRequest.read(in: request.payload),
                for: request.from,
                relation: relation
            )
            return [request.result(items.element)]
        }
        if let node, !node.isEmpty {
            let info = try service.discoInfo(node: node, for: request.from, relation: relation)
            return [request.result(info.element)]
        }
        let kind = service.profile.kind
        let info = DiscoInfo(
            identities: [.init(category: "pubsub", type: "service", name: kind.title)],
            features: [Namespace.discoInfo, Namespace.discoItems]
                + world.modules.modules.flatMap { $0.serviceFeatures(of: kind) }
                + service.profile.historyFeatures
        )
        return [request.result(info.element)]
    }

    // MARK: Accounts

    package static func receive(
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        guard account.shows(itselfTo: request.from, in: world.groups) else {
            // RFC 6121 §8.5.1: as if there were no such account.
            throw StanzaError(.serviceUnavailable)
        }
        let relation = account.relation(of: request.from, in: world.groups)
        let node = request.payload["node"]
        if let answer = try account.pep.discoCommands(request, relation) {
            return [request.result(answer)]
        }
        if request.payload.namespace == Namespace.discoItems {
            let items = try account.pep.discoItems(
                node: node,
                filter: TypeFilter(in: request.payload),
                page: ResultSetRequest.read(in: request.payload),
                for: request.from,
                relation: relation
            )
            return [request.result(items.element)]
        }
        if let node, !node.isEmpty {
            let info = try account.pep.discoInfo(
                node: node,
                for: request.from,
                relation: relation
            )
            return [request.result(info.element)]
        }
        let info = DiscoInfo(
            identities: [
                .init(category: "account", type: "registered"),
                .init(category: "pubsub", type: "pep"),
            ],
            features: world.modules.modules.flatMap { $0.accountFeatures }
                + account.pep.profile.historyFeatures
        )
        return [request.result(info.element)]
    }
}
