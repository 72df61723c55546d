/// The phase between authentication and being online, the client's side (RFC 6120 §7).
///
/// States, in order: asked for a resource; asked for the old kind of session, where the server
/// insists on it. What is no answer to the request is ignored: it means nothing to a client
/// without a resource.
struct ClientBinding {
    /// The iq that asks for the resource.
    let request: Element
    private let needsSession: Bool
    private var state: State

    private enum State {
        case binding(id: String)
        case startingSession(id: String, JID)
    }

    /// What comes of the server's answer.
    enum Step: Equatable {
        case nothing
        case send(Element)
        case bound(JID)
        case failed(StanzaError)
        /// A result that names no full address.
        case malformed
    }

    /// Nil where the server does not offer binding; `resource` nil lets it choose one.
    init?(_ features: Element, resource: String?, id: String) {
        guard features.child("bind", Namespace.bind) != nil else { return nil }
        let session = features.child("session", Namespace.session)
        needsSession = session.map { $0.child("optional") == nil } ?? false
        var bind = Element("bind", Namespace.bind)
        if let resource { bind.append(Element("resource", Namespace.bind, text: resource)) }
        request = Stanza(.iq, type: "set", id: id, [bind]).element
        state = .binding(id: id)
    }

    /// Whatever the server sends meanwhile; `nextID` is for another request.
    mutating func received(_ element: Element, nextID: String) -> Step {
        let wanted =
            switch state {
            case .binding(let id), .startingSession(let id, _): id
            }
        guard element.namespace == Namespace.client, element["id"] == wanted,
            let answer = try? Stanza(element), answer.kind == .iq
        else { return .nothing }
        if answer.isError {
            return .failed(answer.error ?? StanzaError(.undefinedCondition))
        }
        guard answer.type == "result" else { return .nothing }
        switch state {
        case .startingSession(_, let jid): return .bound(jid)
        case .binding: return bound(answer, nextID: nextID)
        }
    }

    private mutating func bound(_ answer: Stanza, nextID: String) -> Step {
        guard
            let text = answer.payload("bind", Namespace.bind)?.child("jid")?.text,
            let jid = try? JID(text), !jid.isBare
        else { return .malformed }
        guard needsSession else { return .bound(jid) }
        state = .startingSession(id: nextID, jid)
        let session = Element("session", Namespace.session)
        return .send(Stanza(.iq, type: "set", id: nextID, [session]).element)
    }
}
