package import NIOCore
import NIOPosix
import Synchronization
package import XMPP

/// One account's connection to its server, kept up until it is closed.
///
/// Everything that happens on the connection happens on one event loop; what others call may be
/// called from anywhere.
package final class Client: Sendable {
    /// What happens, in order, for one reader; it ends when ``run()`` has ended.
    ///
    /// A reader that is far behind makes the client read no more from its server until it has
    /// caught up.
    package let events: AsyncStream<ClientEvent>

    let configuration: ClientConfiguration
    let queue: EventQueue
    let state = Mutex(State())
    private let givenLoop: (any EventLoop)?

    /// What several threads touch.
    struct State {
        /// The connection's handler, for its loop; nil while there is none.
        var handler: NIOLoopBound<ClientHandler>?
        var isOnline = false
        var isClosing = false
        /// Serialised stanzas that the loop has not taken yet.
        var outbox: [UInt8] = []
        var isScheduled = false
        /// Bytes that the loop has taken and the server has not.
        var queuedBytes = 0
        var requests = PendingRequests()
        /// Kept when a pause between two attempts is to end early.
        var waker: EventLoopPromise<Void>?
        /// From this connection to the next.
        var keys: ScramKeys?
        var wasOnline = false
        /// The look-up of the server, while that is under way.
        var connecting: Connecting?
        /// Targets by which there was no session since the last one: others go before them.
        var failedTargets: Set<Target> = []
        /// Kept when the current connection is over.
        var end: EventLoopPromise<ClientError>?
        /// Those who wait for ``run()`` to end.
        var closers: [CheckedContinuation<Void, Never>] = []
        var isRunning = false
    }

    /// Nothing happens before ``run()``; without an event loop it makes one of its own.
    package init(_ configuration: ClientConfiguration, on eventLoop: (any EventLoop)? = nil) {
        self.configuration = configuration
        givenLoop = eventLoop
        let queue = EventQueue()
        self.queue = queue
        events = AsyncStream(unfolding: { await queue.next() })
    }

    /// Connects, and connects again whenever the connection is lost, until ``close()``, until the
    /// task is cancelled, or until trying again would be in vain.
    package func run() async {
        let mayRun = state.withLock { state in
            guard !state.isRunning, !state.isClosing else { return false }
            state.isRunning = true
            return true
        }
        guard mayRun else { return }
        await withTaskCancellationHandler {
            if let givenLoop {
                await run(on: givenLoop)
            } else {
                let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
                await run(on: group.next())
                // It fails only when it is shut down already.
                try? await group.shutdownGracefully()
            }
        } onCancel: {
            beginClosing()
        }
        queue.finish()
        let closers = state.withLock { state in
            state.isRunning = false
            state.isClosing = true
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }

    /// Sends a stanza; false while offline, and when the server reads too slowly.
    ///
    /// Stanzas of one moment leave in one write.
    @discardableResult
    package func send(_ stanza: Stanza) -> Bool {
        let bytes = stanza.serialized()
        let loop = state.withLock { state -> (isSent: Bool, NIOLoopBound<ClientHandler>?) in
            guard state.isOnline, let handler = state.handler else { return (false, nil) }
            let waiting = state.outbox.count + state.queuedBytes
            guard waiting + bytes.count <= configuration.outboundBytes else { return (false, nil) }
            state.outbox += bytes
            if state.isScheduled { return (true, nil) }
            state.isScheduled = true
            return (true, handler)
        }
        if let handler = loop.1 {
            handler.eventLoop.execute { self.drain(into: handler) }
        }
        return loop.isSent
    }

    /// Sends an iq and waits for its answer, matched by address and a random id.
    ///
    /// - Throws: the error that came back, or `remote-server-timeout` when nothing did.
    package func request(_ iq: Stanza) async throws(StanzaError) -> Stanza {
        var iq = iq
        let id = Random.token()
        iq.id = id
        let request = iq
        let result = await withCheckedContinuation { continuation in
            begin(request, id: id) { continuation.resume(returning: $0) }
        }
        let answer = try result.get()
        guard answer.isError else { return answer }
        throw answer.error ?? StanzaError(.undefinedCondition)
    }

    /// Ends the stream in order, waits a short while for the server's end of it, and ends
    /// ``run()``.
    package func close() async {
        beginClosing()
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.isRunning else { return true }
                state.closers.append(continuation)
                return false
            }
            if isOver {
                queue.finish()
                continuation.resume()
            }
        }
    }

    /// What TLS settled on for the connection of this moment.
    package func tlsSummary() async -> TLSSummary? {
        guard let handler = state.withLock({ $0.handler }) else { return nil }
        return try? await handler.eventLoop.submit { handler.value.summary }.get()
    }
}

// MARK: - Sending

extension Client {
    /// On the loop: hands what was gathered to the connection.
    private func drain(into handler: NIOLoopBound<ClientHandler>) {
        let bytes = state.withLock { state in
            state.isScheduled = false
            defer { state.outbox = [] }
            return state.isOnline ? state.outbox : []
        }
        guard !bytes.isEmpty else { return }
        handler.value.write(bytes)
        handler.value.outlet.flushGathered()
        let queued = handler.value.queuedBytes
        state.withLock { $0.queuedBytes = queued }
    }

    private func begin(
        _ request: Stanza,
        id: String,
        _ completion: @escaping PendingRequests.Completion
    ) {
        let timeout = TimeAmount(configuration.timing.request).nanoseconds
        let isAdded = state.withLock { state in
            guard state.isOnline, let handler = state.handler else { return false }
            let deadline = handler.eventLoop.now.nanoseconds &+ timeout
            return state.requests.add(
                id: id,
                to: request.to,
                deadlineNanoseconds: deadline,
                completion
            )
        }
        guard isAdded else { return completion(.failure(Self.noAnswer("not connected"))) }
        if send(request) { return }
        let own = state.withLock { $0.requests.remove(id: id) }
        own?(.failure(Self.noAnswer("not connected")))
    }

    static func noAnswer(_ text: String) -> StanzaError {
        StanzaError(.remoteServerTimeout, text: text)
    }
}

// MARK: - Closing

extension Client {
    /// Makes the connection end and the pauses short.
    private func beginClosing() {
        let (handler, waker, connecting) = state.withLock { state in
            state.isClosing = true
            return (state.handler, state.waker, state.connecting)
        }
        waker?.succeed()
        connecting?.cancel()
        if let handler { handler.eventLoop.execute { handler.value.close() } }
    }

    var isClosing: Bool { state.withLock { $0.isClosing } }
}
