import XMPP

/// Our side of any stream between servers: what runs one runs both.
enum PeerStream: ~Copyable {
    case inbound(InboundFederation)
    case outbound(OutboundFederation)

    /// Which stanzas have arrived.
    var acknowledgements: LinkAcknowledgements {
        switch self {
        case .inbound(let stream): stream.acknowledgements
        case .outbound(let stream): stream.acknowledgements
        }
    }
}

// MARK: - Events

extension PeerStream {
    typealias Action = FederationAction

    mutating func connected(promisesTLS: Bool) -> Action {
        feed({ _ in .nothing }, { $0.connected(promisesTLS: promisesTLS) })
    }

    /// The handshake is done; who opens a stream says what the peer's certificate is worth.
    mutating func tlsEstablished(_ verdict: CertificateVerdict?) -> Action {
        feed(
            {
                $0.tlsEstablished()
                return .nothing
            },
            { $0.tlsEstablished(verdict ?? .untrusted("it was not looked at")) }
        )
    }

    mutating func certificateChecked(_ verdict: CertificateVerdict) -> Action {
        feed({ $0.certificateChecked(verdict) }, { _ in .nothing })
    }

    mutating func opened(_ header: StreamHeader) -> Action {
        feed({ $0.opened(header) }, { $0.opened(header) })
    }

    mutating func received(_ element: Element) -> Action {
        feed({ $0.received(element) }, { $0.received(element) })
    }

    mutating func received(_ stanza: PassedStanza) -> Action {
        feed({ $0.received(stanza) }, { $0.received(stanza) })
    }

    mutating func verified(_ question: DialbackQuestion, _ verdict: DialbackVerdict) -> Action {
        feed({ $0.verified(question, verdict) }, { _ in .nothing })
    }

    mutating func prove(_ domain: String) -> Action {
        feed({ _ in .nothing }, { $0.prove(domain) })
    }

    mutating func ask(_ question: DialbackQuestion) -> Action {
        feed({ _ in .tell(.answered(question, .timedOut)) }, { $0.ask(question) })
    }

    mutating func wrote(_ stanzas: Int) -> Action {
        feed({ $0.wrote(stanzas) }, { $0.wrote(stanzas) })
    }

    mutating func requestAcknowledgement() -> Action {
        feed({ $0.requestAcknowledgement() }, { $0.requestAcknowledgement() })
    }

    mutating func handled(through position: UInt64) {
        perform({ $0.handled(through: position) }, { $0.handled(through: position) })
    }

    mutating func inputFailed(_ error: StreamError) -> Action {
        feed({ $0.inputFailed(error) }, { $0.inputFailed(error) })
    }

    mutating func peerClosed() -> Action {
        feed({ $0.peerClosed() }, { $0.peerClosed() })
    }

    mutating func timedOut() -> Action {
        feed({ $0.timedOut() }, { $0.timedOut() })
    }

    mutating func close(_ error: StreamError?) -> Action {
        feed({ $0.close(error) }, { $0.close(error) })
    }

    mutating func disconnected() -> Action {
        feed(
            {
                $0.disconnected()
                return .nothing
            },
            { $0.disconnected() }
        )
    }

    private mutating func perform(
        _ inbound: (inout InboundFederation) -> Void,
        _ outbound: (inout OutboundFederation) -> Void
    ) {
        _ = feed(
            {
                inbound(&$0)
                return .nothing
            },
            {
                outbound(&$0)
                return .nothing
            }
        )
    }

    @inline(__always)
    private mutating func feed(
        _ inbound: (inout InboundFederation) -> Action,
        _ outbound: (inout OutboundFederation) -> Action
    ) -> Action {
        switch consume self {
        case .inbound(var stream):
            let action = inbound(&stream)
            self = .inbound(stream)
            return action
        case .outbound(var stream):
            let action = outbound(&stream)
            self = .outbound(stream)
            return action
        }
    }
}
