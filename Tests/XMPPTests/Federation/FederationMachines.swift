import Testing

@testable import XMPP

extension InboundFederation.Configuration {
    static func usual(
        _ security: FederationSecurity = .direct,
        policy: FederationPolicy = Link.policy()
    ) throws -> Self {
        Self(
            domain: Link.here,
            serves: { Link.served.contains($0) },
            security: security,
            policy: policy,
            keys: try Link.keys()
        )
    }
}

extension InboundFederation {
    /// A stream behind its features, over TLS.
    static func open(
        policy: FederationPolicy = Link.policy(),
        verdict: CertificateVerdict = noCertificate,
        from: String? = Link.there
    ) throws -> InboundFederation {
        var stream = InboundFederation(try .usual(policy: policy), token: Fixture.token)
        stream.tlsEstablished()
        if case .checkCertificate = stream.opened(Link.header(from: from)) {
            _ = stream.certificateChecked(verdict)
        }
        return stream
    }

    /// A stream that has proven ``Link/pair`` by a certificate.
    static func certified(isBidirectional: Bool = false) throws -> InboundFederation {
        var stream = try InboundFederation.open(verdict: goodCertificate)
        if isBidirectional { _ = stream.received(.bidirectional) }
        _ = stream.received(Link.external())
        _ = stream.opened(Link.header())
        return stream
    }

    /// Proves a pair by a key that the authoritative server is made to know.
    mutating func prove(_ pair: DomainPair = Link.pair) -> FederationAction {
        let action = received(Link.result(.key("key"), from: pair.remote, to: pair.local))
        guard case .verify(let question) = action else { return action }
        return verified(question, .valid)
    }
}

extension OutboundFederation.Configuration {
    static func usual(
        _ security: FederationSecurity = .direct,
        for purpose: OutboundFederation.Purpose = .stanzas,
        policy: FederationPolicy = Link.policy()
    ) throws -> Self {
        // Seen from the other side.
        let pair = DomainPair(local: Link.there, remote: Link.here)
        return Self(
            pair,
            for: purpose,
            security: security,
            policy: policy,
            keys: try Link.keys()
        )
    }
}

extension FederationAction {
    /// The elements that are written.
    var sent: [Element] {
        switch self {
        case .send(let elements), .tell(_, let elements): elements
        case .close(let ending, _), .fail(_, let ending?): ending.last.map { [$0] } ?? []
        default: []
        }
    }

    var event: FederationEvent? {
        switch self {
        case .tell(let event, _): event
        case .close(_, let event), .open(_, _, let event): event
        default: nil
        }
    }

    /// The names of the features behind a header.
    var features: [String]? {
        if case .open(_, let features?, _) = self { features.elements.map(\.name) } else { nil }
    }

    var ending: StreamEnding? {
        switch self {
        case .close(let ending, _), .fail(_, let ending?): ending
        default: nil
        }
    }

    /// The error that the stream ends with.
    var error: StreamError.Condition? { ending?.error?.condition }

    var failure: FederationFailure? {
        if case .fail(let failure, _) = self { failure } else { nil }
    }

    /// What dialback says in the first element.
    var dialback: DialbackMessage.Content? {
        sent.first.flatMap { try? DialbackMessage($0) }?.content
    }

    /// The condition of dialback's error in the first element.
    var dialbackError: StanzaError.Condition? {
        if case .error(let error)? = dialback { error.condition } else { nil }
    }

    var saslFailure: SASLFailure.Condition? {
        guard let element = sent.first, element.matches("failure", Namespace.sasl) else {
            return nil
        }
        return SASLFailure(reading: element).condition
    }

    var question: DialbackQuestion? {
        if case .verify(let question) = self { question } else { nil }
    }

    var isIgnored: Bool {
        if case .tell(.ignored, send: []) = self { true } else { false }
    }
}
