import Configuration
import Federation
import Logging
import NIOCore
import Transport
import XMPP

/// A process's side towards other servers: the gateway, its streams and its ports.
struct FederationFront: Sendable {
    let gateway: Gateway
    private let streams: PeerStreams
    private let listeners: [ServerConfiguration.PeerListener]
    private let admission: Admission
    private let log: Logger

    /// What the process may have open at once decides how many streams there are; `serves` says
    /// which domains others reach here, and `isOurs` which they may not be.
    ///
    /// - Throws: ``Failure`` for settings that no parts can be made of.
    init(
        _ configuration: ServerConfiguration,
        _ federation: ServerConfiguration.Federation,
        on loop: any EventLoop,
        uplink: any Uplink,
        credentials: Credentials,
        files: OpenFiles,
        serves: @escaping @Sendable (String) -> Bool,
        isOurs: @escaping @Sendable (String) -> Bool,
        log: Logger
    ) async throws {
        let settings = try FederationSettings(federation, configuration, files)
        do {
            try NameResolver.check(settings.resolver)
        } catch {
            throw Failure(2, "[names]: \(error)")
        }
        if let file = settings.resolver.keyFile {
            log.info("DNSSEC begins with the keys of \(file)")
        } else {
            log.info("there is no DNSSEC, and so no DANE: there are no keys to begin with")
        }
        gateway = Gateway(
            on: loop,
            RemoteTable(policy: settings.policy, limits: settings.limits),
            uplink: uplink,
            log: log
        )
        var peers = PeerConfiguration(
            domain: configuration.domain,
            serves: serves,
            policy: settings.policy,
            keys: settings.keys
        )
        peers.isOurs = isOurs
        peers.limits = settings.streamLimits
        peers.isBidirectional = federation.isBidirectional
        peers.passesStanzas = !configuration.role.hasAccounts
        streams = PeerStreams(
            peers,
            owner: gateway,
            credentials: { credentials.current },
            resolver: NameResolver(settings.resolver),
            on: loop
        )
        listeners = federation.listeners
        admission = Admission(
            total: min(configuration.limits.connections, files.peers),
            perAddress: configuration.limits.connectionsPerAddress
        )
        self.log = log
        await gateway.begin(streams)
    }

    /// Opens the ports on which other servers connect.
    func listen() async throws -> [OpenListener] {
        var opened: [OpenListener] = []
        for listener in listeners {
            let isDirect = listener.security == .direct
            do {
                let listening = try await streams.listen(
                    on: listener.address,
                    port: listener.port,
                    isDirect ? .direct : .startTLS,
                    admission: admission
                )
                let name = isDirect ? "s2s-direct" : "s2s"
                opened.append(.init(name: name, address: listener.address, listener: listening))
                log.info("listening on \(listener.address) port \(listening.port), \(name)")
            } catch {
                throw Failure(1, "\(error)")
            }
        }
        return opened
    }
}

/// What the configuration says of other servers, for the parts that run it.
private struct FederationSettings {
    let policy: FederationPolicy
    let keys: DialbackKeys
    let limits: RemoteTable.Limits
    let streamLimits: PeerLimits
    let resolver: ResolverSettings

    init(
        _ federation: ServerConfiguration.Federation,
        _ configuration: ServerConfiguration,
        _ files: OpenFiles
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
        limits.streams = min(limits.streams, files.peers)
        limits.connecting = min(limits.connecting, files.peers)
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
        streamLimits.rate = rate == 0 ? nil : ByteRate(bytesPerSecond: rate, burst: rate * 4)
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
