import NIOCore
import XMPP

// What the server sends: parsed, told to the machine, given to the client by the batch.
extension ClientHandler {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        receivedAt = context.eventLoop.now
        pingedAt = nil
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
    }

    private func process(_ events: [XMLEvent], _ error: StreamError?) {
        let generation = restarts
        for event in events {
            switch event {
            case .element(let element): perform(machine.received(element))
            case .opened(let header): perform(machine.opened(header))
            case .closed: perform(machine.peerClosed())
            // A client passes nothing on.
            case .passed: break
            }
            // What came in the clear behind <proceed/> is nobody's word (RFC 6120 §5.4.3.3).
            guard restarts == generation else { return }
        }
        if let error { perform(machine.inputFailed(error)) }
    }

    func deliverBatch() {
        guard !batch.isEmpty else { return }
        let events = batch
        batch = []
        guard !owner.received(events), !isPaused else { return }
        isPaused = true
        setReading(false)
    }

    /// Goes on reading, when whoever reads the events has caught up.
    func resumeReading() {
        guard isPaused, let context else { return }
        isPaused = false
        receivedAt = context.eventLoop.now
        setReading(true)
    }

    private func setReading(_ reads: Bool) {
        // It fails only for a channel that is closed.
        try? context?.channel.syncOptions?.setOption(.autoRead, value: reads)
    }

    func receive(_ stanza: Stanza) {
        guard let own, stanza.kind == .iq else {
            batch.append(.stanza(stanza))
            return
        }
        if stanza.isRequest {
            receiveRequest(stanza, own: own)
        } else if !owner.answered(stanza, own: own) {
            batch.append(.stanza(stanza))
        }
    }

    private func receiveRequest(_ stanza: Stanza, own: JID) {
        if stanza.type == "get", stanza.payload("ping", Namespace.ping) != nil {
            send(stanza.result())
        } else if stanza.type == "set", stanza.payload("query", Namespace.roster) != nil {
            // RFC 6121 §2.1.6: pushes from anybody else are to be ignored (CVE-2015-8688).
            guard stanza.from == nil || stanza.from == own.bare else { return }
            send(stanza.result())
            batch.append(.stanza(stanza))
        } else {
            batch.append(.stanza(stanza))
        }
    }
}
