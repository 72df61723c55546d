import Configuration
import Federation
import Logging
import Modules
import NIOCore
import Synchronization
import Transport
import XMPP

// The ways out of this process: to other servers, and to the server's other processes.
extension Server {
    /// Makes the ways that the configuration has, and opens their ports.
    func openRoutes() async throws {
        guard let first = hosts.first else { return }
        let world = world
        let components = components
        let linked = Set(configuration.links.flatMap(\.hosts))
        let inner = configuration.innerHosts
        let isLocal: @Sendable (String) -> Bool = { name in
            world.serves(name) || components.has(name) || linked.contains(name)
        }
        let isReached: @Sendable (String) -> Bool = { name in
            world.serves(name) || components.isFederated(name)
                || linked.contains(name) && !inner.contains(name)
        }
        let gate = LinkGate.others(isLocal: isLocal)
        var ways: [String: RouterLink] = [:]
        var uplink: (any Route)?
        for link in configuration.links {
            let hosts = Set(link.hosts)
            // Whoever is the way to all others speaks for them, and a host of components for those.
            let way = RouterLink(
                link.name,
                first,
                gate: link.isUplink ? gate : .from { hosts.contains($0) },
                log: log
            )
            if link.isUplink { uplink = way }
            for host in hosts { ways[host] = way }
            links.withLock { $0.append(way) }
        }
        if let federation = configuration.federation {
            let front = try await FederationFront(
                configuration,
                federation,
                on: first.loop,
                uplink: RouterUplink(first, gate: gate, log: log),
                credentials: credentials,
                files: files,
                serves: isReached,
                isOurs: isLocal,
                log: log
            )
            gateway.withLock { $0 = front.gateway }
            uplink = front.gateway
            try await begin(RouteTable(hosts: ways, inner: inner, uplink: uplink))
            let opened = try await front.listen()
            listeners.withLock { $0 += opened }
        } else {
            try await begin(RouteTable(hosts: ways, inner: inner, uplink: uplink))
        }
        try await openLinks(on: first.loop)
    }

    private func begin(_ routes: RouteTable) async throws {
        for host in hosts { await host.begin(routes) }
    }

    private func openLinks(on loop: any EventLoop) async throws {
        let ends = links.withLock { links in
            Dictionary(links.map { ($0.link.name, $0.link as any LinkEnd) }) { first, _ in first }
        }
        let hub = LinkHub(ends, log: log)
        self.hub.withLock { $0 = hub }
        let credentials = credentials
        let opened = try await hub.open(configuration, on: loop) { credentials.current }
        listeners.withLock { $0 += opened }
    }

    /// What `--check` says of `[names]`, where other servers are looked up.
    static func problemsOfNames(_ configuration: ServerConfiguration) -> [String] {
        guard configuration.federation != nil else { return [] }
        do {
            try NameResolver.check(ResolverSettings(configuration.names))
            return []
        } catch {
            return ["[names]: \(error)"]
        }
    }

    /// What is shown to other servers, and on links.
    static func credentials(
        _ configuration: ServerConfiguration
    ) throws -> PeerCredentials? {
        let files = certificateFiles(configuration)
        let federation = configuration.federation
        let isShown = federation != nil || !configuration.links.isEmpty
        guard isShown, !files.isEmpty else { return nil }
        do {
            return try PeerCredentials(files, authorities: federation?.authoritiesFile)
        } catch {
            throw Failure(2, "\(error)")
        }
    }
}

extension FederationPolicy.Rule {
    init(_ rule: ServerConfiguration.DomainRule) {
        self.init(
            isAllowed: rule.isAllowed,
            requiresEncryption: rule.requiresEncryption,
            sendsDialback: rule.sendsDialback
        )
        let fingerprints = rule.fingerprints.compactMap { try? Fingerprint($0).bytes }
        if !fingerprints.isEmpty {
            authentication = .pinned(Set(fingerprints))
        } else {
            authentication = rule.authentication == .certificate ? .certificate : .dialback
        }
    }
}

extension ResolverSettings {
    init(_ names: ServerConfiguration.NameService) {
        self.init(records: names.records)
        if let servers = names.servers { self.servers = servers.isEmpty ? .none : .these(servers) }
        if let file = names.trustAnchorFile { trustAnchor = .file(file) }
        if !names.isSecured { trustAnchor = .none }
    }
}

extension ServerConfiguration {
    /// Domains behind links that stay among those of this server.
    var innerHosts: Set<String> {
        Set(links.lazy.filter { !$0.isFederated }.flatMap(\.hosts))
    }
}
