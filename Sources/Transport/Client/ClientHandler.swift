import NIOCore
import XMPP

/// Runs a ``ClientStream`` on a channel, for one connection of a ``Client``.
///
/// Confined to the channel's event loop.
final class ClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let configuration: ClientConfiguration
    private let tlsContext: TLSContext?
    let owner: any ClientHandlerOwner
    let parser: XMLStreamParser
    var machine: InitiatedStream
    private var tls: TLSHandler?
    private(set) var context: ChannelHandlerContext?
    let outlet: Outlet

    private var phase = Phase.negotiating
    private var deadline: NIODeadline
    var receivedAt: NIODeadline
    private var timer: RepeatedTask?
    var pingedAt: NIODeadline?
    var isPaused = false
    private var failure: ClientError?
    /// Counts the parser's restarts: what was parsed before one is not to be read after it.
    var restarts = 0
    var batch: [ClientEvent] = []
    var own: JID?

    private enum Phase {
        case negotiating, online, closing, closed
    }

    init(
        _ configuration: ClientConfiguration,
        keys: ScramKeys?,
        tls: TLSContext?,
        owner: any ClientHandlerOwner,
        on loop: LoopState
    ) {
        self.configuration = configuration
        tlsContext = tls
        self.owner = owner
        parser = XMLStreamParser(limits: configuration.limits, pool: loop.parsers)
        outlet = Outlet(loop.flushList)
        machine = configuration.initiatedStream(keys)
        receivedAt = loop.eventLoop.now
        deadline = receivedAt + TimeAmount(configuration.timing.negotiation)
    }

    /// What the password became, to save the rounds on the next connection.
    var scramKeys: ScramKeys? { machine.scramKeys }

    /// Bytes that wait for the server to read.
    var queuedBytes: Int { outlet.byteCount }

    /// What TLS settled on.
    var summary: TLSSummary? { tls?.summary }
}

/// What a ``ClientHandler`` tells its client; all on the connection's loop.
protocol ClientHandlerOwner: Sendable {
    /// The session is there.
    func online(_ jid: JID)
    /// Stanzas of one read, in order; false when no more should be read.
    func received(_ stanzas: [ClientEvent]) -> Bool
    /// An iq of type result or error; true when it is taken care of.
    func answered(_ answer: Stanza, own: JID) -> Bool
    /// A second has passed.
    func ticked(at now: NIODeadline)
    /// The connection is over; the last call.
    func ended(_ reason: ClientError, keys: ScramKeys?)
}

extension ClientConfiguration {
    /// The stream to run, of a client or of a component.
    fileprivate func initiatedStream(_ keys: ScramKeys?) -> InitiatedStream {
        guard isComponent else { return .client(ClientStream(stream(keys))) }
        return .component(
            ComponentClientStream(
                domain: jid,
                secret: Array(password.utf8),
                usesTLS: security == .direct
            )
        )
    }

    private func stream(_ keys: ScramKeys?) -> ClientStream.Configuration {
        let security: ClientStream.Security
        switch self.security {
        case .automatic, .startTLS: security = .startTLS
        case .direct: security = .direct
        case .plain: security = .plain
        }
        var stream = ClientStream.Configuration(jid: jid, password: password, security: security)
        if let mechanisms {
            stream.mechanisms = SASLMechanism.allCases.filter { mechanisms.contains($0.rawValue) }
        }
        stream.scramKeys = keys
        return stream
    }
}

// MARK: - Life

extension ClientHandler {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        outlet.open(context, SocketWriter(context.channel))
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard timer == nil else { return }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        // Deadlines are tens of seconds: a second late is no harm.
        timer = context.eventLoop.scheduleRepeatedTask(
            initialDelay: .seconds(1),
            delay: .seconds(1)
        ) { _ in handler.value.tick() }
        perform(machine.connected())
    }

    func channelInactive(context: ChannelHandlerContext) {
        deliverBatch()
        perform(machine.disconnected())
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        phase = .closed
        timer?.cancel()
        timer = nil
        self.context = nil
        outlet.close()
        owner.ended(failure ?? .disconnected("the connection was cut"), keys: scramKeys)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if failure == nil, phase != .closing {
            let isTLS = error is TLSError && phase == .negotiating
            failure = isTLS ? .tls("\(error)") : .disconnected("\(error)")
        }
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSEvent.opened:
            perform(machine.tlsEstablished(allowedBindings()))
            // Together with the end of the handshake.
            outlet.flushGathered()
        case ChannelEvent.inputClosed:
            deliverBatch()
            perform(machine.disconnected())
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func allowedBindings() -> ChannelBindings {
        let all = tls?.channelBindings ?? .none
        let allowed = configuration.channelBindings
        return ChannelBindings(
            exporter: allowed.contains(.tlsExporter) ? all.exporter : nil,
            serverEndPoint: allowed.contains(.tlsServerEndPoint) ? all.serverEndPoint : nil,
            unique: allowed.contains(.tlsUnique) ? all.unique : nil
        )
    }

    /// Ends the stream in order.
    func close() {
        if failure == nil { failure = .closed }
        perform(machine.close())
    }

    /// Ends the connection without ceremony.
    func drop(_ reason: ClientError) {
        if failure == nil { failure = reason }
        context?.close(promise: nil)
    }
}

// MARK: - Actions

extension ClientHandler {
    func perform(_ action: ClientStream.Action) {
        switch action {
        case .nothing: break
        case .deliver(let stanza): receive(stanza)
        case .send(let element): write(element.serialized(inheriting: Namespace.client))
        case .open(let header):
            restartParser()
            var writer = XMLWriter()
            writer.write(header)
            write(writer.bytes)
        case .startTLS: startTLS()
        case .online(let jid):
            own = jid
            phase = .online
            owner.online(jid)
        case .fail(let reason, let ending):
            if failure == nil { failure = ClientError(reason) }
            end(ending)
        case .close(let ending): end(ending)
        case .disconnect: context?.close(promise: nil)
        }
    }

    private func restartParser() {
        parser.restart()
        restarts &+= 1
    }

    private func startTLS() {
        guard let context else { return }
        // <starttls/> went out long ago, or it is direct TLS: nothing waits in the clear.
        restartParser()
        do {
            guard let tlsContext else { throw TLSError.library("no context") }
            let handler = try TLSHandler(
                client: tlsContext,
                name: configuration.jid.domain,
                isDirect: configuration.security == .direct
            )
            handler.socket = outlet.takeSocket()
            tls = handler
            try context.pipeline.syncOperations.addHandler(handler, position: .before(self))
        } catch {
            errorCaught(context: context, error: error)
        }
    }

    private func end(_ ending: StreamEnding?) {
        guard let context, phase != .closed else { return }
        guard let ending else { return context.close(promise: nil) }
        deliverBatch()
        write(ending.serialized())
        outlet.flushGathered()
        phase = .closing
        deadline = context.eventLoop.now + TimeAmount(configuration.timing.close)
        if !ending.awaitsPeer { context.close(promise: nil) }
    }
}

// MARK: - Output

extension ClientHandler {
    func send(_ stanza: Stanza) {
        guard phase == .online else { return }
        write(stanza.serialized())
    }

    /// Adds bytes of whole stanzas, or of a step of the stream.
    func write(_ bytes: [UInt8]) {
        outlet.send(bytes)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        outlet.flushGathered()
        context.fireChannelWritabilityChanged()
    }
}

// MARK: - Deadlines

extension ClientHandler {
    private func tick() {
        guard let context else { return }
        let now = context.eventLoop.now
        owner.ticked(at: now)
        switch phase {
        case .negotiating:
            guard now >= deadline else { return }
            if failure == nil { failure = .timeout("the log-in took too long") }
            perform(machine.timedOut())
            drop(.timeout("the log-in took too long"))
        case .online: checkSilence(now)
        case .closing:
            guard now >= deadline else { return }
            context.close(promise: nil)
        case .closed: break
        }
    }

    private func checkSilence(_ now: NIODeadline) {
        // While nothing is read, silence is ours.
        guard !isPaused else { return }
        let timing = configuration.timing
        if let pingedAt {
            guard now - pingedAt >= TimeAmount(timing.pingAnswer) else { return }
            drop(.timeout("the server does not answer a ping"))
        } else if now - receivedAt >= TimeAmount(timing.silenceBeforePing) {
            pingedAt = now
            send(
                Stanza(
                    .iq,
                    type: "get",
                    id: Random.token(),
                    // A component signs all that it sends; its own domain comes back to it.
                    from: configuration.isComponent ? own : nil,
                    to: JID(normalizedLocal: nil, domain: configuration.jid.domain),
                    [Element("ping", Namespace.ping)]
                )
            )
        }
    }
}
