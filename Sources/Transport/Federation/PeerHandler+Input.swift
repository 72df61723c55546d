import Federation
import NIOCore
import NIOPosix
import XMPP

// MARK: - Bytes to events

extension PeerHandler {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let now = loop.eventLoop.now
        if budget?.take(bytes.readableBytes, atNanoseconds: now.nanoseconds) == false {
            throttle(now)
        }
        guard phase != .closed else { return }
        var events: [XMLEvent] = []
        var error: StreamError?
        bytes.withUnsafeReadableBytes { bytes in
            do throws(StreamError) {
                try parser.feed(bytes, into: &events)
            } catch let failure {
                error = failure
            }
        }
        process(events, error)
        deliverBatch()
        noteAcknowledgements()
    }

    private func process(_ events: [XMLEvent], _ error: StreamError?) {
        let generation = restarts
        for event in events {
            switch event {
            case .element(let element): perform(machine.received(element))
            case .passed(let stanza): perform(machine.received(stanza))
            case .opened(let header): perform(machine.opened(header))
            case .closed: perform(machine.peerClosed())
            }
            // What came in the clear behind <starttls/> or <proceed/> is nobody's word
            // (RFC 6120 §5.4.3.3).
            guard restarts == generation else { return }
        }
        if let error { perform(machine.inputFailed(error)) }
    }

    /// Hands over what is read so far: before anything that changes the stream.
    func deliverBatch() {
        guard !batch.isEmpty, let connection else { return }
        let stanzas = batch
        batch = []
        peers.owner.received(stanzas, on: connection)
    }
}

// MARK: - Actions

extension PeerHandler {
    /// Does what the machine says.
    func perform(_ action: FederationAction) {
        switch action {
        case .deliver(let stanza): return batch.append(.read(stanza))
        case .pass(let stanza): return batch.append(.passed(stanza))
        default: deliverBatch()
        }
        switch action {
        case .nothing, .deliver, .pass: break
        case .bounce(let stanza):
            if let connection { peers.owner.answered(stanza, on: connection) }
        case .send(let elements): write(elements)
        case .open(let header, let features, let event):
            if way != nil { restartParser() }
            open(header, features)
            tell(event)
        case .startTLS(let element):
            if let element { write([element]) }
            startTLS()
        case .checkCertificate(let domain):
            perform(machine.certificateChecked(verdict(domain)))
        case .restart(let success):
            write([success])
            restartParser()
        case .verify(let question):
            if let connection { peers.owner.asked(question, on: connection) }
        case .tell(let event, let elements):
            write(elements)
            tell(event)
        case .close(let ending, let event):
            tell(event)
            close(ending, nil)
        case .fail(let failure, let ending): close(ending, failure)
        case .disconnect: disconnect()
        }
    }

    private func open(_ header: StreamHeader, _ features: Element?) {
        var writer = XMLWriter()
        writer.write(header)
        if let features { writer.write(raw: features.serialized(in: Namespace.server)) }
        write(writer.bytes)
    }

    private func tell(_ event: FederationEvent?) {
        guard let event, let connection else { return }
        if case .authenticated = event { opened() }
        peers.owner.happened(event, on: connection)
    }
}

// MARK: - Output

extension PeerHandler {
    private func write(_ elements: [Element]) {
        for element in elements { write(element.serialized(in: Namespace.server)) }
    }

    func write(_ bytes: [UInt8]) {
        outlet.send(bytes)
        boundOutput()
    }

    /// Ends the stream where more waits than may: also a peer that only asks and never reads must
    /// not cost memory without bound.
    private func boundOutput() {
        let most = phase == .open ? limits.outboundBytes : limits.outboundBytesBeforeProof
        guard outlet.byteCount > most, phase != .closing, phase != .closed else { return }
        // A lot in one tick is no slow reader.
        outlet.flushGathered()
        guard outlet.byteCount > most else { return }
        // Whole elements are dropped: what went out before ended with one.
        outlet.drop()
        end(with: StreamEndReason(error: StreamError(.resourceConstraint)))
    }

    func send(_ stanzas: some Sequence<[UInt8]>) {
        guard phase == .open else { return }
        var count = 0
        for stanza in stanzas {
            outlet.send(stanza)
            count += 1
        }
        noteWrite()
        perform(machine.wrote(count))
        // Behind the count, so that what is dropped is of unknown fate and not forgotten.
        boundOutput()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        outlet.flushGathered()
        context.fireChannelWritabilityChanged()
    }
}

// MARK: - What the owner asks for

extension PeerHandler {
    func prove(_ domain: String) {
        perform(machine.prove(domain))
    }

    func ask(_ question: DialbackQuestion) {
        perform(machine.ask(question))
    }

    func verified(_ question: DialbackQuestion, _ verdict: DialbackVerdict) {
        perform(machine.verified(question, verdict))
        deliverBatch()
    }

    var received: UInt64 { machine.acknowledgements.received }

    func handled(through position: UInt64) {
        machine.handled(through: position)
    }

    func requestAcknowledgement() {
        perform(machine.requestAcknowledgement())
    }
}

// MARK: - The byte rate

extension PeerHandler {
    /// Reads no more until the budget allows it: the peer's own socket fills, and it waits.
    private func throttle(_ now: NIODeadline) {
        guard !isThrottled, var budget else { return }
        let wait = budget.nanosecondsToWait(atNanoseconds: now.nanoseconds)
        guard wait > 0 else { return }
        setThrottled(true)
        let handler = NIOLoopBound(self, eventLoop: loop.eventLoop)
        loop.eventLoop.scheduleTask(in: .nanoseconds(wait)) { handler.value.setThrottled(false) }
    }

    private func setThrottled(_ isThrottled: Bool) {
        self.isThrottled = isThrottled
        updateReading()
    }

    /// The owner has, or has not, room for what the peer sends.
    func setReading(_ isReading: Bool) {
        isPaused = !isReading
        updateReading()
    }

    private func updateReading() {
        // It fails only for a channel that is closed, which reads nothing anyway.
        let isReading = !isThrottled && !isPaused
        try? context?.channel.syncOptions?.setOption(.autoRead, value: isReading)
    }
}
