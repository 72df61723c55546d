package import XMPP

/// Tells what the server and its accounts are, can do and hold (XEP-0030).
package enum DiscoModule: Module {
    package static let specifications = [
        Specification("XEP-0030", version: "2.5.0"), Specification("XEP-0115", version: "1.6.0"),
        Specification("XEP-0390", version: "0.3.2", leftOut: "hashes of the server's own"),
    ]
    package static let serverFeatures = [
        Namespace.discoInfo, Namespace.discoItems, Namespace.capabilities,
    ]
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
        let domain = request.stanza.to?.domain ?? world.domain.domain
        if let node = request.payload["node"] {
            var info = serverInfo(of: domain, in: world)
            guard request.payload.namespace == Namespace.discoInfo,
                node == capabilities(of: info)?.discoNode
            else { throw StanzaError(.itemNotFound) }
            info.node = node
            return [request.result(info.element)]
        }
        if request.payload.namespace == Namespace.discoItems {
            let items = world.items(of: domain, for: request.from).map { DiscoItems.Item(jid: $0) }
            return [request.result(DiscoItems(items: items).element)]
        }
        return [request.result(serverInfo(of: domain, in: world).element)]
    }

    /// What the server itself is and can do, as a domain of accounts.
    private static func serverInfo(of domain: String, in world: borrowing World) -> DiscoInfo {
        var info = DiscoInfo(
            identities: [.init(category: "server", type: "im", name: world.software.name)],
            features: world.features(of: domain) { $0.serverFeatures }
        )
        world.nested.add(to: &info, .server, of: domain)
        return info
    }

    /// Names the software in the server's capabilities (XEP-0115).
    private static let capabilitiesNode = "urn:lapwing:server"

    private static func capabilities(of info: DiscoInfo) -> EntityCapabilities? {
        EntityCapabilities(node: capabilitiesNode, describing: info)
    }

    /// What all streams tell of what the server can do (XEP-0115 §6.3); nil where that changes with
    /// what components say.
    package static func serverCapabilities(in world: borrowing World) -> EntityCapabilities? {
        guard world.delegations.isEmpty else { return nil }
        return capabilities(of: serverInfo(of: world.domain.domain, in: world))
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
        let domain = account.jid.domain
        if world.delegations.takesNodes(of: domain) {
            // The nodes that are kept here are not those that the account has.
            if let node, !node.isEmpty { throw StanzaError(.itemNotFound) }
            if request.payload.namespace == Namespace.discoItems {
                return [request.result(DiscoItems(node: node).element)]
            }
            return [request.result(accountInfo(of: account, world).element)]
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
        return [request.result(accountInfo(of: account, world).element)]
    }

    private static func accountInfo(of account: Account, _ world: borrowing World) -> DiscoInfo {
        let domain = account.jid.domain
        var info = DiscoInfo(
            identities: [.init(category: "account", type: "registered")],
            features: world.features(of: domain) { $0.accountFeatures }
        )
        if world.delegations[Namespace.pubsub, domain] == nil {
            info.identities.append(.init(category: "pubsub", type: "pep"))
            info.features += account.pep.profile.historyFeatures
        }
        world.nested.add(to: &info, .accounts, of: domain)
        return info
    }
}

extension World {
    /// The features of modules that are not a component's to tell (XEP-0355 §7.2.1).
    fileprivate func features(
        of domain: String,
        _ features: (any Module.Type) -> [String]
    ) -> [String] {
        guard !delegations.isEmpty else { return modules.modules.flatMap(features) }
        return modules.modules.flatMap { module -> [String] in
            if let namespace = module.namespace, delegations[namespace, domain] != nil { return [] }
            return features(module).filter { !delegations.hides($0, in: domain) }
        }
    }
}
