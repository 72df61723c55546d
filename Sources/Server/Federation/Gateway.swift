import Federation
import Logging
import NIOCore
import Platform
import Transport
import XMPP

/// The server's side towards all other servers: what waits for whom, the streams, and what became
/// of the stanzas.
///
/// An actor whose executor is its event loop, on which all its streams live. What it decides is in
/// its ``RemoteTable``; it carries that out. The router behind it is an ``Uplink``.
actor Gateway {
    nonisolated let loop: any EventLoop
    nonisolated let unownedExecutor: UnownedSerialExecutor
    private let uplink: any Uplink
    private let log: Logger
    private var table: RemoteTable
    private var streams: [PeerID: PeerConnection] = [:]
    private var openings: [PeerID: PeerStreams.Opening] = [:]
    /// What is to be asked on streams that have no connection yet; the table bounds it.
    private var questions: [PeerID: [DialbackQuestion]] = [:]
    private var peers: PeerStreams?
    /// Targets that failed of late, by domain.
    private var failedTargets: [String: Set<Target>] = [:]
    /// Streams of ours that have not proven anything yet, by the domains they are to reach.
    private var attempts: [PeerID: String] = [:]
    /// Streams whose peers' oddities are in the log already: one line of each will do.
    private var oddities: Set<PeerID> = []
    /// What the table has given to streams and the router does not let be written yet.
    private var held: [PeerID: [Departure]] = [:]
    /// Whether nothing is read, for the router has too much to take already.
    private var isPaused = false
    private var alarm: (at: Instant, task: Scheduled<Void>)?
    /// What is to be done, in order.
    private var actions: [RemoteTable.Action] = []
    private var isWorking = false
    private var whenQuiet: EventLoopPromise<Void>?
    private(set) var counts = Counts()

    /// What has become of stanzas since the start.
    struct Counts: Sendable {
        var sent: UInt64 = 0
        var received: UInt64 = 0
        var bounced: UInt64 = 0
        /// Written, and nobody knows whether they arrived.
        var unknown: UInt64 = 0
    }

    /// Domains whose failed targets are remembered: a target is only tried later for it.
    private static let failedTargetsMost = 1_000
    /// Those of one domain, whose records may change at its owner's pleasure.
    private static let failedTargetsOfOneMost = 64

    init(
        on loop: any EventLoop,
        _ table: RemoteTable,
        uplink: any Uplink,
        log: Logger
    ) {
        self.loop = loop
        unownedExecutor = loop.executor.asUnownedSerialExecutor()
        self.table = table
        self.uplink = uplink
        self.log = log
    }

    /// Gives it its streams, before the first stanza.
    func begin(_ peers: PeerStreams) {
        self.peers = peers
    }

    var report: [RemoteReport] { table.report }

    func connection(_ id: PeerID) -> PeerConnection? { streams[id] }
}

// MARK: - Stanzas of ours

extension Gateway: Route {
    nonisolated func send(_ stanzas: [Stanza]) {
        send(stanzas.compactMap { Departure($0) })
    }

    nonisolated func send(_ departures: [Departure]) {
        if loop.inEventLoop {
            assumeIsolated { $0.take(departures) }
        } else {
            loop.execute { self.assumeIsolated { $0.take(departures) } }
        }
    }

    private func take(_ departures: [Departure]) {
        carryOut(table.send(departures, at: .now))
    }
}

// MARK: - What the table wants

extension Gateway {
    /// Does one action after another; what they bring about comes behind them.
    private func carryOut(_ more: [RemoteTable.Action]) {
        actions += more
        guard !isWorking else { return }
        isWorking = true
        var next = 0
        while next < actions.count {
            let action = actions[next]
            next += 1
            // Many of one kind at once, where a domain is given up.
            guard case .bounce(let first, let error) = action else {
                perform(action)
                continue
            }
            var departures = [first]
            while next < actions.count, case .bounce(let another, error) = actions[next] {
                departures.append(another)
                next += 1
            }
            bounce(departures, error)
        }
        actions.removeAll(keepingCapacity: actions.capacity < 1_024)
        isWorking = false
        if table.isQuiet, let promise = whenQuiet {
            whenQuiet = nil
            promise.succeed()
        }
    }

    private func perform(_ action: RemoteTable.Action) {
        switch action {
        case .connect(let id, let pair, let purpose): connect(id, pair, purpose)
        case .prove(let id, let domain): streams[id]?.prove(domain)
        case .write(let id, let departures): write(departures, on: id)
        case .ask(let id, let question): ask(question, on: id)
        case .verified(let id, let question, let verdict):
            streams[id]?.verified(question, verdict)
        case .requestAcknowledgement(let id): streams[id]?.requestAcknowledgement()
        case .close(let id, let error): close(id, error)
        case .bounce(let departure, let error): bounce([departure], error)
        case .settled(let departures): uplink.settled(departures)
        case .unknown(let departures): lose(departures)
        case .returned(let departures): uplink.returned(departures)
        case .wake(let time): wake(at: time)
        }
    }

    private func connect(
        _ id: PeerID,
        _ pair: DomainPair,
        _ purpose: OutboundFederation.Purpose
    ) {
        guard let peers else { return failed(id, .disconnected) }
        log.debug("stream \(id.number) is to be opened: \(pair)")
        let opening = peers.open(
            id,
            pair,
            for: purpose,
            last: failedTargets[pair.remote] ?? []
        )
        openings[id] = opening
        attempts[id] = pair.remote
        opening.result.whenComplete { result in
            self.assumeIsolated { gateway in
                gateway.openings[id] = nil
                gateway.questions[id] = nil
                guard case .failure(let error) = result else { return }
                gateway.attempts[id] = nil
                let isPermanent = (error as? ConnectError)?.isPermanent ?? false
                gateway.failed(id, .unreachable("\(error)", isPermanent: isPermanent))
            }
        }
    }

    private func failed(_ id: PeerID, _ failure: FederationFailure) {
        log.debug("stream \(id.number) has not begun: \(failure.summary)")
        carryOut(table.ended(id, failure, .none, at: .now))
    }

    private func ask(_ question: DialbackQuestion, on id: PeerID) {
        if let stream = streams[id] { return stream.ask(question) }
        if openings[id] != nil { questions[id, default: []].append(question) }
    }

    private func close(_ id: PeerID, _ error: StreamError?) {
        if let opening = openings[id] { return opening.cancel() }
        streams[id]?.close(error)
    }

    private func wake(at time: Instant) {
        if let alarm, alarm.at <= time { return }
        alarm?.task.cancel()
        let wait = max(time - .now, .zero)
        let task = loop.scheduleTask(in: TimeAmount(wait)) {
            self.assumeIsolated { gateway in
                gateway.alarm = nil
                gateway.carryOut(gateway.table.woke(at: .now))
            }
        }
        alarm = (time, task)
    }
}

// MARK: - Writing

extension Gateway {
    /// Writes what the router lets; the rest waits for ``released()``.
    private func write(_ departures: [Departure], on id: PeerID) {
        guard streams[id] != nil else { return }
        uplink.willWrite(departures)
        if held[id] == nil, uplink.writable(departures) == departures.count {
            return put(departures[...], on: id)
        }
        held[id, default: []] += departures
        advance(id)
    }

    private func put(_ departures: ArraySlice<Departure>, on id: PeerID) {
        counts.sent &+= UInt64(departures.count)
        streams[id]?.send(departures.lazy.map(\.bytes))
    }

    private func advance(_ id: PeerID) {
        guard let waiting = held[id] else { return }
        let count = uplink.writable(waiting)
        guard count > 0 else { return }
        held[id] = count == waiting.count ? nil : Array(waiting.dropFirst(count))
        put(waiting.prefix(count), on: id)
    }

    /// The table has what was not written on the stream after all.
    private func takeBack(_ id: PeerID) {
        guard let waiting = held.removeValue(forKey: id) else { return }
        table.unwritten(id, waiting.count)
    }

    /// The router knows of more that is about to be written.
    func released() {
        for id in held.keys.sorted(by: { $0.number < $1.number }) { advance(id) }
    }

    /// The router has given these back to their senders.
    func withdraw(_ tickets: [UInt64]) {
        for id in held.keys { takeBack(id) }
        carryOut(table.withdraw(Set(tickets), at: .now))
    }

    /// The router has what came on these streams, as far as that.
    func handled(_ origins: [LinkOrigin]) {
        for origin in origins { streams[origin.peer]?.handled(through: origin.position) }
        guard isPaused, !uplink.isFull else { return }
        isPaused = false
        for stream in streams.values { stream.setReading(true) }
    }
}

// MARK: - What becomes of stanzas

extension Gateway {
    private func bounce(_ departures: [Departure], _ error: StanzaError) {
        counts.bounced &+= UInt64(departures.count)
        uplink.bounced(departures, error)
    }

    private func lose(_ departures: [Departure]) {
        counts.unknown &+= UInt64(departures.count)
        log.notice(
            "the fate of \(departures.count) stanzas is not known: their stream ended first",
            metadata: ["domain": "\(departures.first?.pair.remote ?? "")"]
        )
        uplink.lost(departures)
    }
}

// MARK: - What the streams tell

extension Gateway: PeerOwner {
    nonisolated func accepted(_ connection: PeerConnection) -> PeerID {
        assumeIsolated { $0.accept(connection) }
    }

    private func accept(_ connection: PeerConnection) -> PeerID {
        let id = table.nextID()
        streams[id] = connection
        carryOut(table.accepted(id, address: connection.address, at: .now))
        return id
    }

    nonisolated func opened(_ connection: PeerConnection) {
        assumeIsolated { gateway in
            let id = connection.id
            gateway.streams[id] = connection
            for question in gateway.questions.removeValue(forKey: id) ?? [] {
                connection.ask(question)
            }
        }
    }

    nonisolated func received(_ stanzas: [Arrival], on connection: PeerConnection) {
        assumeIsolated { $0.receive(stanzas, on: connection) }
    }

    private func receive(_ stanzas: [Arrival], on connection: PeerConnection) {
        counts.received &+= UInt64(stanzas.count)
        let origin = LinkOrigin(connection.id, position: connection.received)
        if uplink.deliver(stanzas, from: origin) {
            connection.handled(through: origin.position)
        } else if uplink.isFull, !isPaused {
            isPaused = true
            for stream in streams.values { stream.setReading(false) }
        }
        carryOut(table.heard(connection.id, at: .now))
    }

    nonisolated func answered(_ stanza: Stanza, on connection: PeerConnection) {
        send([stanza])
    }

    nonisolated func asked(_ question: DialbackQuestion, on connection: PeerConnection) {
        assumeIsolated { gateway in
            gateway.carryOut(gateway.table.verify(question, for: connection.id, at: .now))
        }
    }

    nonisolated func acknowledging(_ connection: PeerConnection) {
        assumeIsolated { gateway in
            gateway.carryOut(gateway.table.acknowledging(connection.id, at: .now))
        }
    }

    nonisolated func drained(_ connection: PeerConnection) {
        assumeIsolated { gateway in
            // The table believes what is held to be on its way.
            guard gateway.held[connection.id] == nil else { return }
            gateway.carryOut(gateway.table.drained(connection.id, at: .now))
        }
    }

    nonisolated func happened(_ event: FederationEvent, on connection: PeerConnection) {
        assumeIsolated { $0.note(event, connection) }
    }

    private func note(_ event: FederationEvent, _ connection: PeerConnection) {
        let id = connection.id
        switch event {
        case .authenticated(let pair, let proof, let direction):
            log.info("\(pair.remote) is \(proof) for \(pair.local)")
            if attempts.removeValue(forKey: id) != nil { failedTargets[pair.remote] = nil }
            carryOut(table.authenticated(id, pair, proof, direction, at: .now))
        case .refused(let pair, let failure):
            carryOut(table.refused(id, pair, failure, at: .now))
        case .rejected(let pair, let error):
            let why = error.text ?? error.condition.rawValue
            log.notice("\(connection.address) is not taken for \(pair.remote): \(why)")
        case .answered(let question, let verdict):
            carryOut(table.answered(question, verdict, at: .now))
        case .settled(let count):
            carryOut(table.settled(id, count, at: .now))
        case .failed(let error):
            log.info("the server at \(connection.address) ended its stream: \(error.summary)")
        case .ignored(let what):
            guard oddities.insert(id).inserted else { return }
            log.notice("\(connection.address) sent what was ignored: \(what)")
        }
    }

    nonisolated func closing(_ connection: PeerConnection, _ failure: FederationFailure?) {
        assumeIsolated { gateway in
            gateway.takeBack(connection.id)
            gateway.carryOut(gateway.table.closing(connection.id, failure, at: .now))
        }
    }

    nonisolated func ended(
        _ connection: PeerConnection,
        _ failure: FederationFailure?,
        _ remainder: LinkRemainder
    ) {
        assumeIsolated { $0.end(connection, failure, remainder) }
    }

    private func end(
        _ connection: PeerConnection,
        _ failure: FederationFailure?,
        _ remainder: LinkRemainder
    ) {
        let id = connection.id
        streams[id] = nil
        oddities.remove(id)
        if let domain = attempts.removeValue(forKey: id), failure != nil,
            let target = connection.target
        {
            // The next attempt begins with the others that its records name.
            if failedTargets.count >= Self.failedTargetsMost { failedTargets = [:] }
            let failed = failedTargets[domain] ?? []
            let isFull = failed.count >= Self.failedTargetsOfOneMost
            failedTargets[domain] = isFull ? [target] : failed.union([target])
        }
        log.debug(
            "stream \(id.number) has ended: \(failure?.summary ?? "in peace")",
            metadata: ["address": "\(connection.address)"]
        )
        carryOut(table.ended(id, failure, remainder, at: .now))
    }
}

// MARK: - The end

extension Gateway {
    /// Connects to nobody any more, waits for what is on its way to be acknowledged, and closes all
    /// streams.
    func stop() async {
        let promise = loop.makePromise(of: Void.self)
        whenQuiet = promise
        for id in held.keys { takeBack(id) }
        carryOut(table.stop(at: .now))
        try? await promise.futureResult.get()
        await peers?.endAll(with: StreamError(.systemShutdown))
        alarm?.task.cancel()
        alarm = nil
    }
}
