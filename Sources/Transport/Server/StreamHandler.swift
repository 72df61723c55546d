import NIOCore
import NIOPosix
import XMPP

/// A listener, as its connections see it.
final class ListenerContext: Sendable {
    let configuration: ListenerConfiguration
    let owner: any StreamOwner
    let tls: TLSContextBox?
    let admission: Admission?

    init(
        _ configuration: ListenerConfiguration,
        owner: any StreamOwner,
        tls: TLSContextBox?,
        admission: Admission?
    ) {
        self.configuration = configuration
        self.owner = owner
        self.tls = tls
        self.admission = admission
    }
}

/// Runs an ``AcceptedStream`` on a channel: parser, machine and outbound queue in one handler.
///
/// Confined to the channel's event loop. It does what the machine says and decides nothing about
/// the protocol; what is its own are the deadlines (``Sweep``), the byte rate and the queue.
final class StreamHandler: ChannelInboundHandler, Sweepable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let listener: ListenerContext
    let loop: LoopState
    let parser: XMLStreamParser
    var machine: AcceptedStream
    private(set) var context: ChannelHandlerContext?
    private(set) var connection: StreamConnection?
    var tls: TLSHandler?

    // Output
    let outlet: Outlet
    /// The session's address as it stands in an attribute, for events.
    var escapedAddress: [UInt8] = []
    /// Bytes that wait here before the owner is told to hold back: enough to fill the socket again
    /// while it is told that there is room.
    static let fullBytes = 64 * 1024
    /// The owner was told to hold back, and waits for word.
    private var isFull = false
    /// What was gathered when the last event was added.
    private var eventBytes = 0
    /// How much of it is the bare address.
    var bareAddressCount = 0

    // Input
    /// Stanzas of this read that are not handed over yet.
    var batch: [Stanza] = []
    /// What was parsed while the machine waits for an answer; nil when it does not.
    var held: HeldInput?
    /// Counts the parser's restarts: what was parsed before one is not to be read after it.
    var restarts = 0
    var budget: ReadingBudget?
    var stanzaBudget: ReadingBudget?
    var isThrottled = false
    /// Whom the peer is trying to be.
    var attempt: Attempt?
    /// What the channel was last told.
    var isReading = true

    // Deadlines
    var sweepPosition: Int?
    var phase = Phase.loggingIn
    /// When the phase ends by itself.
    var deadline: NIODeadline
    var receivedAt: NIODeadline
    /// The id of the ping that is not answered yet.
    var ping: String?
    /// Whether the owner was asked to bind, and so must hear of the end.
    var isOwned = false
    var endingReason: String?

    /// How far the connection is, as far as deadlines go.
    enum Phase {
        case loggingIn, session
        /// The peer sends nothing more, and is still owed answers.
        case finishing
        case closing, closed
    }

    /// Events that wait, and the error behind them.
    struct HeldInput {
        var events: ArraySlice<XMLEvent> = []
        var error: StreamError?
    }

    init(_ listener: ListenerContext, on loop: LoopState) {
        self.listener = listener
        self.loop = loop
        outlet = Outlet(loop.flushList)
        let limits = listener.configuration.limits
        parser = XMLStreamParser(limits: limits.beforeLogin, pool: loop.parsers)
        machine = AcceptedStream(listener.configuration.stream)
        let now = loop.eventLoop.now
        receivedAt = now
        deadline = now + TimeAmount(limits.login)
        budget = limits.rate.map { ReadingBudget($0, atNanoseconds: now.nanoseconds) }
        stanzaBudget = limits.stanzaRate.map {
            ReadingBudget($0, atNanoseconds: now.nanoseconds)
        }
    }

    var limits: ConnectionLimits { listener.configuration.limits }
}

extension NIODeadline {
    /// Nanoseconds of the loop's clock.
    var nanoseconds: Int64 { Int64(clamping: uptimeNanoseconds) }
}

// MARK: - Life

extension StreamHandler {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        connection = StreamConnection(self, on: loop.eventLoop)
        outlet.open(context, tls == nil ? SocketWriter(context.channel) : nil)
        loop.sweep.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended("the connection is gone")
        phase = .closed
        machine.disconnected()
        loop.sweep.remove(self)
        // The connection holds the handler.
        connection = nil
        self.context = nil
        outlet.close()
        held = nil
        tls = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        deliverBatch()
        ended("the peer cut the connection")
        phase = .closed
        machine.disconnected()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ended("\(error)")
        phase = .closed
        machine.disconnected()
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSEvent.opened:
            machine.tlsEstablished(tls?.channelBindings ?? .none)
        case ChannelEvent.inputClosed:
            // The peer sends nothing more; what it is still owed goes out before the end.
            deliverBatch()
            guard !finish() else { return }
            ended("the peer closed the connection")
            machine.disconnected()
            disconnect()
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// The peer has ended its side of a session: the owner says when it has its answers.
    ///
    /// False where there is no session, and so nothing to wait for.
    func finish() -> Bool {
        guard phase == .session || phase == .finishing, let connection else { return false }
        guard phase == .session else { return true }
        phase = .finishing
        deadline = loop.eventLoop.now + TimeAmount(limits.closing)
        listener.owner.finished(connection)
        return true
    }

    /// The stream is over, as far as the owner goes; the connection may last a little longer.
    func ended(_ reason: @autoclosure () -> String) {
        if endingReason == nil { endingReason = reason() }
        attemptFailed()
        guard isOwned, let connection else { return }
        isOwned = false
        listener.owner.closed(connection)
    }

    /// Ends the connection after what is gathered has been written.
    func disconnect() {
        guard phase != .closed, let context else { return }
        phase = .closed
        outlet.flushAll()
        // Closing drops what the socket has not taken; a peer that reads slowly gets a while.
        guard !context.channel.isWritable else { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        phase = .closing
        deadline = loop.eventLoop.now + TimeAmount(limits.closing)
    }
}

// MARK: - Output

extension StreamHandler {
    /// Whether stanzas can be sent.
    private var isOpen: Bool { (phase == .session || phase == .finishing) && context != nil }

    func send(_ bytes: [UInt8]) {
        guard isOpen, makeRoom(for: bytes.count) else { return }
        outlet.send(bytes)
    }

    func sendEvent(head: [UInt8], toBare: Bool, body: [UInt8], own: [UInt8], end: [UInt8]) {
        let count = head.count + escapedAddress.count + body.count + own.count + end.count
        guard isOpen, makeRoom(for: count) else { return }
        // As large as the last ones became, at once: it need not grow in steps.
        let expected = outlet.byteCount == 0 ? min(eventBytes, Self.fullBytes) : 0
        outlet.reserve(max(count, expected))
        outlet.add(head)
        if toBare {
            outlet.add(escapedAddress.prefix(bareAddressCount))
        } else {
            outlet.add(escapedAddress)
        }
        outlet.add(body)
        if !own.isEmpty { outlet.add(own) }
        outlet.add(end)
        eventBytes = outlet.byteCount
        outlet.sendSoon()
    }

    /// Writes a step of the stream itself, which is always small.
    func write(_ bytes: [UInt8]) {
        outlet.send(bytes)
    }

    private func makeRoom(for count: Int) -> Bool {
        guard outlet.byteCount + count > limits.outboundBytes else { return true }
        // A lot in one tick is no slow reader.
        outlet.flushGathered()
        guard outlet.byteCount > 0 else { return true }
        // Nobody who does not read may cost memory without bound. Whole stanzas are dropped: what
        // went out before ended with one.
        outlet.drop()
        end(with: StreamEndReason(error: StreamError(.resourceConstraint)))
        return false
    }

    /// Whether what waits for the peer is little enough that more may be added.
    func takesMore() -> Bool {
        if outlet.byteCount <= Self.fullBytes { return true }
        // A lot in one tick is no slow reader.
        outlet.flushGathered()
        if outlet.byteCount == 0 { return true }
        isFull = true
        return false
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        outlet.flushGathered()
        if isFull, outlet.byteCount == 0, let connection, isOwned {
            isFull = false
            listener.owner.drained(connection)
        }
        context.fireChannelWritabilityChanged()
    }

    func end(with reason: StreamEndReason) {
        // A peer that has ended its side wants no reason, and no time to answer.
        perform(phase == .finishing ? machine.peerClosed() : machine.close(reason.error))
    }
}

// MARK: - Deadlines

extension StreamHandler {
    func swept(at now: NIODeadline) {
        switch phase {
        case .closed:
            break
        case .loggingIn:
            guard now >= deadline else { return }
            perform(machine.timedOut())
        case .finishing:
            guard now >= deadline else { return }
            perform(machine.peerClosed())
        case .closing:
            guard now >= deadline else { return }
            phase = .closed
            context?.close(promise: nil)
        case .session:
            checkSilence(now)
        }
    }

    private func checkSilence(_ now: NIODeadline) {
        // While nothing is read, silence is ours.
        guard !isThrottled, held == nil else { return }
        let silence = now - receivedAt
        if let goneAfter = limits.goneAfter, silence >= TimeAmount(goneAfter) {
            perform(machine.timedOut())
        } else if let pingAfter = limits.pingAfter, ping == nil, silence >= TimeAmount(pingAfter) {
            sendPing()
        }
    }

    private func sendPing() {
        let id = Random.token()
        ping = id
        let request = Stanza(
            .iq,
            type: "get",
            id: id,
            from: machine.jid.map { JID(normalizedLocal: nil, domain: $0.domain) },
            to: machine.jid,
            [Element("ping", Namespace.ping)]
        )
        send(request.serialized())
    }
}
