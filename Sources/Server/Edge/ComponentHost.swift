import Configuration
import Federation
import Logging
import Modules
import NIOCore
import Platform
import Synchronization
import Transport
import XMPP

/// Components (XEP-0114, XEP-0225) in a process of their own, for a router that has the accounts.
///
/// An actor whose executor is its event loop, on which all connections live.
actor ComponentHost {
    nonisolated let loop: any EventLoop
    nonisolated let unownedExecutor: UnownedSerialExecutor
    private nonisolated let configuration: ServerConfiguration
    private nonisolated let table: ComponentTable
    private nonisolated let tls: TLSContextBox?
    private nonisolated let pretence: ScramPretence
    private nonisolated let admission: Admission
    private nonisolated let log: Logger
    private nonisolated let side = Side()
    nonisolated let link: Link<EdgeLedger>
    private nonisolated let loops: Loops
    private var connections: [SessionID: StreamConnection] = [:]
    private var sessions: [ObjectIdentifier: Session] = [:]
    private var sessionsOpened: UInt64 = 0
    /// Stanzas of the router's that must not be written yet, in order.
    private var held: [Departure] = []

    private struct Session {
        let id: SessionID
        var names: [JID] = []
    }

    init(
        _ configuration: ServerConfiguration,
        _ link: ServerConfiguration.Link,
        on loop: any EventLoop,
        tls: TLSContextBox?,
        files: OpenFiles,
        log: Logger
    ) {
        self.configuration = configuration
        self.loop = loop
        unownedExecutor = loop.executor.asUnownedSerialExecutor()
        self.tls = tls
        pretence = ScramPretence(
            key: Random.bytes(32),
            iterations: configuration.accounts.scramIterations
        )
        self.log = log
        let table = ComponentTable(configuration.components)
        self.table = table
        admission = Admission(
            total: min(configuration.limits.connections, files.connections),
            perAddress: configuration.limits.connectionsPerAddress
        )
        loops = Loops(loop)
        self.link = Link(
            to: link.name,
            on: loop,
            EdgeLedger(gate: .to { table.has($0) }, now: .now),
            side: side,
            log: log
        )
        side.host.withLock { $0 = self }
    }
}

extension ComponentHost: EdgeFront {
    func listen() async throws -> [OpenListener] {
        do {
            let listener = try await Listener.start(
                ListenerConfiguration(componentsOf: configuration, table, pretence),
                on: loops,
                owner: self,
                tls: tls,
                admission: admission
            )
            log.info("listening on \(listener.host) port \(listener.port), component")
            return [.init(name: "component", address: listener.host, listener: listener)]
        } catch {
            throw Failure(1, "\(error)")
        }
    }

    nonisolated func federation() async -> FederationStatus? { nil }

    /// Takes other components instead; those that are the same keep their connections.
    func replaceComponents(with components: [ServerConfiguration.Component]) {
        let changes = table.replace(with: components)
        for (session, error) in changes.ended { connections[session]?.close(error) }
        if !changes.isEmpty { log.notice("components read again: \(changes)") }
    }

    nonisolated func stop() async {
        await leave()
        await loops.endStreams(with: StreamError(.systemShutdown))
    }
}

// MARK: - Stanzas of components

extension ComponentHost: StreamOwner {
    nonisolated func credentials(
        for account: JID,
        _ answer: @escaping @Sendable (CredentialsAnswer) -> Void
    ) {
        table.answer(account, iterations: configuration.accounts.scramIterations, answer)
    }

    nonisolated func pauses(_ name: JID?, from address: String, for pause: Duration) {
        let name = name?.description ?? "any component"
        log.warning(
            "\(name): too many wrong secrets from \(address), which has to wait for \(pause)"
        )
    }

    nonisolated func bind(
        account: JID,
        resource: String?,
        on connection: StreamConnection,
        _ answer: @escaping @Sendable (Result<JID, StanzaError>) -> Void
    ) {
        answer(assumeIsolated { $0.attach(account, connection) })
    }

    private func attach(
        _ component: JID,
        _ connection: StreamConnection
    ) -> Result<JID, StanzaError> {
        let known = sessions[ObjectIdentifier(connection)]
        if known == nil { sessionsOpened &+= 1 }
        let id = known?.id ?? SessionID(rawValue: sessionsOpened)
        switch table.attach(id, to: component.domain) {
        case .refused:
            return .failure(StanzaError(.conflict, text: "\(component) is attached already"))
        case .attached(let replaced, _):
            for old in replaced {
                connections[old]?.close(
                    StreamError(.conflict, text: "a newer connection took its place")
                )
            }
            connections[id] = connection
            sessions[ObjectIdentifier(connection), default: Session(id: id)].names.append(component)
            log.notice("component \(component) is attached")
            return .success(component)
        }
    }

    nonisolated func received(_ stanzas: [Stanza], on connection: StreamConnection) {
        assumeIsolated { host in
            let now = Instant.now
            for stanza in stanzas {
                guard let to = stanza.to else { continue }
                if host.table.has(to.domain) {
                    host.deliver(stanza)
                } else {
                    host.offer(stanza, now)
                }
            }
        }
    }

    private func offer(_ stanza: Stanza, _ now: Instant) {
        link.assumeIsolated { $0.change { $0.offer(.read(stanza), from: nil, now: now, &$1) } }
    }

    nonisolated func closed(_ connection: StreamConnection) {
        assumeIsolated { host in
            guard let session = host.sessions.removeValue(forKey: ObjectIdentifier(connection))
            else { return }
            host.connections[session.id] = nil
            for name in session.names { host.detach(name, from: session.id) }
        }
    }

    nonisolated func unbind(_ name: JID, on connection: StreamConnection) {
        assumeIsolated { host in
            guard let session = host.sessions[ObjectIdentifier(connection)] else { return }
            host.sessions[ObjectIdentifier(connection)]?.names.removeAll { $0 == name }
            host.detach(name, from: session.id)
        }
    }

    private func detach(_ component: JID, from session: SessionID) {
        _ = table.detach(session, from: component.domain)
        log.notice("component \(component) is gone")
    }
}

// MARK: - Stanzas for components

extension ComponentHost {
    /// Writes a stanza to its component, or answers for one that is not here.
    ///
    /// `bytes` are the whole stanza as it is written; without them it is written here.
    private func deliver(_ stanza: Stanza, as bytes: [UInt8]? = nil) {
        guard let to = stanza.to else { return }
        if case .session(let session) = table.destination(of: to.domain, from: stanza.from),
            let connection = connections[session]
        {
            return connection.send(bytes ?? stanza.serialized())
        }
        let error = StanzaError(
            .serviceUnavailable,
            .wait,
            text: "\(to.domain) is not attached"
        )
        guard let answer = stanza.bounced(error) else { return }
        // To a component of this process, or by the router.
        if answer.to.map({ table.has($0.domain) }) == true { return deliver(answer) }
        offer(answer, .now)
    }

    /// Stanzas of the router's: it is told that they are about to be written.
    private func take(_ departures: [Departure]) {
        held += departures
        link.assumeIsolated { link in
            link.change { ledger, _ in
                for departure in departures { ledger.declare(departure.ticket) }
            }
        }
    }

    private func advance() {
        let waiting = held
        let count = link.assumeIsolated { link in
            link.look { ledger in
                waiting.firstIndex { !ledger.mayWrite($0.ticket) } ?? waiting.count
            }
        }
        let free = waiting.prefix(count)
        held.removeFirst(count)
        for departure in free {
            if let head = departure.head { deliver(head, as: departure.bytes) }
        }
        // A component's stream says nothing of what has arrived.
        let tickets = free.map(\.ticket)
        link.assumeIsolated { link in
            link.change { ledger, _ in
                for ticket in tickets { ledger.settled(ticket) }
            }
        }
    }

    /// What was not written is for the process that comes after this one.
    private func leave() {
        let tickets = held.map(\.ticket)
        held = []
        link.assumeIsolated { link in
            link.change { ledger, _ in
                for ticket in tickets { ledger.leave(ticket) }
            }
        }
    }

    private func forget(_ tickets: [UInt64]) {
        let tickets = Set(tickets)
        held.removeAll { tickets.contains($0.ticket) }
        advance()
    }

    /// What is at the end of the link.
    private final class Side: LinkSide {
        let host = Mutex<ComponentHost?>(nil)

        private func enter(_ work: @Sendable (isolated ComponentHost) -> Void) {
            guard let host = host.withLock({ $0 }) else { return }
            host.assumeIsolated { work($0) }
        }

        func deliver(_ departures: [Departure]) { enter { $0.take(departures) } }

        // The router's alone.
        func route(_ stanzas: [Stanza]) {}

        func bounce(_ stanzas: [(head: Stanza, error: StanzaError)]) {
            enter { host in
                for answer in stanzas.compactMap({ $0.head.bounced($0.error) }) {
                    host.deliver(answer)
                }
            }
        }

        func lost(_ heads: [Stanza]) {
            enter { host in
                for answer in heads.compactMap(\.answeredByLoss) { host.deliver(answer) }
            }
        }

        func release(_ tickets: [UInt64]) { enter { $0.advance() } }

        func withdraw(_ tickets: [UInt64]) { enter { $0.forget(tickets) } }

        func handled(_ origins: [LinkOrigin]) {}
    }
}
