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
    ]

    let configuration: ServerConfiguration
    let domain: JID
    let log: Logger
    let started: Instant
    let store: any Store
    let writer: StoreWriter
    let directory: Directory
    let placement: Placement
    let components: ComponentTable
    let hosts: [LoopHost]
    let pretence: ScramPretence
    let tls: TLSContextBox?
    /// Held until everything is written.
    private let lock: Mutex<DataDirectoryLock?>
    let group: MultiThreadedEventLoopGroup
    let loops: Loops
    let listeners = Mutex<[OpenListener]>([])
    let control = Mutex<(any Channel)?>(nil)

    private init(
        _ configuration: ServerConfiguration,
        domain: JID,
        log: Logger,
        lock: DataDirectoryLock,
        store: any Store,
        tls: TLSContextBox?
    ) throws {
        self.configuration = configuration
        self.domain = domain
        self.log = log
        self.lock = Mutex(lock)
        self.store = store
        self.tls = tls
        started = .now
        writer = StoreWriter(store)
        let content = try StoredAccounts(store)
        directory = Directory(
            accounts: content.records,
            memberships: content.memberships,
            sees: Dictionary(
                configuration.groups.map { ($0.name, Set($0.sees)) }
            ) { $0.union($1) }
        )
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
            Self.world(configuration, domain, directory.groups),
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
        let services = world.services.map { owner, kind in
            content.service(owner, Self.profile(of: kind, configuration))
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

    private static func world(
        _ configuration: ServerConfiguration,
        _ domain: JID,
        _ groups: SharedGroups
    ) -> World {
        var world = World(
            domain: domain,
            modules: ModuleTable(modules),
            groups: groups,
            software: .init(name: "Lapwing", version: version)
        )
        world.sessionsMaximum = configuration.limits.sessionsPerAccount
        world.administrators = Set(configuration.pubsub.administrators.compactMap { try? JID($0) })
        world.components = configuration.components.map {
            JID(normalizedLocal: nil, domain: $0.domain)
        }
        if let name = configuration.pubsub.domain, let jid = try? JID(name) {
            world.services[jid] = .shared
        }
        if let name = configuration.fleet.domain, let jid = try? JID(name) {
            world.services[jid] = .fleet
            world.fleetAllowed = Set(configuration.fleet.allowed.compactMap { try? JID($0) })
        }
        return world
    }

    static func profile(_ configuration: ServerConfiguration) -> PubSubService.Profile {
        let limits = limits(configuration, nodes: configuration.limits.nodesPerAccount)
        var profile = PubSubService.Profile.pep(limits: limits)
        profile.history = HistoryPolicy(configuration.history)
        return profile
    }

    private static func profile(
        of kind: PubSubService.Profile.Kind,
        _ configuration: ServerConfiguration
    ) -> PubSubService.Profile {
        let limits = limits(configuration, nodes: configuration.limits.nodesPerService)
        switch kind {
        case .personal: return profile(configuration)
        case .fleet:
            var profile = PubSubService.Profile.fleet(limits: limits)
            profile.history = HistoryPolicy(configuration.history)
            return profile
        case .shared:
            var profile = PubSubService.Profile.shared(
                users: configuration.domain,
                limits: limits
            )
            switch configuration.pubsub.creators {
            case .local: break
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

// MARK: - Start

extension Server {
    /// Opens the store, reads what there is, and listens.
    ///
    /// - Throws: ``Failure`` with one line that says what is in the way.
    static func start(
        _ configuration: ServerConfiguration,
        log: Logger,
        openStore: (String) throws -> any Store = { try SQLiteStore(path: $0) }
    ) async throws -> Server {
        guard let domain = try? JID(local: nil, domain: configuration.domain) else {
            throw Failure(2, "‘\(configuration.domain)’ is no domain")
        }
        let directory = DataDirectory(configuration.dataDirectory)
        let server: Server
        do {
            try directory.create()
            let lock = try directory.lock()
            try directory.prepare(file: directory.databasePath)
            let store = try openStore(directory.databasePath)
            server = try Server(
                configuration,
                domain: domain,
                log: log,
                lock: lock,
                store: store,
                tls: try tlsContext(configuration).map(TLSContextBox.init)
            )
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(1, "\(error)")
        }
        await server.introduceHosts()
        do {
            try await server.listen()
        } catch {
            await server.stop()
            throw error
        }
        return server
    }

    static func tlsContext(_ configuration: ServerConfiguration) throws -> TLSContext? {
        guard let files = configuration.tls else { return nil }
        do {
            return try TLSContext.server([
                CertificateFiles(chain: files.certificateFile, key: files.keyFile)
            ])
        } catch {
            throw Failure(2, "\(error)")
        }
    }

    /// What `--check` says of the certificates.
    static func tlsProblems(of configuration: ServerConfiguration) -> [String] {
        do {
            _ = try tlsContext(configuration)
            return []
        } catch {
            return ["\(error)"]
        }
    }

    private func introduceHosts() async {
        for host in hosts { await host.join(hosts) }
        for host in hosts { await host.begin() }
    }
}

// MARK: - Life

extension Server {
    /// Serves until a signal says to end; then streams are closed and everything is written.
    func serve(until signals: AsyncStream<Signal>) async {
        for await signal in signals {
            switch signal {
            case .reload: reload()
            case .terminate:
                log.info("ending")
                await stop()
                return
            }
        }
    }

    private func reload() {
        guard let tls else { return }
        do {
            guard let context = try Self.tlsContext(configuration) else { return }
            tls.replace(with: context)
            log.info("certificate read again: \(context.describe())")
        } catch {
            log.error("the certificate stays as it was: \(error)")
        }
    }

    /// Ends the streams, writes what waits, and is of no use any more.
    func stop() async {
        try? await control.withLock({ $0 })?.close()
        for open in listeners.withLock({ $0 }) { await open.listener.close() }
        await loops.endStreams(with: StreamError(.systemShutdown))
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
