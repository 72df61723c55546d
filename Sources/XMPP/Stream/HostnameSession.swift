/// A component's stream behind its authentication (XEP-0225 §4), the server's side: hostnames are
/// bound and given up, and what is from one that is bound is delivered.
///
/// A name may be bound by who has proven that it knows the name's secret: it could as well have
/// authenticated as that. So all names that one program binds have one secret.
struct HostnameSession {
    /// Names on one stream: each is an entry of the tables of who routes.
    static let namesMaximum = 100

    /// Who authenticated.
    let component: JID
    /// The names that are bound, in order.
    private(set) var names: [JID] = []
    private(set) var failures = 0
    /// The secret that was proven, as it was then.
    private let proven: [UInt8]
    private let secret: @Sendable (String) -> [UInt8]?
    private var request: (id: String, name: JID)?

    init(
        _ component: JID,
        proven: [UInt8],
        secret: @escaping @Sendable (String) -> [UInt8]?
    ) {
        self.component = component
        self.proven = proven
        self.secret = secret
    }

    /// The features after authentication.
    static var features: Element {
        Element(
            "features",
            Namespace.streams,
            [
                Element(
                    "bind",
                    Namespace.componentBinding,
                    [Element("required", Namespace.componentBinding)]
                )
            ]
        )
    }

    /// What may be routed, from a name that is bound; `language` is the stream's.
    func received(
        _ element: Element,
        language: String?
    ) throws(StreamError) -> ServerStream.Action {
        guard element.namespace == Namespace.client else {
            throw StreamError(.unsupportedStanzaType)
        }
        // RFC 6120 §7.1: nothing is routed for who has no name.
        guard !names.isEmpty else { throw StreamError(.notAuthorized) }
        guard let from = element["from"], let sender = try? JID(from),
            names.contains(where: { $0.domain == sender.domain })
        else { throw StreamError(.invalidFrom) }
        return try ComponentStream.stanza(element, of: sender, language: language)
    }
}

// MARK: - Names

extension HostnameSession {
    /// A request to bind a name or to give one up; nil where the element is something else.
    mutating func requested(_ element: Element) -> ServerStream.Action? {
        guard element.matches("iq", Namespace.client), element["type"] == "set",
            let payload = element.elements.first, payload.namespace == Namespace.componentBinding,
            payload.name == "bind" || payload.name == "unbind"
        else { return nil }
        guard let id = element["id"], !id.isEmpty, request == nil else {
            return Self.refusal(element["id"], StanzaError(.badRequest))
        }
        do throws(StanzaError) {
            let name = try Self.name(in: payload)
            guard payload.name == "bind" else { return try unbind(name, id) }
            try check(name)
            request = (id, name)
            return .bind(account: name, resource: nil)
        } catch {
            return fail(id, error)
        }
    }

    private static func name(in payload: Element) throws(StanzaError) -> JID {
        guard let text = payload.child("hostname")?.text, let name = try? JID(text),
            name.local == nil
        else { throw StanzaError(.badRequest, text: "a hostname is wanted") }
        // §4 leaves names with a resource to applications; there is none of it here.
        guard name.isDomain else {
            throw StanzaError(.notAllowed, text: "names with a resource are not served")
        }
        return name
    }

    /// Whether the name may be bound.
    private func check(_ name: JID) throws(StanzaError) {
        guard !names.contains(name) else {
            throw StanzaError(.conflict, text: "this stream has \(name) already")
        }
        // One answer for all: which names there are is not told here.
        guard let secret = secret(name.domain), constantTimeEqual(secret, proven) else {
            throw StanzaError(.notAllowed, text: "the secret is not that of \(name)")
        }
        guard names.count < Self.namesMaximum else {
            throw StanzaError(.resourceConstraint, text: "\(Self.namesMaximum) names are enough")
        }
    }

    private mutating func unbind(
        _ name: JID,
        _ id: String
    ) throws(StanzaError) -> ServerStream.Action {
        guard let index = names.firstIndex(of: name) else {
            throw StanzaError(.itemNotFound, text: "this stream does not have \(name)")
        }
        names.remove(at: index)
        return .unbind(name, answer: Stanza(.iq, type: "result", id: id).element)
    }

    /// The name is this stream's; nil where none was asked for.
    mutating func bound() -> Element? {
        guard let (id, name) = request else { return nil }
        request = nil
        names.append(name)
        let hostname = Element("hostname", Namespace.componentBinding, text: name.domain)
        let bound = Element("bind", Namespace.componentBinding, [hostname])
        return Stanza(.iq, type: "result", id: id, [bound]).element
    }

    /// It can't be; nil where none was asked for.
    mutating func bindFailed(_ error: StanzaError) -> ServerStream.Action? {
        guard let (id, _) = request else { return nil }
        request = nil
        return fail(id, error)
    }

    private mutating func fail(_ id: String, _ error: StanzaError) -> ServerStream.Action {
        failures += 1
        return Self.refusal(id, error)
    }

    private static func refusal(_ id: String?, _ error: StanzaError) -> ServerStream.Action {
        .send(Stanza(.iq, type: "error", id: id, [error.element]).element)
    }
}
