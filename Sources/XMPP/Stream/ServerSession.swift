/// A bound stream, the server's side: what makes a client's element a stanza that can be routed.
struct ServerSession {
    /// Full.
    let jid: JID

    init(_ jid: JID) {
        self.jid = jid
    }

    /// Reads, checks and stamps one stanza; `language` is the stream's.
    func received(
        _ element: Element,
        language: String?
    ) throws(StreamError) -> ServerStream.Action {
        guard element.namespace == Namespace.client else {
            throw StreamError(.unsupportedStanzaType)
        }
        let read: Stanza?
        do throws(StanzaError) {
            read = try Stanza(element)
        } catch {
            // An address that is none is not the client's own either (RFC 6120 §8.1.2.1).
            if let from = element["from"], (try? JID(from)) == nil {
                throw StreamError(.invalidFrom)
            }
            return Self.refuse(element, error, to: jid)
        }
        guard var stanza = read else { throw StreamError(.unsupportedStanzaType) }
        if let from = stanza.from, from != jid, from != jid.bare { throw StreamError(.invalidFrom) }
        stanza.from = jid
        if stanza.kind == .iq {
            let checked = Self.checked(stanza)
            if case .deliver = checked, let answer = answer(stanza) { return .send(answer) }
            return checked
        }
        // RFC 6120 §8.1.5: the stream's language holds where the stanza names none. Left out for
        // iq, which programs read.
        if stanza.language == nil { stanza.language = language }
        return .deliver(stanza)
    }

    /// Lets pass what has what every iq must have, so that who routes can lean on it (RFC 6120
    /// §8.2.3).
    static func checked(_ stanza: consuming Stanza) -> ServerStream.Action {
        guard stanza.kind == .iq else { return .deliver(stanza) }
        switch stanza.type {
        case "result", "error":
            // Without an id it answers nothing, and an error may not be answered with another.
            return stanza.id == nil ? .nothing : .deliver(stanza)
        case "get", "set":
            guard stanza.id != nil, hasOnePayload(stanza) else {
                return .send(stanza.failure(StanzaError(.badRequest)).element)
            }
            return .deliver(stanza)
        default:
            return .send(stanza.failure(StanzaError(.badRequest)).element)
        }
    }

    static func hasOnePayload(_ stanza: borrowing Stanza) -> Bool {
        var count = 0
        for child in stanza.children {
            if case .text = child { continue }
            count += 1
        }
        return count == 1
    }

    /// What the stream itself answers: the old session request with success, for it asks for what
    /// is there (RFC 6121 §1.4), a second binding with a refusal.
    private func answer(_ stanza: Stanza) -> Element? {
        guard let payload = stanza.payload, stanza.type == "set" else { return nil }
        if payload.matches("session", Namespace.session),
            stanza.to.map({ $0 == jid.bare || ($0.isDomain && $0.domain == jid.domain) }) ?? true
        {
            return stanza.result().element
        }
        if payload.matches("bind", Namespace.bind) {
            return stanza.failure(StanzaError(.notAllowed)).element
        }
        return nil
    }

    /// The answer to an element that cannot even be read as a stanza; none to what is an error or
    /// a result itself (RFC 6120 §8.3.1).
    static func refuse(
        _ element: Element,
        _ error: StanzaError,
        to jid: JID
    ) -> ServerStream.Action {
        guard let kind = Stanza.Kind(rawValue: element.name), element["type"] != "error",
            element["type"] != "result"
        else { return .nothing }
        let answer = Stanza(
            kind,
            type: "error",
            id: element["id"],
            from: JID(normalizedLocal: nil, domain: jid.domain),
            to: jid,
            [error.element]
        )
        return .send(answer.element)
    }
}
