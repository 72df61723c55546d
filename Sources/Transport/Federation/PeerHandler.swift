import Federation
import NIOCore
import XMPP

/// What the handlers of one server's streams to others share.
final class PeerContext: Sendable {
    let configuration: PeerConfiguration
    let owner: any PeerOwner
    /// The newest certificates; nil where there are none, and so no TLS.
    let credentials: @Sendable () -> PeerCredentials?

    init(
        _ configuration: PeerConfiguration,
        owner: any PeerOwner,
        credentials: @escaping @Sendable () -> PeerCredentials?
    ) {
        self.configuration = configuration
        self.owner = owner
        self.credentials = credentials
    }
}

/// Runs a stream between servers on a channel: parser, machine and outbound queue in one handler.
///
/// Confined to the channel's event loop. It does what the machine says and decides nothing about
/// the protocol; what is its own are the deadlines (``Sweep``), the byte rate, the queue and what a
/// certificate is worth.
final class PeerHandler: ChannelInboundHandler, Sweepable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let peers: PeerContext
    let loop: LoopState
    let parser: XMLStreamParser
    var machine: PeerStream
    private(set) var id: PeerID
    /// Nil for a stream that the peer opened.
    let way: OutboundWay?
    private(set) var context: ChannelHandlerContext?
    private(set) var connection: PeerConnection?
    var tls: TLSHandler?
    let outlet: Outlet

    /// Stanzas of this read that are not handed over yet.
    var batch: [Arrival] = []
    /// Counts the parser's restarts: what was parsed before one is not to be read after it.
    var restarts = 0
    var budget: ReadingBudget?
    var isThrottled = false
    var isPaused = false

    var sweepPosition: Int?
    private(set) var phase = Phase.negotiating
    private var deadline: NIODeadline
    /// What the stream failed of; the connection may last a little longer.
    private var failure: FederationFailure?
    private var isOwned = false
    private var hasStarted = false
    private var isAcknowledged = false
    private var isClosing = false
    /// How often it is still to be said that all has left: what was sent before the last but one
    /// time has arrived.
    private var drainsLeft = 0

    enum Phase {
        case negotiating, open, closing, closed
    }

    /// Where a stream that we open leads.
    struct OutboundWay {
        let pair: DomainPair
        let target: Target
        /// What signed records say of the host's certificates, once it is known.
        let associations: EventLoopFuture<CertificateAssociations?>
    }

    private init(
        _ peers: PeerContext,
        _ machine: consuming PeerStream,
        id: PeerID,
        way: OutboundWay?,
        on loop: LoopState
    ) {
        self.peers = peers
        self.loop = loop
        self.id = id
        self.way = way
        self.machine = machine
        let limits = peers.configuration.limits
        parser = XMLStreamParser(limits: limits.beforeProof, pool: loop.parsers)
        parser.passesStanzas = peers.configuration.passesStanzas
        outlet = Outlet(loop.flushList)
        let now = loop.eventLoop.now
        deadline = now + TimeAmount(limits.negotiation)
        budget = limits.rate.map { ReadingBudget($0, atNanoseconds: now.nanoseconds) }
    }

    /// For a connection that a peer has made.
    convenience init(
        _ peers: PeerContext,
        accepting security: FederationSecurity,
        on loop: LoopState
    ) {
        let configuration = peers.configuration
        var inbound = InboundFederation.Configuration(
            domain: configuration.domain,
            serves: configuration.serves,
            security: security,
            policy: configuration.policy,
            keys: configuration.keys
        )
        inbound.isOurs = configuration.isOurs
        inbound.offersBidirectional = configuration.isBidirectional
        inbound.offersAcknowledgements = configuration.acknowledges
        let machine = PeerStream.inbound(InboundFederation(inbound))
        self.init(peers, machine, id: PeerID(0), way: nil, on: loop)
    }

    /// For a connection that we have made.
    convenience init(
        _ peers: PeerContext,
        opening id: PeerID,
        for purpose: OutboundFederation.Purpose,
        _ way: OutboundWay,
        on loop: LoopState
    ) {
        let configuration = peers.configuration
        var outbound = OutboundFederation.Configuration(
            way.pair,
            for: purpose,
            security: way.target.protection == .direct ? .direct : .startTLS,
            policy: configuration.policy,
            keys: configuration.keys
        )
        outbound.allowsBidirectional = configuration.isBidirectional
        outbound.wantsAcknowledgements = configuration.acknowledges
        let machine = PeerStream.outbound(OutboundFederation(outbound))
        self.init(peers, machine, id: id, way: way, on: loop)
    }

    var limits: PeerLimits { peers.configuration.limits }
    var acknowledgements: LinkAcknowledgements { machine.acknowledgements }
}

// MARK: - Life

extension PeerHandler {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let connection = PeerConnection(
            self,
            address: context.channel.remoteAddress?.ipAddress ?? "",
            target: way?.target,
            on: loop.eventLoop
        )
        self.connection = connection
        outlet.open(context, tls == nil ? SocketWriter(context.channel) : nil)
        loop.sweep.add(self)
        isOwned = true
        if way == nil {
            id = peers.owner.accepted(connection)
        } else {
            peers.owner.opened(connection)
        }
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
        guard let way, way.target.protection == .startTLS,
            !peers.configuration.policy.rule(for: way.pair.remote).needsTLS
        else { return perform(machine.connected(promisesTLS: false)) }
        // Whether something may go in the clear is known when the records are.
        known(way) { peer, associations in
            peer.perform(peer.machine.connected(promisesTLS: associations != nil))
        }
    }

    /// Goes on when it is known what signed records say of the host's certificates, unless the
    /// stream is over by then.
    private func known(
        _ way: OutboundWay,
        _ goOn: @escaping (PeerHandler, CertificateAssociations?) -> Void
    ) {
        let handler = NIOLoopBound(self, eventLoop: loop.eventLoop)
        way.associations.assumeIsolated().whenComplete { result in
            let peer = handler.value
            guard peer.phase == .negotiating else { return }
            goOn(peer, (try? result.get()) ?? nil)
            peer.outlet.flushGathered()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stopSending()
        phase = .closed
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
        stopSending()
        phase = .closed
        perform(machine.disconnected())
        over()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if failure == nil, phase == .negotiating, error is TLSError {
            failure = .tlsFailed("\(error)")
        }
        deliverBatch()
        perform(machine.disconnected())
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSEvent.opened: secured()
        case ChannelEvent.inputClosed:
            deliverBatch()
            perform(machine.disconnected())
            disconnect()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// Says once that nothing more can be sent.
    private func stopSending() {
        guard !isClosing, isOwned, let connection else { return }
        isClosing = true
        peers.owner.closing(connection, failure)
    }

    /// Says once that the stream is over, when nothing more can become known of what was sent.
    private func over() {
        guard isOwned, let connection else { return }
        isOwned = false
        peers.owner.ended(connection, failure, machine.acknowledgements.remainder)
    }

    /// Ends the connection after what is gathered has been written.
    func disconnect() {
        guard phase != .closed, let context else { return }
        stopSending()
        phase = .closed
        outlet.flushAll()
        context.close(promise: nil)
    }

    func end(with reason: StreamEndReason) {
        perform(machine.close(reason.error))
    }
}

// MARK: - TLS

extension PeerHandler {
    func startTLS() {
        guard let context else { return }
        outlet.flushGathered()
        restartParser()
        do {
            guard let credentials = peers.credentials() else { throw TLSError.library("no key") }
            let handler = try handler(credentials)
            handler.socket = outlet.takeSocket()
            tls = handler
            try context.pipeline.syncOperations.addHandler(handler, position: .before(self))
        } catch {
            errorCaught(context: context, error: error)
        }
    }

    private func handler(_ credentials: PeerCredentials) throws -> TLSHandler {
        guard let way else { return try TLSHandler(server: credentials.accepting) }
        guard let context = credentials.connecting(as: way.pair.local) else {
            throw TLSError.library("no context")
        }
        return try TLSHandler(
            client: context,
            name: DomainName.encoded(way.pair.remote) ?? way.pair.remote,
            isDirect: way.target.protection == .direct
        )
    }

    /// The handshake is done.
    private func secured() {
        guard let way else { return perform(machine.tlsEstablished(nil)) }
        // Mostly known by now; until then the peer has nothing to say.
        known(way) { peer, associations in
            peer.perform(peer.machine.tlsEstablished(peer.verdict(way.pair.remote, associations)))
        }
    }

    /// What the peer's certificate is worth for a domain: by pins, where there are some, else by
    /// signed records, else by the authorities.
    func verdict(
        _ domain: String,
        _ associations: CertificateAssociations? = nil
    ) -> CertificateVerdict {
        guard let tls, let credentials = peers.credentials() else {
            return .untrusted("it showed none")
        }
        // Where nobody vouches for the way to it, its name says nothing (RFC 7673 §4.1).
        var host: String?
        if let target = way?.target, target.isSecure, case .name(let name) = target.host {
            host = name.text
        }
        let found = tls.verdict(for: domain, at: host, credentials.trust, associations)
        let rule = peers.configuration.policy.rule(for: domain)
        return rule.verdict(fingerprint: tls.peerFingerprint ?? [], otherwise: found)
    }

    func restartParser() {
        parser.restart()
        restarts &+= 1
    }
}

// MARK: - Ends of streams

extension PeerHandler {
    func close(_ ending: StreamEnding?, _ reason: FederationFailure?) {
        if failure == nil { failure = reason }
        stopSending()
        if let ending { write(ending.serialized(in: Namespace.server)) }
        guard phase != .closed else { return }
        phase = .closing
        deadline = loop.eventLoop.now + TimeAmount(limits.closing)
        // What is not known to have arrived may still be acknowledged.
        if machine.acknowledgements.remainder == .none { over() }
        if ending?.awaitsPeer != true { disconnect() }
    }

    /// Tells once that the peer acknowledges.
    func noteAcknowledgements() {
        guard !isAcknowledged, machine.acknowledgements.areOn, let connection else { return }
        isAcknowledged = true
        peers.owner.acknowledging(connection)
    }

    func opened() {
        guard phase == .negotiating else { return }
        phase = .open
        parser.limits = limits.afterProof
    }

    func swept(at now: NIODeadline) {
        switch phase {
        case .closed: break
        case .negotiating:
            guard now >= deadline else { return }
            perform(machine.timedOut())
        case .closing:
            guard now >= deadline else { return }
            phase = .closed
            context?.close(promise: nil)
        case .open: lookWhetherAllHasLeft()
        }
    }

    /// Without acknowledgements, that the peer's system has taken all bytes is the best sign there
    /// is of their arrival.
    private func lookWhetherAllHasLeft() {
        guard drainsLeft > 0, !machine.acknowledgements.areOn, let context, let connection,
            outlet.byteCount == 0, UnsentBytes.areNone(on: context.channel)
        else { return }
        drainsLeft -= 1
        peers.owner.drained(connection)
    }

    /// Something was written, and is to be seen to leave.
    func noteWrite() {
        drainsLeft = 2
    }
}
