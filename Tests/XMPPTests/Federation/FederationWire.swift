import XMPP

/// A stream from one server to another: both machines in conversation, through the writer and the
/// parser, with the bytes cut into pieces; TLS is pretended.
final class FederationWire {
    private(set) var outbound: OutboundFederation
    private(set) var inbound: InboundFederation
    private let outboundParser = XMLStreamParser(limits: .server)
    private let inboundParser = XMLStreamParser(limits: .beforeAuthentication)
    private var toOutbound: [UInt8] = []
    private var toInbound: [UInt8] = []
    private let certificates: Certificates
    private let bytesAtOnce: Int

    /// What each side's certificate is worth to the other.
    struct Certificates {
        var ofOutbound = CertificateVerdict.untrusted("it showed none")
        var ofInbound = CertificateVerdict.untrusted("it showed none")
    }

    /// What came of it, and what is asked of others.
    private(set) var outboundEvents: [FederationEvent] = []
    private(set) var inboundEvents: [FederationEvent] = []
    private(set) var outboundStanzas: [Stanza] = []
    private(set) var inboundStanzas: [Stanza] = []
    private(set) var failure: FederationFailure?
    private(set) var outboundIsDone = false
    private(set) var inboundIsDone = false
    /// Questions that the accepting side wants to ask.
    var questions: [DialbackQuestion] = []

    init(
        _ outbound: OutboundFederation.Configuration,
        _ inbound: InboundFederation.Configuration,
        certificates: Certificates = Certificates(),
        bytesAtOnce: Int = .max
    ) {
        self.outbound = OutboundFederation(outbound)
        self.inbound = InboundFederation(inbound)
        self.certificates = certificates
        self.bytesAtOnce = bytesAtOnce
    }

    /// Lets them talk until nobody has anything to say.
    func run() {
        performOutbound(outbound.connected())
        settle()
    }

    func prove(_ domain: String) {
        performOutbound(outbound.prove(domain))
        settle()
    }

    func ask(_ question: DialbackQuestion) {
        performOutbound(outbound.ask(question))
        settle()
    }

    func answer(_ question: DialbackQuestion, _ verdict: DialbackVerdict) {
        performInbound(inbound.verified(question, verdict))
        settle()
    }

    func send(fromOutbound stanza: Stanza) {
        toInbound += stanza.serialized(in: Namespace.server)
        performOutbound(outbound.wrote(1))
        settle()
    }

    func send(fromInbound stanza: Stanza) {
        toOutbound += stanza.serialized(in: Namespace.server)
        performInbound(inbound.wrote(1))
        settle()
    }

    func askWhatArrived() {
        inbound.handled(through: inbound.acknowledgements.received)
        outbound.handled(through: outbound.acknowledgements.received)
        performOutbound(outbound.requestAcknowledgement())
        performInbound(inbound.requestAcknowledgement())
        settle()
    }

    func closeOutbound() {
        performOutbound(outbound.close())
        settle()
    }

    private func settle() {
        while !toInbound.isEmpty || !toOutbound.isEmpty {
            let inward = Array(toInbound.prefix(bytesAtOnce))
            toInbound.removeFirst(inward.count)
            feedInbound(inward)
            let outward = Array(toOutbound.prefix(bytesAtOnce))
            toOutbound.removeFirst(outward.count)
            feedOutbound(outward)
        }
    }

    private func feedInbound(_ bytes: [UInt8]) {
        do throws(StreamError) {
            for event in try inboundParser.feed(bytes) {
                switch event {
                case .opened(let header): performInbound(inbound.opened(header))
                case .element(let element): performInbound(inbound.received(element))
                case .passed(let stanza): performInbound(inbound.received(stanza))
                case .closed: performInbound(inbound.peerClosed())
                }
            }
        } catch {
            performInbound(inbound.inputFailed(error))
        }
    }

    private func feedOutbound(_ bytes: [UInt8]) {
        do throws(StreamError) {
            for event in try outboundParser.feed(bytes) {
                switch event {
                case .opened(let header): performOutbound(outbound.opened(header))
                case .element(let element): performOutbound(outbound.received(element))
                case .passed(let stanza): performOutbound(outbound.received(stanza))
                case .closed: performOutbound(outbound.peerClosed())
                }
            }
        } catch {
            performOutbound(outbound.inputFailed(error))
        }
    }
}

// MARK: - Actions

extension FederationWire {
    private enum Side { case outbound, inbound }

    private func write(_ bytes: [UInt8], _ side: Side) {
        switch side {
        case .outbound: toInbound += bytes
        case .inbound: toOutbound += bytes
        }
    }

    private func note(_ event: FederationEvent, _ side: Side) {
        switch side {
        case .outbound: outboundEvents.append(event)
        case .inbound:
            inboundEvents.append(event)
            if case .authenticated = event { inboundParser.limits = .server }
        }
    }

    private func performOutbound(_ action: FederationAction) { perform(action, .outbound) }
    private func performInbound(_ action: FederationAction) { perform(action, .inbound) }

    private func perform(_ action: FederationAction, _ side: Side) {
        switch action {
        case .nothing: break
        case .deliver(let stanza), .bounce(let stanza):
            if side == .outbound {
                outboundStanzas.append(stanza)
            } else {
                inboundStanzas.append(stanza)
            }
        case .pass(let stanza):
            if let head = stanza.head { perform(.deliver(head), side) }
        case .send(let elements):
            for element in elements { write(element.serialized(in: Namespace.server), side) }
        case .tell(let event, let elements):
            for element in elements { write(element.serialized(in: Namespace.server), side) }
            note(event, side)
        case .open(let header, let features, let event):
            if side == .outbound { outboundParser.restart() }
            var writer = XMLWriter()
            writer.write(header)
            if let features { writer.write(features, inheriting: Namespace.server) }
            write(writer.bytes, side)
            if let event { note(event, side) }
        case .startTLS(let proceed): startTLS(proceed, side)
        case .checkCertificate:
            performInbound(inbound.certificateChecked(certificates.ofOutbound))
        case .restart(let success):
            write(success.serialized(in: Namespace.server), side)
            inboundParser.restart()
        case .verify(let question): questions.append(question)
        case .close(let ending, let event):
            end(ending, side)
            if let event { note(event, side) }
        case .fail(let reason, let ending):
            failure = reason
            if let ending { end(ending, side) } else { outboundIsDone = true }
        case .disconnect: isDone(side)
        }
    }

    private func startTLS(_ proceed: Element?, _ side: Side) {
        guard side == .outbound else {
            if let proceed { write(proceed.serialized(in: Namespace.server), side) }
            inboundParser.restart()
            return
        }
        inbound.tlsEstablished()
        performOutbound(outbound.tlsEstablished(certificates.ofInbound))
    }

    private func end(_ ending: StreamEnding, _ side: Side) {
        write(ending.serialized(in: Namespace.server), side)
        if !ending.awaitsPeer { isDone(side) }
    }

    private func isDone(_ side: Side) {
        if side == .outbound { outboundIsDone = true } else { inboundIsDone = true }
    }
}
