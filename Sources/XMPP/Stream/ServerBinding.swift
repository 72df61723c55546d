/// The phase between authentication and session, the server's side (RFC 6120 §7).
///
/// States, in order: offered; asked for, under an iq's id. A refusal leads back to offered.
struct ServerBinding {
    /// Bare.
    let account: JID
    private(set) var failures = 0
    private var requestID: String?

    init(_ account: JID) {
        self.account = account
    }

    /// The features after authentication: binding, the session that RFC 6121 made a no-op, and
    /// what else the server has.
    static func features(_ others: [Element]) -> Element {
        Element(
            "features",
            Namespace.streams,
            [
                Element("bind", Namespace.bind),
                Element("session", Namespace.session, [Element("optional", Namespace.session)]),
            ] + others
        )
    }

    /// Whatever the client sends before it has a resource.
    mutating func received(_ element: Element) throws(StreamError) -> ServerStream.Action {
        guard element.namespace == Namespace.client, Stanza.Kind(rawValue: element.name) != nil
        else { throw StreamError(.unsupportedStanzaType) }
        let stanza: Stanza
        do throws(StanzaError) {
            guard let read = try Stanza(element) else {
                throw StanzaError(.badRequest)
            }
            stanza = read
        } catch {
            return ServerSession.refuse(element, error, to: account)
        }
        if stanza.kind == .iq, stanza.type == "set", let bind = stanza.payload,
            bind.matches("bind", Namespace.bind)
        {
            return ask(stanza, bind)
        }
        // RFC 6120 §7.1: to anybody else than the server or the account itself, the stream ends.
        if let to = stanza.to, to != account, !(to.isDomain && to.domain == account.domain) {
            throw StreamError(.notAuthorized)
        }
        if stanza.isError || stanza.type == "result" { return .nothing }
        return .send(stanza.failure(StanzaError(.notAuthorized)).element)
    }

    private mutating func ask(_ stanza: Stanza, _ bind: Element) -> ServerStream.Action {
        guard let id = stanza.id, requestID == nil else {
            return .send(stanza.failure(StanzaError(.badRequest)).element)
        }
        var resource: String?
        if let wanted = bind.child("resource")?.text, !wanted.isEmpty {
            guard
                let full = try? account.with(resource: wanted)
            else {
                return .send(stanza.failure(StanzaError(.badRequest)).element)
            }
            resource = full.resource
        }
        requestID = id
        return .bind(account: account, resource: resource)
    }

    /// The answer to the request, now that the session is there; nil when there was none.
    func result(_ jid: JID) -> Element? {
        guard let requestID else { return nil }
        let bound = Element(
            "bind",
            Namespace.bind,
            [Element("jid", Namespace.bind, text: jid.description)]
        )
        return Stanza(.iq, type: "result", id: requestID, [bound]).element
    }

    /// The answer to the request, which is open for another; nil when there was none.
    mutating func failed(_ error: StanzaError) -> Element? {
        guard let requestID else { return nil }
        self.requestID = nil
        failures += 1
        return Stanza(.iq, type: "error", id: requestID, [error.element]).element
    }
}
