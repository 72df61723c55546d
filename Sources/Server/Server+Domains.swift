import Configuration
import Modules
import Transport
import XMPP

// The domains that are served, and what each has.
extension ServerConfiguration {
    /// The same with all names of domains in their one form, as addresses have them.
    ///
    /// - Throws: ``Failure`` where one is no domain, or two are the same.
    func prepared() throws(Failure) -> ServerConfiguration {
        var prepared = self
        prepared.domain = try Self.prepared(domain)
        for index in furtherDomains.indices {
            let name = try Self.prepared(furtherDomains[index].name)
            guard !prepared.domains.prefix(index + 1).contains(name) else {
                throw Failure(2, "‘\(name)’ is configured twice")
            }
            prepared.furtherDomains[index].name = name
        }
        for link in links.indices {
            prepared.links[link].hosts = try links[link].hosts.map { (host) throws(Failure) in
                guard host.hasPrefix("*.") else { return try Self.prepared(host) }
                return try "*." + Self.prepared(String(host.dropFirst(2)))
            }
        }
        return prepared
    }

    private static func prepared(_ domain: String) throws(Failure) -> String {
        guard let jid = try? JID(local: nil, domain: domain) else {
            throw Failure(2, "‘\(domain)’ is no domain")
        }
        return jid.domain
    }
}

extension Server {
    /// What all event loops know; the configuration's domains are prepared.
    static func world(_ configuration: ServerConfiguration, _ groups: SharedGroups) -> World {
        var world = World(
            domain: JID(normalizedLocal: nil, domain: configuration.domain),
            others: Set(configuration.furtherDomains.map(\.name)),
            modules: ModuleTable(modules),
            groups: groups,
            software: .init(name: "Lapwing", version: version)
        )
        world.sessionsMaximum = configuration.limits.sessionsPerAccount
        // Those that are attached to another process of the server are reached like the others.
        let linked = configuration.links.flatMap(\.hosts)
        world.components = (configuration.components.map(\.domain) + linked).map {
            JID(normalizedLocal: nil, domain: $0)
        }
        let inner = configuration.components.filter { !$0.isFederated }.map(\.domain)
        world.internalComponents = Set(
            configuration.innerHosts.union(inner).map { JID(normalizedLocal: nil, domain: $0) }
        )
        world.privileges = PrivilegeTable(configuration.components, in: world)
        world.delegations = DelegationTable(configuration.components, in: world)
        for local in configuration.localDomains { add(local, to: &world) }
        return world
    }

    /// Adds the services of a domain.
    private static func add(_ local: ServerConfiguration.LocalDomain, to world: inout World) {
        let administrators = addresses(local.pubsub.administrators)
        if let name = local.pubsub.domain, let jid = try? JID(name) {
            world.add(jid, .init(.shared, of: local.name, administrators: administrators))
        }
        if let name = local.fleet.domain, let jid = try? JID(name) {
            let service = World.Service(
                .fleet,
                of: local.name,
                administrators: administrators,
                allowed: addresses(local.fleet.allowed)
            )
            world.add(jid, service)
        }
    }

    private static func addresses(_ names: [String]) -> Set<JID> {
        Set(names.compactMap { try? JID($0) })
    }

    /// How the nodes of accounts are kept.
    static func profile(_ configuration: ServerConfiguration) -> PubSubService.Profile {
        let limits = limits(configuration, nodes: configuration.limits.nodesPerAccount)
        var profile = PubSubService.Profile.pep(limits: limits)
        profile.history = HistoryPolicy(configuration.history)
        return profile
    }

    /// How those of a service are.
    static func profile(
        of service: World.Service,
        _ configuration: ServerConfiguration
    ) -> PubSubService.Profile {
        let limits = limits(configuration, nodes: configuration.limits.nodesPerService)
        switch service.kind {
        case .personal: return profile(configuration)
        case .fleet:
            var profile = PubSubService.Profile.fleet(limits: limits)
            profile.history = HistoryPolicy(configuration.history)
            return profile
        case .shared:
            let local = configuration.localDomains.first { $0.name == service.domain }
            var profile = PubSubService.Profile.shared(users: service.domain, limits: limits)
            switch local?.pubsub.creators {
            case .local, nil: break
            case .anyone: profile.creators = .anybody
            case .administrators: profile.creators = .nobody
            }
            return profile
        }
    }

    private static func limits(
        _ configuration: ServerConfiguration,
        nodes: Int
    ) -> PubSubLimits {
        var limits = PubSubLimits()
        limits.nodes = nodes
        limits.nodesOfOne = configuration.limits.nodesPerCreator
        limits.subscriptions = configuration.limits.subscriptionsPerNode
        limits.items = min(configuration.limits.itemsPerNode, PubSubLimits.itemsMaximum)
        return limits
    }
}

// MARK: - Certificates

extension Server {
    static func certificateFiles(_ configuration: ServerConfiguration) -> [CertificateFiles] {
        configuration.certificates.map { domain, files in
            CertificateFiles(chain: files.certificateFile, key: files.keyFile, domain: domain)
        }
    }

    /// All certificates; nil where no listener needs one.
    static func tlsContext(_ configuration: ServerConfiguration) throws -> TLSContext? {
        let files = certificateFiles(configuration)
        guard !files.isEmpty else { return nil }
        do {
            return try TLSContext.server(files)
        } catch {
            throw Failure(2, "\(error)")
        }
    }

    /// What `--check` says of the certificates: what is wrong, what to know, and what each domain
    /// has.
    static func checkCertificates(
        of configuration: ServerConfiguration
    ) -> (problems: [String], warnings: [String], lines: [String]) {
        do {
            let configuration = try configuration.prepared()
            guard let context = try tlsContext(configuration) else { return ([], [], []) }
            let domains = configuration.domains
            return ([], context.warnings(of: domains), context.summaries(of: domains))
        } catch {
            return (["\(error)"], [], [])
        }
    }
}
