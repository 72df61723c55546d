import NIOCore
import NIOPosix
import XMPP

// MARK: - Bytes to events

extension StreamHandler {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let now = loop.eventLoop.now
        receivedAt = now
        let hasBytes = budget?.take(bytes.readableBytes, atNanoseconds: now.nanoseconds) ?? true
        if !hasBytes { throttle(now) }
        guard phase != .closed, phase != .finishing else { return }
        var events: [XMLEvent] = []
        var error: StreamError?
        bytes.withUnsafeReadableBytes { bytes in
            do throws(StreamError) {
                try parser.feed(bytes, into: &events)
            } catch let failure {
                error = failure
            }
        }
        // Headers count as well, but there are few.
        let isLeft = stanzaBudget?.take(events.count, atNanoseconds: now.nanoseconds) ?? true
        if !isLeft { throttle(now) }
        if var waiting = held {
            waiting.events += events
            waiting.error = waiting.error ?? error
            held = waiting
        } else {
            process(HeldInput(events: events[...], error: error))
        }
        deliverBatch()
    }

    /// Feeds the machine until it has to wait for an answer, or the parser starts over.
    private func process(_ input: HeldInput) {
        let generation = restarts
        var input = input
        while let event = input.events.popFirst() {
            if case .closed = event, phase == .session {
                deliverBatch()
                _ = finish()
                return
            }
            perform(action(for: event))
            // What came in the clear behind <starttls/>, or unasked behind the end of a log-in, is
            // not what it pretends to be (RFC 6120 §5.4.3.3).
            guard restarts == generation else { return }
            if held != nil {
                held = input
                return
            }
        }
        if let error = input.error { perform(machine.inputFailed(error)) }
    }

    private func action(for event: XMLEvent) -> ServerStream.Action {
        switch event {
        case .element(let element): machine.received(element)
        case .opened(let header): machine.opened(header)
        case .closed: machine.peerClosed()
        // Clients' stanzas are read.
        case .passed: .nothing
        }
    }

    /// Hands over what is read so far: before anything that changes the stream.
    func deliverBatch() {
        guard !batch.isEmpty, let connection else { return }
        let stanzas = batch
        batch = []
        listener.owner.received(stanzas, on: connection)
    }
}

// MARK: - Actions

extension StreamHandler {
    /// Does what the machine says.
    func perform(_ action: ServerStream.Action) {
        if case .deliver(let stanza) = action { return deliver(stanza) }
        deliverBatch()
        switch action {
        case .nothing, .deliver:
            break
        case .send(let element):
            write(element.serialized(inheriting: Namespace.client))
        case .open(let header, let features):
            var writer = XMLWriter()
            writer.write(header)
            if let features { writer.write(features, inheriting: Namespace.client) }
            write(writer.bytes)
        case .startTLS(let proceed):
            startTLS(proceed)
        case .attempt(let name):
            perform(machine.attemptAnswered(mayTry(name)))
        case .restart(let success, _):
            attemptSucceeded()
            write(success.serialized(inheriting: Namespace.client))
            restartParser()
            parser.limits = limits.afterLogin
        case .lookUp, .verifyPlain, .bind:
            ask(action)
        case .unbind(let name, let answer):
            if let connection { listener.owner.unbind(name, on: connection) }
            write(answer.serialized(inheriting: Namespace.client))
        case .close(let ending):
            close(ending)
        case .disconnect:
            ended("closed")
            disconnect()
        }
    }

    private func deliver(_ stanza: Stanza) {
        // The answer to our own ping is no business of the owner.
        if let ping, stanza.kind == .iq, stanza.id == ping, !stanza.isRequest {
            self.ping = nil
            return
        }
        batch.append(stanza)
    }

    private func restartParser() {
        parser.restart()
        restarts &+= 1
    }

    private func startTLS(_ proceed: Element) {
        guard let context, let box = listener.tls else {
            return perform(machine.close(StreamError(.internalServerError)))
        }
        write(proceed.serialized(inheriting: Namespace.client))
        // In the clear, so before TLS is there.
        outlet.flushGathered()
        restartParser()
        do {
            let handler = try TLSHandler(server: box.current, name: machine.domain)
            handler.socket = outlet.takeSocket()
            tls = handler
            try context.pipeline.syncOperations.addHandler(handler, position: .before(self))
        } catch {
            errorCaught(context: context, error: error)
        }
    }

    private func close(_ ending: StreamEnding) {
        let reason = ending.error?.summary ?? "the stream was closed"
        write(ending.serialized())
        phase = .closing
        deadline = loop.eventLoop.now + TimeAmount(limits.closing)
        ended(reason)
        if !ending.awaitsPeer { disconnect() }
    }
}

// MARK: - Answers that take time

extension StreamHandler {
    /// Asks, and keeps all that comes until the answer.
    private func ask(_ action: ServerStream.Action) {
        held = held ?? HeldInput()
        switch action {
        case .lookUp(let account):
            let answer = answering { $0.credentialsFound($1) }
            guard mayTry(account) else { return answer(.unavailable) }
            listener.owner.credentials(for: account, answer)
        case .verifyPlain(let attempt):
            let answer = answering { (machine, isCorrect: Bool) in machine.plainVerified(isCorrect)
            }
            NIOThreadPool.singleton.submit { state in
                // Cancelled only when the program ends.
                answer(state == .active && attempt.isCorrect())
            }
        case .bind(let account, let resource):
            guard let connection else { return }
            attemptSucceeded()
            isOwned = true
            let answer = answering { (machine, result: Result<JID, StanzaError>) in
                switch result {
                case .success(let jid): machine.bound(jid)
                case .failure(let error): machine.bindFailed(error)
                }
            }
            listener.owner.bind(
                account: account,
                resource: resource,
                on: connection,
                answer
            )
        default:
            held = nil
        }
        updateReading()
    }

    /// Whether the peer may prove that it is that.
    private func mayTry(_ name: JID) -> Bool {
        guard let attempts = listener.configuration.attempts else { return true }
        attemptFailed()
        let address = context?.channel.remoteAddress?.ipAddress ?? ""
        let attempt = Attempt(name: name, address: address)
        switch attempts.begin(attempt, at: loop.eventLoop.now) {
        case .go:
            self.attempt = attempt
            return true
        case .wait(let left, let isFirst):
            if isFirst { listener.owner.pauses(name, from: address, for: Duration(left)) }
        case .addressWaits(let left, let isFirst):
            if isFirst { listener.owner.pauses(nil, from: address, for: Duration(left)) }
        }
        return false
    }

    private func attemptSucceeded() {
        guard let attempt else { return }
        self.attempt = nil
        listener.configuration.attempts?.succeeded(attempt, at: loop.eventLoop.now)
    }

    /// Another attempt begins, or the stream is over.
    func attemptFailed() {
        guard let attempt else { return }
        self.attempt = nil
        listener.configuration.attempts?.failed(attempt, at: loop.eventLoop.now)
    }

    /// A function that takes an answer from any thread to the machine, and goes on from there.
    private func answering<Answer: Sendable>(
        _ feed: @escaping @Sendable (inout AcceptedStream, Answer) -> ServerStream.Action
    ) -> @Sendable (Answer) -> Void {
        let eventLoop = loop.eventLoop
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        return { answer in
            if eventLoop.inEventLoop {
                handler.value.resume { feed(&$0, answer) }
            } else {
                eventLoop.execute { handler.value.resume { feed(&$0, answer) } }
            }
        }
    }

    private func resume(_ feed: (inout AcceptedStream) -> ServerStream.Action) {
        guard phase != .closed else { return }
        let input = held ?? HeldInput()
        held = nil
        let generation = restarts
        let action = feed(&machine)
        perform(action)
        enterSession()
        if restarts == generation {
            // Asked again at once, or not: what waited goes on waiting or is worked off.
            if held == nil { process(input) } else { held = input }
        }
        deliverBatch()
        updateReading()
    }

    private func enterSession() {
        guard phase == .loggingIn, let jid = machine.jid else { return }
        phase = .session
        // A component has proven itself without a restart.
        parser.limits = limits.afterLogin
        ping = nil
        // An attribute's value as the writer escapes it: between <a to=' and '/>.
        let tag = Element("a", "", attributes: [.init("to", jid.description)]).serialized()
        escapedAddress = Array(tag.dropFirst(7).dropLast(3))
        // Nothing before the resource can hold a slash.
        bareAddressCount = escapedAddress.firstIndex(of: UInt8(ascii: "/")) ?? escapedAddress.count
    }
}

// MARK: - The rates of bytes and stanzas

extension StreamHandler {
    /// Reads no more until the budget allows it: the peer's own socket fills, and it waits.
    private func throttle(_ now: NIODeadline) {
        let wait = nanosecondsToWait(at: now)
        guard !isThrottled, wait > 0 else { return }
        isThrottled = true
        updateReading()
        wake(in: wait)
    }

    private func wake(in nanoseconds: Int64) {
        let handler = NIOLoopBound(self, eventLoop: loop.eventLoop)
        loop.eventLoop.scheduleTask(in: .nanoseconds(nanoseconds)) { handler.value.unthrottle() }
    }

    private func nanosecondsToWait(at now: NIODeadline) -> Int64 {
        let bytes = budget?.nanosecondsToWait(atNanoseconds: now.nanoseconds) ?? 0
        let stanzas = stanzaBudget?.nanosecondsToWait(atNanoseconds: now.nanoseconds) ?? 0
        return max(bytes, stanzas)
    }

    private func unthrottle() {
        guard isThrottled else { return }
        // The other rate may want longer than the one that was waited for.
        let wait = nanosecondsToWait(at: loop.eventLoop.now)
        guard wait == 0 else { return wake(in: wait) }
        isThrottled = false
        receivedAt = loop.eventLoop.now
        updateReading()
    }

    private func updateReading() {
        guard let context, phase != .closed else { return }
        let reads = !isThrottled && held == nil
        // Most answers come at once, and then nothing changes.
        guard reads != isReading else { return }
        isReading = reads
        // It fails only for a channel that is closed, which reads nothing anyway.
        try? context.channel.syncOptions?.setOption(.autoRead, value: reads)
    }
}
