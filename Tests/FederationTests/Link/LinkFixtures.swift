import Testing
import XMPP

@testable import Federation

/// Both ends of one connection, and what they said until both were authenticated or one gave up.
final class LinkHandshake {
    var opener: LinkStream
    var accepter: LinkStream
    /// What each end did last.
    var openerDid = LinkAction.nothing
    var accepterDid = LinkAction.nothing
    /// The proofs that were seen on the wire.
    var openerProof: Element?
    var accepterProof: Element?

    static let now = Instant(milliseconds: 0)

    init(_ opener: consuming LinkStream, _ accepter: consuming LinkStream) {
        self.opener = opener
        self.accepter = accepter
    }

    /// Shakes hands; the bindings are nil where there is no TLS.
    func run(openerBinding: [UInt8]? = nil, accepterBinding: [UInt8]? = nil) {
        _ = accepter.connected()
        var opening = opener.connected()
        if let openerBinding, let accepterBinding {
            _ = accepter.tlsEstablished(accepterBinding)
            opening = opener.tlsEstablished(openerBinding)
        }
        openerDid = opening
        guard case .open(let header, let hello) = opening else { return }
        accepterDid = accepter.opened(header)
        guard case .open(let answer, let answeringHello) = accepterDid else { return }
        accepterDid = accepter.received(hello, now: Self.now)
        openerDid = opener.opened(answer)
        guard openerDid == .nothing else { return }
        openerDid = opener.received(answeringHello, now: Self.now)
        guard case .send(let proof) = openerDid else { return }
        openerProof = proof
        accepterDid = accepter.received(proof, now: Self.now)
        guard case .ready(_, let answer) = accepterDid, let answer else { return }
        accepterProof = answer
        openerDid = opener.received(answer, now: Self.now)
    }
}

extension LinkStream {
    static func opening(
        as name: String = "s2s",
        to peer: String = "router",
        secret: String = "a secret of some length",
        nonce: String = "nonce-of-the-opener",
        usesTLS: Bool = false
    ) -> LinkStream {
        LinkStream(
            Configuration(
                name: name,
                instance: "instance-of-the-opener",
                role: .opens(to: peer),
                secrets: LinkSecret(Array(secret.utf8)).map { [peer: $0] } ?? [:],
                usesTLS: usesTLS
            ),
            nonce: nonce
        )
    }

    static func accepting(
        as name: String = "router",
        from peer: String = "s2s",
        secret: String = "a secret of some length",
        nonce: String = "nonce-of-the-accepter",
        usesTLS: Bool = false
    ) -> LinkStream {
        LinkStream(
            Configuration(
                name: name,
                instance: "instance-of-the-accepter",
                role: .accepts,
                secrets: LinkSecret(Array(secret.utf8)).map { [peer: $0] } ?? [:],
                usesTLS: usesTLS
            ),
            nonce: nonce
        )
    }
}

extension LinkAction {
    /// The error with which the stream ends; nil where it goes on, or ends in peace.
    var error: StreamError.Condition? {
        if case .close(let ending, _) = self { ending.error?.condition } else { nil }
    }

    var failure: LinkFailure? {
        switch self {
        case .close(_, let failure), .disconnect(let failure): failure
        default: nil
        }
    }

    var isReady: Bool {
        if case .ready = self { true } else { false }
    }
}

extension [LinkStep] {
    /// The error with which the steps end the connection.
    var error: StreamError.Condition? {
        if case .end(let error) = last { error.condition } else { nil }
    }

    /// Bytes that are to be written, as text.
    var text: String {
        var bytes: [UInt8] = []
        for case .write(let more) in self { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// One input at a time.

extension EdgeLedger {
    mutating func received(_ element: Element) -> [LinkStep] {
        var steps: [LinkStep] = []
        let stanza = WrittenStanza(element.serialized(in: Namespace.client))
        received([stanza.map { .stanza($0) } ?? .element(element)], &steps)
        return steps
    }

    mutating func offer(_ stanza: Stanza, from origin: LinkOrigin?, now: Instant) -> [LinkStep] {
        var steps: [LinkStep] = []
        offer(.read(stanza), from: origin, now: now, &steps)
        return steps
    }
}

extension RouterLedger {
    mutating func received(_ element: Element) -> [LinkStep] {
        var steps: [LinkStep] = []
        received([.element(element)], &steps)
        return steps
    }

    mutating func offer(_ stanza: Stanza, now: Instant) -> [LinkStep] {
        var steps: [LinkStep] = []
        offer(stanza, now: now, &steps)
        return steps
    }
}
