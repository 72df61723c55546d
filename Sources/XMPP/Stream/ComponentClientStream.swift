/// A component's own side of its stream (XEP-0114): header, handshake, stanzas.
///
/// It is run as a ``ClientStream`` is, and says what is to be done in the same words.
package struct ComponentClientStream {
    private enum State {
        case idle
        case securing
        case awaitingHeader
        case awaitingHandshake
        case online
        case closing
        case closed
    }

    private let domain: JID
    private let secret: [UInt8]
    private let usesTLS: Bool
    private var state = State.idle

    /// `domain` is the component's; `usesTLS` has TLS begin before the first byte.
    package init(domain: JID, secret: [UInt8], usesTLS: Bool) {
        self.domain = domain
        self.secret = secret
        self.usesTLS = usesTLS
    }

    private var isOver: Bool {
        switch state {
        case .closing, .closed: true
        default: false
        }
    }
}

// MARK: - Up to the session

extension ComponentClientStream {
    package mutating func connected() -> ClientStream.Action {
        guard case .idle = state else { return .nothing }
        guard !usesTLS else {
            state = .securing
            return .startTLS
        }
        return open()
    }

    package mutating func tlsEstablished() -> ClientStream.Action {
        guard case .securing = state else { return .nothing }
        return open()
    }

    private mutating func open() -> ClientStream.Action {
        state = .awaitingHeader
        let name = domain.domain
        return .open(StreamHeader(namespace: Namespace.component, to: name, version: nil))
    }

    /// The server's header came: its id makes the proof.
    package mutating func opened(_ header: StreamHeader) -> ClientStream.Action {
        guard !isOver else { return .nothing }
        guard case .awaitingHeader = state else { return violated(.badFormat) }
        guard header.namespace == Namespace.component else { return violated(.invalidNamespace) }
        // What only says why the stream ends has an id or none.
        state = .awaitingHandshake
        guard let id = header.id else { return .nothing }
        let proof = ComponentStream.handshake(id: id, secret: secret)
        return .send(Element("handshake", Namespace.client, text: proof))
    }

    package mutating func received(_ element: consuming Element) -> ClientStream.Action {
        if element.matches("error", Namespace.streams) {
            return isOver ? .nothing : fail(.streamFailed(StreamError(reading: element)))
        }
        switch state {
        case .online: return deliver(element)
        case .awaitingHandshake where element.matches("handshake", Namespace.client):
            state = .online
            return .online(domain)
        case .closing, .closed: return .nothing
        case .idle, .securing, .awaitingHeader, .awaitingHandshake: return violated(.badFormat)
        }
    }

    private mutating func deliver(_ element: Element) -> ClientStream.Action {
        // What the server got wrong in one stanza is no reason to lose the others.
        guard let stanza = try? Stanza(element) else { return .nothing }
        return .deliver(stanza)
    }
}

// MARK: - Endings

extension ComponentClientStream {
    package mutating func inputFailed(_ error: StreamError) -> ClientStream.Action {
        switch state {
        case .closed: return .nothing
        case .closing:
            state = .closed
            return .disconnect
        default: return fail(.protocolViolated(error), error)
        }
    }

    package mutating func peerClosed() -> ClientStream.Action {
        switch state {
        case .closed: return .nothing
        case .closing:
            state = .closed
            return .disconnect
        default: return fail(.closedByServer)
        }
    }

    package mutating func timedOut() -> ClientStream.Action {
        switch state {
        case .closed: return .nothing
        case .closing:
            state = .closed
            return .disconnect
        default: return fail(.timedOut, StreamError(.connectionTimeout))
        }
    }

    package mutating func close() -> ClientStream.Action {
        switch state {
        case .closing, .closed: return .nothing
        case .idle, .securing:
            state = .closed
            return .disconnect
        case .awaitingHeader, .awaitingHandshake, .online:
            state = .closing
            return .close(StreamEnding(awaitsPeer: true))
        }
    }

    package mutating func disconnected() -> ClientStream.Action {
        guard !isOver else { return .nothing }
        state = .closed
        return .fail(.disconnected, nil)
    }

    private mutating func violated(_ condition: StreamError.Condition) -> ClientStream.Action {
        fail(.protocolViolated(StreamError(condition)), StreamError(condition))
    }

    private mutating func fail(
        _ reason: ClientStreamFailure,
        _ error: StreamError? = nil
    ) -> ClientStream.Action {
        let hasStream: Bool =
            switch state {
            case .idle, .securing: false
            default: true
            }
        state = .closed
        return .fail(reason, hasStream ? StreamEnding(error: error, awaitsPeer: false) : nil)
    }
}
