import Federation
import NIOCore
import NIOPosix
import XMPP

/// What the handlers of one end's links share.
final class LinkContext: Sendable {
    let configuration: LinkConfiguration
    let owner: any LinkOwner

    init(_ configuration: LinkConfiguration, owner: any LinkOwner) {
        self.configuration = configuration
        self.owner = owner
    }
}

/// Runs one connection of a link on a channel: parser, machine and outbound queue in one handler.
///
/// Confined to the channel's event loop. What waits to be written is bounded by the ledger at this
/// end, and a peer that does not read is found out by the heartbeat.
final class LinkHandler: ChannelInboundHandler, Sweepable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let links: LinkContext
    private let loop: LoopState
    private let reader: LinkReader
    private var machine: LinkStream
    private let outlet: Outlet
    private var context: ChannelHandlerContext?
    private var connection: LinkConnection?
    var tls: TLSHandler?
    /// Of the listener that accepted it, until the peer has proven itself.
    var applicants: LinkApplicants?
    private let address: LinkAddress

    private var peer: LinkPeer?
    private var failure: LinkFailure?
    /// What this read has brought and is not handed over yet.
    private var batch: [LinkInput] = []
    private var phase = Phase.negotiating
    private var deadline: NIODeadline
    private var isOwned = false
    private var hasStarted = false
    var sweepPosition: Int?

    /// Bytes that wait to be written and make an answer needless.
    private static let enoughToHear = 16 * 1024

    private enum Phase {
        case negotiating, open, closing, closed
    }

    init(
        _ links: LinkContext,
        _ role: LinkStream.Role,
        at address: LinkAddress,
        on loop: LoopState
    ) {
        self.links = links
        self.loop = loop
        self.address = address
        let configuration = links.configuration
        var stream = LinkStream.Configuration(
            name: configuration.name,
            instance: configuration.instance,
            role: role,
            secrets: configuration.secrets,
            usesTLS: address.usesTLS
        )
        stream.heartbeat = configuration.heartbeat
        machine = LinkStream(stream)
        reader = LinkReader(pool: loop.parsers)
        outlet = Outlet(loop.flushList)
        deadline = loop.eventLoop.now + TimeAmount(configuration.negotiation)
    }

    /// Whether it has come to a session that did not end for something that would come again.
    var wasOfUse: Bool {
        guard peer != nil else { return false }
        switch failure {
        case nil, .closedByPeer, .timedOut, .disconnected: return true
        case .streamFailed(let error): return error.condition == .systemShutdown
        case .notAuthenticated, .protocolViolated: return false
        }
    }
}

// MARK: - Life

extension LinkHandler {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let remote = context.channel.remoteAddress?.ipAddress ?? "\(address)"
        connection = LinkConnection(self, address: remote, on: loop.eventLoop)
        outlet.open(context, tls == nil ? SocketWriter(context.channel) : nil)
        loop.sweep.add(self)
        isOwned = true
        if context.channel.isActive { start() }
    }

    func channelActive(context: ChannelHandlerContext) {
        start()
        context.fireChannelActive()
    }

    private func start() {
        // A connection of ours may be active before it says so.
        guard !hasStarted else { return }
        hasStarted = true
        perform(machine.connected())
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        perform(machine.disconnected())
        over()
        loop.sweep.remove(self)
        connection = nil
        self.context = nil
        outlet.close()
        tls = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        deliverBatch()
        perform(machine.disconnected())
        over()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        deliverBatch()
        perform(machine.disconnected())
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSEvent.opened:
            perform(machine.tlsEstablished(tls?.channelBindings.exporter ?? []))
        case ChannelEvent.inputClosed:
            deliverBatch()
            perform(machine.disconnected())
            disconnect()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// Says once that the connection is over.
    private func over() {
        phase = .closed
        guard isOwned, let connection else { return }
        isOwned = false
        links.owner.ended(connection, with: peer, failure)
    }

    /// Ends the connection after what is gathered has been written.
    private func disconnect() {
        guard phase != .closed, let context else { return }
        phase = .closed
        outlet.flushAll()
        context.close(promise: nil)
    }

    func end(with reason: StreamEndReason) {
        perform(machine.close(reason.error))
    }

    func swept(at now: NIODeadline) {
        switch phase {
        case .closed: break
        case .negotiating:
            if now >= deadline { perform(machine.timedOut()) }
        case .closing:
            if now >= deadline { disconnect() }
        case .open: perform(machine.tick(now: now.instant))
        }
    }
}

// MARK: - Input

extension LinkHandler {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .closed else { return }
        let bytes = unwrapInboundIn(data)
        let now = loop.eventLoop.now.instant
        var error: StreamError?
        // Also a part of an element is a sign of life.
        machine.heard(now: now)
        bytes.withUnsafeReadableBytes { bytes in
            do throws(StreamError) {
                try reader.feed(bytes) { event in
                    switch event {
                    case .opened(let header): perform(machine.opened(header))
                    case .received(let input):
                        if machine.passes(input) {
                            batch.append(input)
                        } else {
                            perform(machine.received(input, now: now))
                        }
                    case .closed: perform(machine.peerClosed())
                    }
                }
            } catch let failure {
                error = failure
            }
        }
        if let error { perform(machine.inputFailed(error)) }
        deliverBatch()
    }

    private func deliverBatch() {
        guard !batch.isEmpty, let connection, let peer else { return }
        let inputs = batch
        batch = []
        links.owner.received(inputs, on: connection, from: peer)
    }
}

// MARK: - Actions and output

extension LinkHandler {
    private func perform(_ action: LinkAction) {
        if case .pass(let input) = action {
            batch.append(input)
            return
        }
        deliverBatch()
        switch action {
        // The handshake begins with the connection.
        case .nothing, .startTLS, .pass: break
        case .open(let header, let hello):
            var writer = XMLWriter()
            writer.write(header)
            writer.write(raw: hello.serialized(in: Namespace.server))
            write(writer.bytes)
        case .send(let element): write(element.serialized(in: Namespace.server))
        case .answer(let element):
            guard outlet.byteCount < Self.enoughToHear else { break }
            write(element.serialized(in: Namespace.server))
        case .ready(let peer, let element):
            self.peer = peer
            phase = .open
            if let channel = context?.channel { applicants?.remove(channel) }
            applicants = nil
            reader.begin(isEdge: links.configuration.isEdge)
            if let element { write(element.serialized(in: Namespace.server)) }
            if let connection { links.owner.began(connection, with: peer) }
        case .close(let ending, let reason): close(ending, reason)
        case .disconnect(let reason):
            if failure == nil { failure = reason }
            disconnect()
        }
    }

    private func close(_ ending: StreamEnding, _ reason: LinkFailure?) {
        if failure == nil { failure = reason }
        write(ending.serialized(in: Namespace.server))
        guard phase != .closed else { return }
        phase = .closing
        deadline = loop.eventLoop.now + TimeAmount(links.configuration.closing)
        if !ending.awaitsPeer { disconnect() }
    }

    private func write(_ bytes: [UInt8]) {
        guard phase != .closed else { return }
        outlet.send(bytes)
        guard outlet.byteCount > links.configuration.unwrittenBytes else { return }
        // What waits is dropped: the ledger has what is to go again.
        if failure == nil { failure = .timedOut }
        outlet.drop()
        disconnect()
    }

    /// Writes what a ledger says, unless the stream has ended.
    func send(_ bytes: [UInt8]) {
        if phase == .open { write(bytes) }
    }

    func violated(_ error: StreamError) {
        perform(machine.violated(error))
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        outlet.flushGathered()
        context.fireChannelWritabilityChanged()
    }
}

extension NIODeadline {
    /// For machines that only hold times against each other.
    fileprivate var instant: Instant {
        Instant(milliseconds: Int64(clamping: uptimeNanoseconds / 1_000_000))
    }
}
