import Configuration
import Glibc
import Logging
import Modules
import NIOCore
import Synchronization
import Transport
import XMPP

// The ports, and what each asks of its connections.
extension Server {
    /// The components' listener in the ready file.
    private static let componentListenerName = "component"

    /// Opens all listeners and the control socket.
    func listen() async throws {
        let admission = Admission(
            total: min(configuration.limits.connections, files.connections),
            perAddress: configuration.limits.connectionsPerAddress
        )
        self.admission.withLock { $0 = admission }
        // One for all ports, or who has to wait at one would go to the next.
        let sessions = configuration.limits.sessionsPerAccount
        let attempts = AttemptGuard(.clients(sessions: sessions))
        for listener in configuration.listeners {
            try await open(
                listenerConfiguration(listener, attempts),
                named: listener.security.readyName
            )
        }
        if !configuration.components.isEmpty { try await openComponentListener() }
        do {
            let socket = ControlSocket(
                path: configuration.controlSocket,
                administrator: self,
                log: log
            )
            let channel = try await socket.listen(on: group)
            control.withLock { $0 = channel }
        } catch {
            throw Failure(1, "\(error)")
        }
        if let context = tls?.current {
            log.info("certificates: \(context.describe())")
            for warning in context.warnings(of: configuration.domains) { log.warning("\(warning)") }
        }
        if files.connections < configuration.limits.connections {
            log.warning(
                "\(files.maximum) open files are room for \(files.connections) connections"
            )
        }
        log.info("serving \(configuration.domains.joined(separator: ", "))")
    }

    private func open(
        _ configuration: ListenerConfiguration,
        named name: String
    ) async throws {
        do {
            let opened = try await Listener.start(
                configuration,
                on: loops,
                owner: self,
                tls: tls,
                admission: admission.withLock { $0 }
            )
            listeners.withLock {
                $0.append(.init(name: name, address: configuration.host, listener: opened))
            }
            log.info("listening on \(configuration.host) port \(opened.port), \(name)")
        } catch {
            throw Failure(1, "\(error)")
        }
    }

    /// Opens the components' port, where it is not open.
    func openComponentListener() async throws {
        let isOpen = listeners.withLock { $0.contains { $0.name == Self.componentListenerName } }
        guard !isOpen else { return }
        try await open(
            ListenerConfiguration(componentsOf: configuration, components, pretence),
            named: Self.componentListenerName
        )
    }

    /// Closes it; the connections that there are stay.
    func closeComponentListener() async {
        let closed = listeners.withLock { listeners in
            let those = listeners.filter { $0.name == Self.componentListenerName }
            listeners.removeAll { $0.name == Self.componentListenerName }
            return those
        }
        for open in closed { await open.listener.close() }
    }

    private func listenerConfiguration(
        _ listener: ServerConfiguration.Listener,
        _ attempts: AttemptGuard
    ) -> ListenerConfiguration {
        let security: ServerStream.Security =
            switch listener.security {
            case .startTLS: .startTLS(isRequired: true)
            case .direct: .direct
            case .plain: .plain
            }
        var stream = ServerStream.Configuration(configuration, security, pretence)
        stream.offersChannelBinding = listener.channelBinding
        let sessionFeatures = sessionFeatures
        stream.sessionFeatures = { sessionFeatures.current }
        var opened = ListenerConfiguration(
            host: listener.address,
            port: listener.port,
            stream: .client(stream),
            limits: ConnectionLimits(configuration.limits)
        )
        opened.attempts = attempts
        return opened
    }

    /// The port that a listener of that kind has; for tests.
    func port(_ security: ServerConfiguration.Listener.Security) -> Int? {
        listeners.withLock { listeners in
            listeners.first { $0.name == security.readyName }?.listener.port
        }
    }
}

/// A port that is open.
struct OpenListener: Sendable {
    /// As the ready file calls it.
    let name: String
    let address: String
    let listener: Listener
}

extension ServerStream.Configuration {
    /// What streams of clients and of components (XEP-0225) have in common.
    init(
        _ configuration: ServerConfiguration,
        _ security: ServerStream.Security,
        _ pretence: ScramPretence
    ) {
        self.init(domain: configuration.domain, security: security, pretence: pretence)
        others = Set(configuration.furtherDomains.map(\.name))
        if !configuration.accounts.plain { mechanisms.removeAll { $0 == .plain } }
    }
}

extension ListenerConfiguration {
    /// The port of components.
    init(
        componentsOf configuration: ServerConfiguration,
        _ components: ComponentTable,
        _ pretence: ScramPretence
    ) {
        let listener = configuration.componentListener
        let secret: @Sendable (String) -> [UInt8]? = { components.secret(of: $0) }
        let isDirect = listener.security == .direct
        var stream = ComponentStream.Configuration(
            security: isDirect ? .direct : .plain,
            secret: secret
        )
        // XEP-0225 knows STARTTLS, which is offered where there is a certificate.
        let isOpen = !ServerConfiguration.isLoopback(listener.address)
        let hasCertificate = !configuration.certificates.isEmpty
        var successor = ServerStream.Configuration(
            configuration,
            isDirect ? .direct : hasCertificate ? .startTLS(isRequired: isOpen) : .plain,
            pretence
        )
        successor.peers = .components(secret: secret)
        stream.successor = successor
        var limits = ConnectionLimits(configuration.limits)
        // Programs without a user do not answer pings; the kernel finds out who is gone.
        limits.pingAfter = nil
        limits.goneAfter = nil
        let rate = listener.bytesPerSecond
        limits.rate = rate == 0 ? nil : ByteRate(bytesPerSecond: rate, burst: rate)
        let stanzas = listener.stanzasPerSecond
        limits.stanzaRate = stanzas == 0 ? nil : StanzaRate(stanzasPerSecond: stanzas)
        var opened = ListenerConfiguration(
            host: listener.address,
            port: listener.port,
            stream: .component(stream),
            limits: limits
        )
        opened.attempts = AttemptGuard()
        self = opened
    }
}

extension ConnectionLimits {
    init(_ limits: ServerConfiguration.Limits) {
        self.init()
        beforeLogin = XMLLimits(
            stanzaBytes: limits.stanzaBytesBeforeLogin,
            depth: limits.stanzaDepth,
            attributes: limits.stanzaAttributes,
            children: limits.stanzaChildren
        )
        afterLogin = XMLLimits(
            stanzaBytes: limits.stanzaBytes,
            depth: limits.stanzaDepth,
            attributes: limits.stanzaAttributes,
            children: limits.stanzaChildren
        )
        login = limits.loginTime
        pingAfter = limits.pingAfter
        goneAfter = limits.goneAfter
        outboundBytes = limits.outboundQueueBytes
        rate =
            limits.bytesPerSecond == 0
            ? nil : ByteRate(bytesPerSecond: limits.bytesPerSecond, burst: limits.burstBytes)
    }
}

extension ServerConfiguration.Listener.Security {
    /// The listener's name in the ready file.
    var readyName: String {
        switch self {
        case .startTLS: "c2s"
        case .direct: "c2s-direct"
        case .plain: "c2s-plain"
        }
    }
}
