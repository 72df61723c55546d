import XMPP

/// A request that a component answers in the place of the server (XEP-0355 §4.3).
struct DelegatedRequest: Sendable {
    /// The request as it came, without its payload.
    private let head: Stanza
    /// Who was asked: the server, or an account.
    private let address: JID

    init(_ request: Stanza, to address: JID) {
        head = Stanza(
            .iq,
            type: request.type,
            id: request.id,
            from: request.from,
            to: request.to,
            language: request.language
        )
        self.address = address
    }

    /// The domain that delegates.
    var domain: String { address.domain }

    /// The request as the component gets it: as it came, inside another from the server.
    static func wrapper(_ request: Stanza, id: String, from domain: JID, to component: JID)
        -> Stanza
    {
        let delegation = Element("delegation", Delegation.xmlns, [Forwarded.element(request)])
        return Stanza(.iq, type: "set", id: id, from: domain, to: component, [delegation])
    }

    /// What the asker gets for what the component answered.
    ///
    /// All but a result to just this request is an error of the component's, and is told as if it
    /// were not there: errors too (§4.3, note 2).
    func answer(to answer: Stanza) -> Stanza {
        guard answer.type == "result",
            let delegation = answer.payload("delegation", Delegation.xmlns),
            let inner = try? Forwarded.stanza(in: delegation),
            inner.kind == .iq, inner.type == "result", inner.payloads <= 1,
            inner.id == head.id, inner.to == head.from, isFromAddress(inner)
        else { return failure }
        var result = inner
        result.from = address
        return result
    }

    /// Whether the answer is from who was asked.
    ///
    /// It need not say so: the examples of §7.2.4 do not.
    private func isFromAddress(_ inner: Stanza) -> Bool {
        inner.from == nil || inner.from == address
    }

    /// What the asker gets where nothing of use came.
    var failure: Stanza {
        var failure = head.failure(StanzaError(.serviceUnavailable))
        failure.from = address
        return failure
    }
}

/// What the server asks of a component to which it delegates.
enum DelegationQuestion: Sendable {
    /// To answer someone.
    case request(DelegatedRequest)
    /// What it adds to what the server or its accounts say of themselves (XEP-0355 §7.2).
    case info(namespace: String, NestedDiscovery.Place)
}
