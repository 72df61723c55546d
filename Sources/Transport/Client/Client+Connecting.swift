import NIOCore
import NIOPosix
import Synchronization
import XMPP

// One connection after another.
extension Client {
    /// How long the network may take to connect.
    private static let connectTimeout = TimeAmount.seconds(10)
    private static let port = 5222
    private static let directPort = 5223
    /// Targets remembered as failed: a domain has fewer, unless its records change all the time.
    private static let failedTargetsMost = 64

    func run(on eventLoop: any EventLoop) async {
        let tls: TLSContext?
        do throws(TLSError) {
            tls =
                configuration.security == .plain
                ? nil : try TLSContext.client(configuration.verification)
        } catch {
            // A wrong setting does not become right by waiting.
            tell([.offline(reason: .tls("\(error)"), retryIn: nil)])
            return
        }
        var backOff = BackOff(configuration.timing.backOff)
        while true {
            let reason = await connection(tls, on: eventLoop)
            if isClosing || reason.isFinal {
                tell([.offline(reason: isClosing ? .closed : reason, retryIn: nil)])
                return
            }
            if state.withLock({ $0.wasOnline }) { backOff.reset() }
            let pause = backOff.wait(random: Double.random(in: 0..<1))
            tell([.offline(reason: reason, retryIn: pause)])
            await wait(pause, on: eventLoop)
            if isClosing {
                tell([.offline(reason: .closed, retryIn: nil)])
                return
            }
        }
    }

    private func tell(_ events: [ClientEvent]) {
        // Nothing is being read that could be paused.
        _ = queue.add(events)
    }

    private func wait(_ pause: Duration, on eventLoop: any EventLoop) async {
        let waker = eventLoop.makePromise(of: Void.self)
        let timer = eventLoop.scheduleTask(in: TimeAmount(pause)) { waker.succeed() }
        let isClosing = state.withLock { state in
            state.waker = waker
            return state.isClosing
        }
        if isClosing { waker.succeed() }
        // It never fails.
        try? await waker.futureResult.get()
        timer.cancel()
        state.withLock { $0.waker = nil }
    }

    /// One connection from its first packet to its end; why it ended.
    private func connection(_ tls: TLSContext?, on eventLoop: any EventLoop) async -> ClientError {
        let end = eventLoop.makePromise(of: ClientError.self)
        state.withLock { state in
            state.end = end
            state.wasOnline = false
        }
        do {
            try await open(tls, on: eventLoop)
        } catch {
            end.succeed(error as? ClientError ?? .unreachable("\(error)"))
        }
        // It never fails.
        return (try? await end.futureResult.get()) ?? .disconnected("the event loop has ended")
    }

    /// Finds the server and connects to it.
    private func open(_ tls: TLSContext?, on eventLoop: any EventLoop) async throws {
        let isGiven = configuration.host != nil || configuration.port != nil
        if !isGiven, configuration.security != .plain {
            do {
                return try await find(tls, on: eventLoop)
            } catch let error as ConnectError {
                guard case .noRecords = error.reason else {
                    throw ClientError.unreachable("\(error)")
                }
                // As the system knows the domain: it may have more ways to than the DNS.
            }
        }
        let host = configuration.host ?? configuration.jid.domain
        let usual = configuration.security == .direct ? Self.directPort : Self.port
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        do {
            // The handler goes into the one channel that made it, of those to several addresses.
            try await bootstrap.connect(host: host, port: configuration.port ?? usual)
                .flatMapThrowing { channel in try self.prepare(channel, tls, self.configuration) }
                .get()
        } catch let error as ClientError {
            throw error
        } catch {
            throw ClientError.unreachable(ConnectWords.words(of: error, host))
        }
    }

    /// Connects where the records of the domain say.
    private func find(_ tls: TLSContext?, on eventLoop: any EventLoop) async throws {
        // For this once: it costs memory, and a connection lasts for days.
        let connector = Connector(NameResolver(configuration.resolver))
        let connecting = connector.connect(
            to: configuration.jid.domain,
            for: .client,
            by: configuration.protections,
            last: state.withLock { $0.failedTargets },
            fallsBack: false,
            on: eventLoop
        )
        let isClosing = state.withLock { state in
            state.connecting = connecting
            return state.isClosing
        }
        if isClosing { connecting.cancel() }
        defer { state.withLock { $0.connecting = nil } }
        try await connecting.result
            .flatMapThrowing { connected in
                // Until there is a session by it.
                self.state.withLock { state in
                    if state.failedTargets.count >= Self.failedTargetsMost {
                        state.failedTargets = []
                    }
                    state.failedTargets.insert(connected.target)
                }
                var configuration = self.configuration
                let isDirect = connected.target.protection == .direct
                configuration.security = isDirect ? .direct : .startTLS
                try self.prepare(connected.channel, tls, configuration)
            }
            .get()
    }

    private func prepare(
        _ channel: any Channel,
        _ tls: TLSContext?,
        _ configuration: ClientConfiguration
    ) throws {
        let eventLoop = channel.eventLoop
        let handler = ClientHandler(
            configuration,
            keys: state.withLock { $0.keys },
            tls: tls,
            owner: self,
            on: LoopState(eventLoop)
        )
        let bound = NIOLoopBound(handler, eventLoop: eventLoop)
        queue.onResume { eventLoop.execute { bound.value.resumeReading() } }
        let isClosing = state.withLock { state in
            state.handler = bound
            return state.isClosing
        }
        guard !isClosing, channel.isActive else {
            state.withLock { $0.handler = nil }
            channel.close(promise: nil)
            throw isClosing ? ClientError.closed : .disconnected("the connection was cut")
        }
        try channel.pipeline.syncOperations.addHandler(handler)
    }
}

extension ClientConfiguration {
    /// The kinds of records by which the server may be found.
    fileprivate var protections: Set<Target.Protection> {
        switch security {
        case .automatic: [.startTLS, .direct]
        case .direct: [.direct]
        case .startTLS, .plain: [.startTLS]
        }
    }
}

// What the connection tells, on its loop.
extension Client: ClientHandlerOwner {
    func online(_ jid: JID) {
        state.withLock { state in
            state.isOnline = true
            state.wasOnline = true
            state.failedTargets = []
            state.queuedBytes = 0
        }
        tell([.online(jid)])
    }

    func received(_ stanzas: [ClientEvent]) -> Bool {
        queue.add(stanzas)
    }

    func answered(_ answer: Stanza, own: JID) -> Bool {
        switch state.withLock({ $0.requests.match(answer, own: own) }) {
        case .answers(let completion):
            completion(.success(answer))
            return true
        case .forged: return true
        case .unknown: return false
        }
    }

    func ticked(at now: NIODeadline) {
        let over = state.withLock { state in
            if let handler = state.handler { state.queuedBytes = handler.value.queuedBytes }
            return state.requests.expired(atNanoseconds: now.nanoseconds)
        }
        for completion in over { completion(.failure(Self.noAnswer("no answer in time"))) }
    }

    func ended(_ reason: ClientError, keys: ScramKeys?) {
        let (over, end) = state.withLock { state in
            state.handler = nil
            state.isOnline = false
            state.outbox = []
            state.keys = keys ?? state.keys
            return (state.requests.expired(atNanoseconds: nil), state.end)
        }
        for completion in over { completion(.failure(Self.noAnswer("\(reason)"))) }
        end?.succeed(reason)
    }
}
