import Configuration
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

/// A running server: the stores, the event loops with their accounts, the listeners.
final class Server: Sendable {
    static let version = "0.1.0"
    /// What the server speaks; a module that is added is added here.
    static let modules: [any Module.Type] = [
        RosterModule.self, PEPModule.self, PubSubModule.self, DiscoModule.self, PingModule.self,
        VersionModule.self, ArchiveModule.self, CommandsModule.self,
        PrivilegeModule.self, DelegationModule.self,
    ]

    /// As it was at the start; components may be others since.
    let configuration: ServerConfiguration
    /// Reads it again; nil where it is not from a file.
    let readConfiguration: (@Sendable () throws -> ServerConfiguration)?
    /// What all event loops know alike; but for groups and components, as it was at the start.
    let world: World
    let log: Logger
    let started: Instant
    let store: any Store
    let writer: StoreWriter
    let directory: Directory
    let placement: Placement
    let components: ComponentTable
    let sessionFeatures: SessionFeatures
    let hosts: [LoopHost]
    let pretence: ScramPretence
    let tls: TLSContextBox?
    /// What other servers are shown; nil where there are none.
    let credentials: Credentials
    let gateway = Mutex<Gateway?>(nil)
    /// The ways to the server's other processes, and who keeps their connections.
    let links = Mutex<[RouterLink]>([])
    let hub = Mutex<LinkHub?>(nil)
    let files: OpenFiles
    /// Those of clients and components, once there are listeners.
    let admission = Mutex<Admission?>(nil)
    /// Held until everything is written.
    private let lock: Mutex<DataDirectoryLock?>
    let group: MultiThreadedEventLoopGroup
    let loops: Loops
    let listeners = Mutex<[OpenListener]>([])
    let control = Mutex<(any Channel)?>(nil)

    private init(
        _ configuration: ServerConfiguration,
        log: Logger,
        lock: DataDirectoryLock,
        store: any Store,
        tls: TLSContextBox?,
        credentials: PeerCredentials?,
        readConfiguration: (@Sendable () throws -> ServerConfiguration)?
    ) throws {
        self.configuration = configuration
        self.readConfiguration = readConfiguration
        self.log = log
        self.lock = Mutex(lock)
        self.store = store
        self.tls = tls
        self.credentials = Credentials(credentials)
        files = .raised(reservesPeers: configuration.federation != nil)
        started = .now
        writer = StoreWriter(store)
        let content = try StoredAccounts(store, serving: Set(configuration.domains))
        if let warning = content.warning { log.warning("\(warning)") }
        directory = Directory(
            accounts: content.records,
            memberships: content.memberships,
            groups: configuration.groups
        )
        world = Self.world(configuration, directory.groups)
        sessionFeatures = SessionFeatures(world)
        pretence = ScramPretence(
            key: try store.pretenceKey(),
            iterations: configuration.accounts.scramIterations
        )
        let threads = configuration.eventLoops
        group = MultiThreadedEventLoopGroup(
            numberOfThreads: threads > 0 ? threads : max(1, System.coreCount / 2)
        )
        let eventLoops = Array(group.makeIterator())
        placement = Placement(loops: eventLoops.count)
        loops = Loops(group)
        components = ComponentTable(configuration.components)
        hosts = Self.hosts(
            on: eventLoops,
            placement,
            content,
            configuration,
            world,
            store,
            writer,
            components,
            log
        )
    }

    private static func hosts(
        on loops: [any EventLoop],
        _ placement: Placement,
        _ content: StoredAccounts,
        _ configuration: ServerConfiguration,
        _ world: World,
        _ store: any Store,
        _ writer: StoreWriter,
        _ components: ComponentTable,
        _ log: Logger
    ) -> [LoopHost] {
        let profile = profile(configuration)
        let services = world.services.map { owner, service in
            content.service(owner, Self.profile(of: service, configuration))
        }
        let byLoop = Dictionary(grouping: content.accounts(profile)) {
            placement.loop(of: $0.jid)
        }
        return loops.enumerated().map { index, loop in
            LoopHost(
                index: index,
                of: placement,
                on: loop,
                accounts: byLoop[index] ?? [],
                services: services.filter { placement.loop(of: $0.owner) == index },
                profile: profile,
                world: world,
                store: store,
                writer: writer,
                components: components,
                backlogBytes: configuration.limits.outboundQueueBytes,
                log: log
            )
        }
    }
}

// MARK: - Start

extension Server {
    /// Opens the store, reads what there is, and listens.
    ///
    /// - Throws: ``Failure`` with one line that says what is in the way.
    static func start(
        _ configuration: ServerConfiguration,
        log: Logger,
        readAgain: (@Sendable () throws -> ServerConfiguration)? = nil,
        openStore: (String) throws -> any Store = { try SQLiteStore(path: $0) }
    ) async throws -> Server {
        let configuration = try configuration.prepared()
        let directory = DataDirectory(configuration.dataDirectory)
        let server: Server
        do {
            try directory.create()
            let lock = try directory.lock()
            try directory.prepare(file: directory.databasePath)
            let store = try openStore(directory.databasePath)
            server = try Server(
                configuration,
                log: log,
                lock: lock,
                store: store,
                tls: try tlsContext(configuration).map(TLSContextBox.init),
                credentials: try credentials(configuration),
                readConfiguration: readAgain
            )
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(1, "\(error)")
        }
        await server.introduceHosts()
        do {
            try await server.openRoutes()
            try await server.listen()
        } catch {
            await server.stop()
            throw error
        }
        return server
    }

    private func introduceHosts() async {
        for host in hosts { await host.join(hosts) }
        for host in hosts { await host.begin() }
    }
}

// MARK: - Life

extension Server: RunningProcess {
    var openListeners: [OpenListener] { listeners.withLock { $0 } }

    /// Serves until a signal says to end; then streams are closed and everything is written.
    func serve(until signals: AsyncStream<Signal>) async {
        for await signal in signals {
            switch signal {
            case .reload: await reload()
            case .terminate:
                log.info("ending")
                await stop()
                return
            }
        }
    }

    /// Ends the streams, writes what waits, and is of no use any more.
    func stop() async {
        try? await control.withLock({ $0 })?.close()
        for open in listeners.withLock({ $0 }) { await open.listener.close() }
        await loops.endStreams(with: StreamError(.systemShutdown))
        await gateway.withLock({ $0 })?.stop()
        for way in links.withLock({ $0 }) { await way.link.close() }
        await hub.withLock({ $0 })?.endAll()
        await finishHistory()
        writer.close()
        lock.withLock { $0 = nil }
        try? await group.shutdownGracefully()
    }
}

extension Server {
    /// Accounts whose past is written at once: with as many nodes and as large records as there can
    /// be, what the queue of the store has room for.
    private static let accountsFinishedAtOnce = 25

    /// Has the minutes and hours under way written, as far as they have come.
    private func finishHistory() async {
        for host in hosts {
            var accounts = await host.rememberers[...]
            while !accounts.isEmpty {
                await host.finishHistory(of: accounts.prefix(Self.accountsFinishedAtOnce))
                accounts = accounts.dropFirst(Self.accountsFinishedAtOnce)
                do {
                    try await writer.apply([])
                } catch {
                    log.error("the minutes under way cannot be written: \(error)")
                }
            }
        }
    }
}

extension HistoryPolicy {
    /// What the operator grants; nil where nothing is kept.
    init?(_ configuration: ServerConfiguration.History) {
        guard configuration.isEnabled else { return nil }
        self.init()
        let bytes = configuration.bytesPerNode / 2
        // An eighth more records than there are periods, so that the age decides.
        func retention(_ age: Duration, _ period: Int64) -> Retention {
            let periods = Int(age.components.seconds / period)
            return Retention(age: age, records: periods + periods / 8, bytes: bytes)
        }
        minute = retention(configuration.minutes, 60)
        hour = retention(configuration.hours, 3_600)
    }
}
