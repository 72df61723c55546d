import Configuration
import Federation
import Logging
import Modules
import NIOCore
import Synchronization
import Transport
import XMPP

// Other servers, from this process: the gateway and its ports.
extension Server {
    /// What the configuration says of other servers, for the parts that run it.
    struct FederationSettings {
        let policy: FederationPolicy
        let keys: DialbackKeys
        let limits: RemoteTable.Limits
        let streamLimits: PeerLimits
        let resolver: ResolverSettings

        init(
            _ federation: ServerConfiguration.Federation,
            _ configuration: ServerConfiguration
        ) throws(Failure) {
            policy = try Self.policy(federation)
            let secret = federation.secret.map { Array($0.utf8) } ?? Random.bytes(32)
            guard let keys = DialbackKeys(secret: secret) else {
                throw Failure(2, "the secret of [federation] is too short")
            }
            self.keys = keys
            var limits = RemoteTable.Limits()
            limits.bytesPerDomain = federation.queueBytes
            limits.idleTime = federation.idle
            self.limits = limits
            var streamLimits = PeerLimits()
            streamLimits.afterProof = XMLLimits(
                stanzaBytes: max(configuration.limits.stanzaBytes, XMLLimits.server.stanzaBytes),
                depth: configuration.limits.stanzaDepth,
                attributes: configuration.limits.stanzaAttributes + XMLLimits.server.declarations,
                children: configuration.limits.stanzaChildren,
                declarations: XMLLimits.server.declarations
            )
            let rate = federation.bytesPerSecond
            streamLimits.rate =
                rate == 0 ? nil : ByteRate(bytesPerSecond: rate, burst: rate * 4)
            self.streamLimits = streamLimits
            resolver = ResolverSettings(configuration.names)
        }

        private static func policy(
            _ federation: ServerConfiguration.Federation
        ) throws(Failure) -> FederationPolicy {
            var policy = FederationPolicy(usual: FederationPolicy.Rule(federation.usual))
            for rule in federation.domains {
                guard policy.set(FederationPolicy.Rule(rule), for: rule.name) else {
                    throw Failure(2, "‘\(rule.name)’ in [[federation.domains]] is no domain")
                }
            }
            return policy
        }
    }

    /// Makes the way to other servers, where there is to be one.
    func openFederation() async throws {
        guard let federation = configuration.federation, let first = hosts.first else { return }
        let settings = try FederationSettings(federation, configuration)
        do {
            try NameResolver.check(settings.resolver)
        } catch {
            throw Failure(2, "[names]: \(error)")
        }
        let world = first.world
        let components = components
        let isLocal: @Sendable (String) -> Bool = { name in
            world.serves(name) || components.has(name)
        }
        let isReached: @Sendable (String) -> Bool = { name in
            world.serves(name) || components.isFederated(name)
        }
        let gateway = Gateway(
            on: first.loop,
            RemoteTable(policy: settings.policy, limits: settings.limits),
            uplink: RouterUplink(first, isLocal: isLocal, log: log),
            log: log
        )
        var peerConfiguration = PeerConfiguration(
            domain: configuration.domain,
            serves: isReached,
            policy: settings.policy,
            keys: settings.keys
        )
        peerConfiguration.isOurs = isLocal
        peerConfiguration.limits = settings.streamLimits
        peerConfiguration.isBidirectional = federation.isBidirectional
        let credentials = credentials
        let streams = PeerStreams(
            peerConfiguration,
            owner: gateway,
            credentials: { credentials.current },
            resolver: NameResolver(settings.resolver),
            on: first.loop
        )
        await gateway.begin(streams)
        self.gateway.withLock { $0 = gateway }
        for host in hosts { await host.begin(RouteTable(uplink: gateway)) }
        for listener in federation.listeners { try await listen(listener, streams) }
    }

    private func listen(
        _ listener: ServerConfiguration.PeerListener,
        _ streams: PeerStreams
    ) async throws {
        let isDirect = listener.security == .direct
        do {
            let opened = try await streams.listen(
                on: listener.address,
                port: listener.port,
                isDirect ? .direct : .startTLS,
                admission: peerAdmission
            )
            let name = isDirect ? "s2s-direct" : "s2s"
            listeners.withLock {
                $0.append(.init(name: name, address: listener.address, listener: opened))
            }
            log.info("listening on \(listener.address) port \(opened.port), \(name)")
        } catch {
            throw Failure(1, "\(error)")
        }
    }

    /// What is shown to other servers.
    static func credentials(
        _ configuration: ServerConfiguration
    ) throws -> PeerCredentials? {
        let files = certificateFiles(configuration)
        guard let federation = configuration.federation, !files.isEmpty else { return nil }
        do {
            return try PeerCredentials(files, authorities: federation.authoritiesFile)
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
    }
}
