package import NIOCore
package import XMPP

/// What a ``TLSHandler`` tells the handlers behind it.
package enum TLSEvent: Sendable, Hashable {
    /// The connection is encrypted from here on.
    case opened(TLSSummary)
}

/// TLS between a channel's socket and its other handlers, through the system's OpenSSL.
///
/// Plaintext written in pieces is gathered until the flush into as few records as hold it. Writes
/// before the handshake's end wait for it. The peer's goodbye arrives as
/// `ChannelEvent.inputClosed`; an end of the connection without it, as ``TLSError/truncated``.
/// Every error closes the channel, after its alert has been sent.
package final class TLSHandler: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    let engine: TLSEngine
    /// The way to the socket past the channel.
    var socket: SocketWriter?
    private var gathered = ByteBuffer()
    private var gatheredPromise: EventLoopPromise<Void>?
    private var wantsFlush = false
    private var hasFailed = false
    /// Set when this side has closed: what the peer leaves out is of no concern then.
    private var isClosing = false
    private var hasStarted = false

    private init(_ engine: TLSEngine) {
        self.engine = engine
    }

    /// The server's end; `name` is the domain that the peer is known to want already: it gets that
    /// one's certificate, unless it asks for another in the handshake.
    package convenience init(
        server context: TLSContext,
        name: String? = nil
    ) throws(TLSError) {
        self.init(try TLSEngine(context, role: .server(name: name)))
    }

    /// The client's end; `name` is the domain that the certificate must be for.
    package convenience init(
        client context: TLSContext,
        name: String,
        isDirect: Bool
    ) throws(TLSError) {
        let role = TLSEngine.Role.client(server: name, sendsProtocol: isDirect)
        self.init(try TLSEngine(context, role: role))
    }

    /// The channel bindings that this connection has; none before the handshake's end.
    package var channelBindings: ChannelBindings { engine.channelBindings }

    /// What the handshake came to; nil before its end.
    package var summary: TLSSummary? {
        engine.isHandshaking ? nil : engine.summary
    }
}

// MARK: - Life

extension TLSHandler {
    package func handlerAdded(context: ChannelHandlerContext) {
        if socket == nil { socket = SocketWriter(context.channel) }
        if context.channel.isActive { start(context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard !hasStarted else { return }
        hasStarted = true
        do throws(TLSError) {
            try engine.start()
            send(context, promise: nil)
        } catch {
            fail(error, context)
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        ended(context)
        gatheredPromise?.fail(ChannelError.ioOnClosedChannel)
        gatheredPromise = nil
        gathered = ByteBuffer()
        socket = nil
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        gatheredPromise?.fail(ChannelError.ioOnClosedChannel)
        gatheredPromise = nil
        socket = nil
    }

    /// The socket gives no more: in order only after a goodbye.
    private func ended(_ context: ChannelHandlerContext) {
        guard !hasFailed, !isClosing, !engine.isClosedByPeer else { return }
        fail(
            engine.isHandshaking ? .handshake("the peer closed the connection") : .truncated,
            context
        )
    }

    private func fail(_ error: TLSError, _ context: ChannelHandlerContext) {
        guard !hasFailed else { return }
        hasFailed = true
        // The alert that says why.
        send(context, promise: nil)
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }
}

// MARK: - Inbound

extension TLSHandler {
    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasFailed else { return }
        var plaintext = ByteBuffer()
        var progress = TLSEngine.Progress()
        var failure: TLSError?
        do throws(TLSError) {
            progress = try engine.receive(unwrapInboundIn(data), into: &plaintext)
        } catch {
            failure = error
        }
        if progress.isOpened { opened(context) }
        // TLS 1.3: a server's ticket is in no hurry and leaves with its first answer.
        if !progress.isOpened || !engine.mayWait { send(context, promise: nil) }
        // What came in order before a failure or a goodbye still counts.
        if plaintext.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plaintext)) }
        if progress.isClosed { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        if let failure { fail(failure, context) }
    }

    /// Tells it before the end of the handshake is sent: what is written in answer joins it.
    private func opened(_ context: ChannelHandlerContext) {
        context.fireUserInboundEventTriggered(TLSEvent.opened(engine.summary))
        if wantsFlush { flush(context: context) }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        // The socket's end after a goodbye is no news.
        if !engine.isClosedByPeer, !hasFailed {
            ended(context)
            context.fireUserInboundEventTriggered(event)
        }
    }
}

// MARK: - Outbound

extension TLSHandler {
    package func write(
        context: ChannelHandlerContext,
        data: NIOAny,
        promise: EventLoopPromise<Void>?
    ) {
        guard !hasFailed else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        var bytes = unwrapOutboundIn(data)
        if gathered.readableBytes == 0 {
            gathered = bytes
        } else {
            gathered.writeBuffer(&bytes)
        }
        guard let promise else { return }
        if let earlier = gatheredPromise {
            earlier.futureResult.cascade(to: promise)
        } else {
            gatheredPromise = promise
        }
    }

    package func flush(context: ChannelHandlerContext) {
        guard !engine.isHandshaking else {
            wantsFlush = true
            return
        }
        wantsFlush = false
        encrypt(context)
    }

    package func close(
        context: ChannelHandlerContext,
        mode: CloseMode,
        promise: EventLoopPromise<Void>?
    ) {
        if mode != .input {
            isClosing = isClosing || mode == .all
            if !engine.isHandshaking { encrypt(context) }
            engine.close()
            send(context, promise: nil)
        }
        context.close(mode: mode, promise: promise)
    }

    private func encrypt(_ context: ChannelHandlerContext) {
        let plaintext = gathered
        let promise = gatheredPromise
        gathered = ByteBuffer()
        gatheredPromise = nil
        guard plaintext.readableBytes > 0 else {
            promise?.succeed()
            return
        }
        let result = plaintext.withUnsafeReadableBytes { bytes -> TLSError? in
            do throws(TLSError) {
                try engine.write(bytes)
                return nil
            } catch {
                return error
            }
        }
        if let result {
            promise?.fail(result)
            return fail(result, context)
        }
        send(context, promise: promise)
    }

    /// Writes and flushes what the engine has for the wire.
    private func send(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        guard var bytes = engine.takeOutbound() else {
            promise?.succeed()
            return
        }
        guard let socket else {
            return context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
        }
        if socket.write(&bytes) {
            promise?.succeed()
        } else {
            socket.pass(bytes, through: context, promise: promise)
        }
    }
}
