import Configuration
import Federation
import Glibc
import Logging
import Modules
import NIOCore
import NIOPosix
import Platform
import Storage
import Synchronization
import Transport
import XMPP

/// A process of the server without accounts: it has other servers, or components, for its router.
final class EdgeServer: Sendable {
    /// As it was at the start; components may be others since.
    private let configuration: ServerConfiguration
    private let readConfiguration: (@Sendable () throws -> ServerConfiguration)?
    private let log: Logger
    private let started = Instant.now
    private let lock: Mutex<DataDirectoryLock?>
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let uplink: any EdgeFront
    private let hub: LinkHub
    private let credentials: Credentials
    private let tls: TLSContextBox?
    private let listeners = Mutex<[OpenListener]>([])
    private let control = Mutex<(any Channel)?>(nil)

    private init(
        _ configuration: ServerConfiguration,
        log: Logger,
        readConfiguration: (@Sendable () throws -> ServerConfiguration)?
    ) async throws {
        self.configuration = configuration
        self.readConfiguration = readConfiguration
        self.log = log
        guard let link = configuration.links.first else {
            throw Failure(2, "there is no [[links]] to the router")
        }
        let directory = DataDirectory(configuration.dataDirectory)
        do {
            try directory.create()
            lock = Mutex(try directory.lock())
        } catch {
            throw Failure(1, "\(error)")
        }
        credentials = Credentials(try Server.credentials(configuration))
        tls = try Server.tlsContext(configuration).map(TLSContextBox.init)
        let loop = group.next()
        let files = OpenFiles.raised(reservesPeers: configuration.role == .s2s)
        switch configuration.role {
        case .components:
            uplink = ComponentHost(configuration, link, on: loop, tls: tls, files: files, log: log)
        case .s2s, .all, .router:
            uplink = try await ServerFront(
                configuration,
                link,
                on: loop,
                credentials: credentials,
                files: files,
                log: log
            )
        }
        hub = LinkHub([link.name: uplink.link], log: log)
    }

    /// Opens the ports and the link.
    ///
    /// - Throws: ``Failure`` with one line that says what is in the way.
    static func start(
        _ configuration: ServerConfiguration,
        log: Logger,
        readAgain: (@Sendable () throws -> ServerConfiguration)? = nil
    ) async throws -> EdgeServer {
        let server = try await EdgeServer(
            configuration.prepared(),
            log: log,
            readConfiguration: readAgain
        )
        do {
            try await server.open()
        } catch {
            await server.stop()
            throw error
        }
        return server
    }

    private func open() async throws {
        let credentials = credentials
        let opened = try await hub.open(configuration, on: group.next()) { credentials.current }
        listeners.withLock { $0 += opened }
        let fronts = try await uplink.listen()
        listeners.withLock { $0 += fronts }
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
        log.info("this is ‘\(configuration.processName)’, role \(configuration.role.rawValue)")
    }
}

/// What an ``EdgeServer`` has in front: other servers, or components.
protocol EdgeFront: Sendable {
    var link: Link<EdgeLedger> { get }
    func listen() async throws -> [OpenListener]
    func replaceComponents(with components: [ServerConfiguration.Component]) async
    /// Nil where it has nothing to do with other servers.
    func federation() async -> FederationStatus?
    /// Ends all streams, with what is on its way.
    func stop() async
}

/// Other servers.
private struct ServerFront: EdgeFront {
    private let uplink: EdgeUplink
    private let front: FederationFront

    init(
        _ configuration: ServerConfiguration,
        _ link: ServerConfiguration.Link,
        on loop: any EventLoop,
        credentials: Credentials,
        files: OpenFiles,
        log: Logger
    ) async throws {
        guard let federation = configuration.federation else {
            throw Failure(2, "role = \"s2s\" needs [federation]")
        }
        let serves: @Sendable (String) -> Bool = { link.leads(to: $0) }
        uplink = EdgeUplink(link.name, on: loop, gate: .from(serves), log: log)
        front = try await FederationFront(
            configuration,
            federation,
            on: loop,
            uplink: uplink,
            credentials: credentials,
            files: files,
            serves: serves,
            isOurs: serves,
            log: log
        )
        uplink.begin(front.gateway)
    }

    var link: Link<EdgeLedger> { uplink.link }

    func listen() async throws -> [OpenListener] { try await front.listen() }

    /// They are no business of its own.
    func replaceComponents(with components: [ServerConfiguration.Component]) async {}

    func federation() async -> FederationStatus? { await front.gateway.status }

    func stop() async { await front.gateway.stop() }
}

// MARK: - Life

extension EdgeServer: RunningProcess {
    var openListeners: [OpenListener] { listeners.withLock { $0 } }

    func serve(until signals: AsyncStream<Signal>) async {
        for await signal in signals {
            switch signal {
            case .reload:
                reloadCertificates()
                await reloadComponents()
            case .terminate:
                log.info("ending")
                await stop()
                return
            }
        }
    }

    private func reloadComponents() async {
        guard configuration.role == .components, let readConfiguration else { return }
        do {
            let read = try readConfiguration().prepared()
            for warning in read.warnings { log.warning("\(warning)") }
            await uplink.replaceComponents(with: read.components)
            let keys = read.keysForRestart(of: configuration).joined(separator: ", ")
            if !keys.isEmpty { log.warning("changed, and left for the next start: \(keys)") }
        } catch {
            log.error("the components stay as they were: \(error)")
        }
    }

    private func reloadCertificates() {
        do {
            if let context = try Server.tlsContext(configuration) { tls?.replace(with: context) }
            credentials.replace(with: try Server.credentials(configuration))
            log.info("certificates read again")
        } catch {
            log.error("the certificates stay as they were: \(error)")
        }
    }

    /// Ends the streams; what was not written yet stays with the router.
    func stop() async {
        try? await control.withLock({ $0 })?.close()
        for open in listeners.withLock({ $0 }) { await open.listener.close() }
        await uplink.stop()
        await uplink.link.close()
        await hub.endAll()
        lock.withLock { $0 = nil }
        try? await group.shutdownGracefully()
    }
}

// MARK: - Operators

extension EdgeServer: Administrator {
    func perform(_ request: ControlRequest) async -> ControlReply {
        switch request {
        case .status:
            return .status(
                ServerStatus(
                    version: Server.version,
                    domains: configuration.domains,
                    processID: Int(getpid()),
                    started: started,
                    counts: []
                )
            )
        case .links: return .links([await uplink.link.status])
        case .federation:
            if let status = await uplink.federation() { return .federation(status) }
            return refusal
        case .register, .unregister, .changePassword, .users, .join, .leave, .groups, .hosts, .why:
            return refusal
        }
    }

    private var refusal: ControlReply {
        let role = configuration.role.rawValue
        return .refused(
            .init(.missing, "this process is role \(role) and knows nothing of it: ask the router")
        )
    }
}
