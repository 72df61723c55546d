import Dispatch
import Logging
import Modules
import NIOCore
import Platform
import Storage
import Transport
import XMPP

/// One event loop's part of the server: a shard of the accounts, and the connections that live on
/// the loop.
///
/// An actor whose executor is the loop: its state is touched by that thread only. It is entered by
/// `eventLoop.execute` and `assumeIsolated`, never by `await` from a task: tasks may overtake each
/// other, and stanzas must not (RFC 6120 §10.1).
actor LoopHost {
    nonisolated let loop: any EventLoop
    nonisolated let unownedExecutor: UnownedSerialExecutor
    private let index: Int
    let placement: Placement
    let store: any Store
    let writer: StoreWriter
    let components: ComponentTable
    let reading: DispatchQueue
    let profile: PubSubService.Profile
    let log: Logger
    /// All hosts, this one too, by index; set once, before the first connection.
    private(set) var hosts: [LoopHost] = []

    /// The world as it was at the start: all but its groups and components stays.
    nonisolated let world: World
    var shard: AccountShard
    var outbox = Outbox()
    private var alarms = Alarms()
    private(set) var connections: [SessionID: StreamConnection] = [:]
    /// What waits for those that read slowly; nothing for most.
    var backlogs: [SessionID: Backlog] = [:]
    /// Events that nobody needed any more when their turn came.
    var eventsCoalesced: UInt64 = 0
    /// Bytes that may wait for a client besides events that newer ones replace.
    let backlogBytes: Int
    /// The sessions of this loop's connections; an entry lives as long as its connection, which
    /// `connections` holds.
    private var entries: [ObjectIdentifier: Entry] = [:]
    private var sessionsOpened: UInt64 = 0

    /// What this loop is to do itself, in order.
    private var inbox: [Letter] = []
    private var isWorking = false
    /// Accounts that are being read again.
    var suspensions = Suspensions()
    /// What waits for the other loops, by index, until the batch is done.
    private var mail: [[Letter]]
    /// The ways to other parts of the server and to other servers, and what is to go by each.
    private var routes = RouteTable()
    private var departures: [[Stanza]] = []
    /// What waits for the writer, until the batch is done.
    var batch = StoreBatch()

    init(
        index: Int,
        of placement: Placement,
        on loop: any EventLoop,
        accounts: [Account],
        services: [PubSubService],
        profile: PubSubService.Profile,
        world: World,
        store: any Store,
        writer: StoreWriter,
        components: ComponentTable,
        backlogBytes: Int,
        log: Logger
    ) {
        self.backlogBytes = backlogBytes
        self.index = index
        self.placement = placement
        self.loop = loop
        unownedExecutor = loop.executor.asUnownedSerialExecutor()
        self.world = world
        shard = AccountShard(accounts, services: services, world: world)
        self.profile = profile
        self.store = store
        self.writer = writer
        self.components = components
        self.log = log
        // What is not in memory is read there: the loop waits for no disk.
        reading = DispatchQueue(label: "reading-\(index)")
        mail = Array(repeating: [], count: placement.loops)
    }

    /// Makes the other loops known.
    func join(_ hosts: [LoopHost]) {
        self.hosts = hosts
    }

    /// Makes the ways out known; before the first connection.
    func begin(_ routes: RouteTable) {
        self.routes = routes
        departures = Array(repeating: [], count: routes.count)
    }

    /// Does what the nodes have to do from the start.
    func begin() {
        for owner in shard.owners { carryOut(shard.started(owner, at: .now), of: owner) }
        take([])
    }

    /// The alarm rang: whose nodes are due are looked at.
    func ring() {
        take(alarms.due(at: .now, on: self).map { .wake(owner: $0) })
    }
}

// MARK: - Letters

extension LoopHost {
    /// Takes letters from another loop or from a connection of this one, and works until nothing
    /// is left; then the writer and the other loops get theirs.
    func take(_ letters: [Letter]) {
        inbox += letters
        guard !isWorking else { return }
        isWorking = true
        var next = 0
        while next < inbox.count {
            let letter = inbox[next]
            next += 1
            open(letter)
        }
        inbox.removeAll(keepingCapacity: inbox.capacity < 1_024)
        isWorking = false
        handOver()
        sendMail()
    }

    private func sendMail() {
        for (target, letters) in mail.enumerated() where !letters.isEmpty {
            mail[target] = []
            guard hosts.indices.contains(target) else { continue }
            let host = hosts[target]
            host.loop.execute { host.assumeIsolated { $0.take(letters) } }
        }
        for (way, stanzas) in departures.enumerated() where !stanzas.isEmpty {
            departures[way] = []
            routes.send(stanzas, by: way)
        }
    }

    func post(_ letter: Letter, to target: Int) {
        if target == index { inbox.append(letter) } else { mail[target].append(letter) }
    }

    private func open(_ letter: Letter) {
        let now = Instant.now
        guard let letter = suspensions.pass(letter) else { return }
        switch letter {
        case .stanza(let routed):
            guard let to = routed.stanza.to else { return }
            carryOut(shard.receive(routed, at: now), of: to.bare)
        case .spread(let routed, let recipients):
            for recipient in recipients {
                var single = routed
                single.stanza.to = recipient
                carryOut(shard.receive(single, at: now), of: recipient.bare)
            }
        case .interest(let interest, let accounts):
            for account in accounts {
                carryOut(shard.receive(interest, for: account, at: now), of: account)
            }
        case .bytes(let bytes, let session): send(bytes, to: session)
        case .event(let bytes, let targets):
            for target in targets { send(bytes, to: target) }
        case .announcement(let notification): announce(notification)
        case .relate(let routed, let account):
            guard let to = routed.stanza.to else { return }
            post(.stanza(shard.relate(routed, to: account)), to: placement.loop(of: to))
        case .recall(let request, let keeper, let node, let owner):
            let place = (owner: keeper, node: node)
            let (recalled, effects) = shard.recall(request, at: place, now: now)
            carryOut(effects, of: keeper)
            read(recalled, at: place, for: owner)
        case .wake(let owner): carryOut(shard.woke(owner, at: now), of: owner)
        case .mirror(let change, let fleet):
            carryOut(shard.receive(change, at: now), of: fleet)
        case .news(let news, let owner): carryOut(shard.receive(news, at: now), of: owner)
        case .outside(let stanzas): for stanza in stanzas { route(Routed(stanza)) }
        case .end(let session, let error): end(session, with: error)
        case .farewell(let session, let account, let visited):
            carryOut([.farewell(session, of: account, visited: visited)], of: account)
        case .received(let stanzas, let session, let account):
            for stanza in stanzas { receive(stanza, from: session, of: account, at: now) }
        case .closed(let session, let account):
            carryOut(shard.closed(session, of: account), of: account)
        }
    }

    private func receive(
        _ stanza: Stanza,
        from session: SessionID,
        of account: JID,
        at now: Instant
    ) {
        if outbox.isFull, stanza.isRequest {
            let error = StanzaError(
                .resourceConstraint,
                .wait,
                text: "the store is behind; try again later"
            )
            send(stanza.failure(error), to: session)
            return
        }
        carryOut(shard.receive(stanza, from: session, of: account, at: now), of: account)
    }
}

// MARK: - Effects

extension LoopHost {
    func carryOut(_ effects: [Effect], of owner: JID) {
        guard !effects.isEmpty else { return }
        for action in outbox.add(effects, owner: owner) {
            switch action {
            case .perform(let effect): perform(effect)
            case .write(let change): batch.add(StoreChange(change))
            case .commit(let changes, let ticket):
                batch.add(changes.lazy.map { StoreChange($0) }, ticket: ticket)
            }
        }
    }

    func perform(_ effect: Effect) {
        switch effect {
        case .store: break
        case .deliver(let stanza, let session): send(stanza, to: session)
        case .route(let routed): route(routed)
        case .spread(let routed, let recipients):
            for (target, group) in byLoop(recipients) {
                post(.spread(routed, to: group), to: target)
            }
            for recipient in recipients where !world.serves(recipient.domain) {
                var single = routed
                single.stanza.to = recipient
                route(single)
            }
        case .interest(let interest, let accounts):
            for (target, group) in byLoop(accounts) {
                post(.interest(interest, to: group), to: target)
            }
        case .notify(let notification): notify(notification)
        case .load(let owner, let request): load(request, for: owner)
        case .relate(let routed, let account):
            post(.relate(routed, to: account), to: placement.loop(of: account))
        case .mirror(let change):
            guard let fleet = world.fleet(of: change.host.domain) else { return }
            post(.mirror(change, for: fleet), to: placement.loop(of: fleet))
        case .tell(let news, let address): tell(news, address)
        case .wake(let owner, let time): alarms.set(for: owner, at: time, on: self)
        case .end(let session, let error):
            post(.end(session, error), to: placement.loop(of: session))
        case .farewell(let session, let account, let visited):
            passOn(farewellOf: session, of: account, visited: visited)
        }
    }

    /// Requests go from the account's shard to another and their answers back, each behind what
    /// waits for the store there; so does the farewell.
    private func passOn(farewellOf session: SessionID, of account: JID, visited: Int) {
        let loops = placement.loops
        guard visited < loops else {
            return post(.end(session, nil), to: placement.loop(of: session))
        }
        let next = visited + 1
        post(
            .farewell(session, of: account, visited: next),
            to: (placement.loop(of: account) + next) % loops
        )
    }

    private func byLoop(_ addresses: [JID]) -> [Int: [JID]] {
        Dictionary(
            grouping: addresses.filter { world.serves($0.domain) },
            by: placement.loop(of:)
        )
    }

    /// `isAnswer` for an error made here in another's name, which reaches whoever it is for.
    private func route(_ routed: Routed, isAnswer: Bool = false) {
        guard let to = routed.stanza.to else { return }
        if world.serves(to.domain) {
            post(.stanza(routed), to: placement.loop(of: to))
            return
        }
        let stanza = routed.stanza
        func isHere(_ domain: String) -> Bool {
            isAnswer || world.serves(domain) || routes.leads(to: domain)
        }
        let destination = components.destination(
            of: to.domain,
            from: stanza.from,
            isServed: isHere
        )
        switch destination {
        case .session(let session): send(stanza, to: session)
        case .hidden: bounceUnserved(stanza, to.domain)
        case .absent:
            bounce(
                stanza,
                StanzaError(.serviceUnavailable, .wait, text: "\(to.domain) is not attached")
            )
        case nil:
            guard let way = routes.way(to: to.domain), departures.indices.contains(way) else {
                return bounceUnserved(stanza, to.domain)
            }
            if let from = stanza.from?.domain {
                // That the domain is not served may be said in its name.
                let isOutward = !isAnswer && !routes.leads(to: to.domain)
                if isOutward, components.isInternal(from) || routes.isInternal(from) {
                    return bounce(stanza, Self.staysHere)
                }
                if routes.isInternal(to.domain), !isHere(from), !components.has(from) {
                    return bounceUnserved(stanza, to.domain)
                }
            }
            departures[way].append(stanza)
        }
    }

    private func bounceUnserved(_ stanza: Stanza, _ domain: String) {
        bounce(stanza, StanzaError(.remoteServerNotFound, text: "\(domain) is not served here"))
    }

    private func bounce(_ stanza: Stanza, _ error: StanzaError) {
        guard !stanza.isError, stanza.kind == .message || stanza.isRequest else { return }
        route(Routed(stanza.failure(error)), isAnswer: true)
    }

    private func send(_ stanza: Stanza, to session: SessionID) {
        post(.bytes(stanza.serialized(), to: session), to: placement.loop(of: session))
    }

    /// One event to all: sessions by their numbers, addresses of accounts here by their shards,
    /// both in one hop a loop; other addresses as stanzas.
    private func notify(_ notification: Notification) {
        guard placement.loops > 1 else { return announce(notification) }
        var sessions: [[Letter.Target]] = Array(repeating: [], count: placement.loops)
        var addresses: [[Recipient]] = Array(repeating: [], count: placement.loops)
        for recipient in notification.recipients {
            if let session = recipient.session {
                sessions[placement.loop(of: session)].append(
                    .init(session: session, own: recipient.headers)
                )
            } else if world.isLocal(recipient.jid.domain), recipient.jid.local != nil {
                addresses[placement.loop(of: recipient.jid)].append(recipient)
            } else {
                route(Routed(notification.stanza(to: recipient)))
            }
        }
        for (target, group) in sessions.enumerated() where !group.isEmpty {
            post(.event(notification.bytes, to: group), to: target)
        }
        for (target, group) in addresses.enumerated() where !group.isEmpty {
            post(.announcement(notification.for(group)), to: target)
        }
    }

    /// An event for sessions and accounts of this loop: to those sessions that take it.
    private func announce(_ notification: Notification) {
        var sessions: [[Letter.Target]] = Array(repeating: [], count: placement.loops)
        let isHeadline = notification.isHeadline
        for recipient in notification.recipients {
            if let session = recipient.session {
                sessions[placement.loop(of: session)].append(
                    .init(session: session, own: recipient.headers)
                )
                continue
            }
            guard world.isLocal(recipient.jid.domain), recipient.jid.local != nil else {
                route(Routed(notification.stanza(to: recipient)))
                continue
            }
            let isTaken = shard.eachSession(for: recipient.jid, isHeadline: isHeadline) {
                sessions[placement.loop(of: $0)].append(
                    .init(session: $0, isBare: recipient.jid.isBare, own: recipient.headers)
                )
            }
            if !isTaken { route(Routed(notification.stanza(to: recipient))) }
        }
        for (target, group) in sessions.enumerated() where !group.isEmpty {
            post(.event(notification.bytes, to: group), to: target)
        }
    }
}

// MARK: - Sessions and administration

extension LoopHost {
    /// A session of a connection of this loop.
    struct Entry: Sendable {
        let session: SessionID
        /// Of a component, the name that was bound first.
        let account: JID
        /// The domains that a component's connection has.
        var names: [JID] = []
    }

    /// A connection of this loop is to have a session.
    func open(_ connection: StreamConnection, of account: JID) -> SessionID {
        sessionsOpened &+= 1
        let session = Placement.session(loop: index, counter: sessionsOpened)
        connections[session] = connection
        entries[ObjectIdentifier(connection)] = Entry(session: session, account: account)
        return session
    }

    func session(of connection: StreamConnection) -> Entry? {
        entries[ObjectIdentifier(connection)]
    }

    /// The session of a component's connection, which may have had names before.
    func session(of connection: StreamConnection, of component: JID) -> SessionID {
        session(of: connection)?.session ?? open(connection, of: component)
    }

    /// A component's connection has another name.
    func add(_ name: JID, to connection: StreamConnection) {
        entries[ObjectIdentifier(connection)]?.names.append(name)
    }

    /// It has a name no more.
    func remove(_ name: JID, from connection: StreamConnection) {
        entries[ObjectIdentifier(connection)]?.names.removeAll { $0 == name }
    }

    /// Forgets the connection unless it has a name.
    func forgetUnnamed(_ connection: StreamConnection) {
        if session(of: connection)?.names.isEmpty ?? true { forget(connection) }
    }

    /// The connection is gone, or was refused its session.
    @discardableResult
    func forget(_ connection: StreamConnection) -> Entry? {
        guard let entry = entries.removeValue(forKey: ObjectIdentifier(connection)) else {
            return nil
        }
        connections[entry.session] = nil
        backlogs[entry.session] = nil
        return entry
    }

    /// Gives a session its resource, on the loop of its account.
    func bind(_ account: JID, resource: String, session: SessionID) -> Result<JID, StanzaError> {
        switch shard.bind(account, resource: resource, session: session) {
        case .refused(let error): return .failure(error)
        case .bound(let jid, let effects):
            carryOut(effects, of: account)
            take([])
            return .success(jid)
        }
    }

    func add(_ account: Account) {
        carryOut(shard.add(account), of: account.jid)
        take([])
    }

    func remove(_ account: JID) {
        carryOut(shard.remove(account), of: account)
        take([])
    }

    func replaceGroups(with groups: SharedGroups) {
        shard.replaceGroups(with: groups)
    }

    func followGroups() {
        carryOut(shard.followGroups(), of: shard.world.domain)
        take([])
    }

    func counts() -> AccountShard.Counts { shard.counts }

    func isAvailable(_ account: JID) -> Bool { shard.isAvailable(account) }

    func why(_ jid: JID, _ node: String, owner: JID) -> [Finding]? {
        shard.why(jid, node, owner: owner, at: .now)
    }
}
