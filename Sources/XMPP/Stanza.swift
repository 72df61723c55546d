/// A message, a presence or an iq: the head read, the payloads as they came (RFC 6120 §8).
///
/// The content namespace (`jabber:client`, `jabber:server` …) belongs to the stream and not to the
/// stanza: in memory it is always `jabber:client`.
package struct Stanza: Sendable, Hashable {
    /// The three kinds of stanza, by their element names.
    package enum Kind: String, Sendable {
        case message, presence, iq
    }

    package var kind: Kind
    /// The `type` attribute as sent; nil where it was absent.
    package var type: String?
    package var id: String?
    package var from: JID?
    package var to: JID?
    /// `xml:lang` of the stanza itself.
    package var language: String?
    package var children: [Element.Node]

    package init(
        _ kind: Kind,
        type: String? = nil,
        id: String? = nil,
        from: JID? = nil,
        to: JID? = nil,
        language: String? = nil,
        children: [Element.Node] = []
    ) {
        self.kind = kind
        self.type = type
        self.id = id
        self.from = from
        self.to = to
        self.language = language
        self.children = children
    }

    /// A stanza whose payloads are trees.
    package init(
        _ kind: Kind,
        type: String? = nil,
        id: String? = nil,
        from: JID? = nil,
        to: JID? = nil,
        _ payloads: [Element]
    ) {
        self.init(
            kind,
            type: type,
            id: id,
            from: from,
            to: to,
            children: payloads.map { .element($0) }
        )
    }
}

// MARK: - Reading

extension Stanza {
    /// The first payload that is an element: of an iq, the one that it asks for.
    package var payload: Element? {
        for case .element(let element) in children { return element }
        return nil
    }

    /// The payload of that name and namespace.
    package func payload(_ name: String, _ namespace: String) -> Element? {
        for case .element(let element) in children where element.matches(name, namespace) {
            return element
        }
        return nil
    }

    /// Whether this is an error, which must never be answered with another (RFC 6120 §8.3.1).
    package var isError: Bool { type == "error" }

    /// Whether this is an iq that wants an answer.
    package var isRequest: Bool { kind == .iq && (type == "get" || type == "set") }

    /// The error that a stanza of type `error` carries.
    package var error: StanzaError? {
        guard isError, let element = payload("error", Namespace.client) else { return nil }
        return StanzaError(reading: element)
    }
}

// MARK: - Answering

extension Stanza {
    /// The result of this iq, addressed back.
    package func result(_ payload: Element? = nil) -> Stanza {
        Stanza(.iq, type: "result", id: id, from: to, to: from, payload.map { [$0] } ?? [])
    }

    /// This stanza sent back as an error (RFC 6120 §8.3.1); its payloads are left out, as may be.
    package func failure(_ error: StanzaError) -> Stanza {
        Stanza(kind, type: "error", id: id, from: to, to: from, [error.element])
    }
}

// MARK: - Wire

extension Stanza {
    /// Reads a child of the stream; nil when it is none of the three kinds.
    ///
    /// - Throws: `jid-malformed` when an address is not one (RFC 6120 §8.3.3.8).
    package init?(_ element: Element) throws(StanzaError) {
        // RFC 6120 §4.8.3: the same name in another namespace is something else.
        guard element.namespace == Namespace.client, let kind = Kind(rawValue: element.name) else {
            return nil
        }
        self.init(kind)
        for attribute in element.attributes {
            if attribute.namespace.isEmpty {
                switch attribute.name {
                case "type": type = attribute.value
                case "id": id = attribute.value
                case "from": from = try Self.address(attribute.value)
                case "to": to = try Self.address(attribute.value)
                default: break
                }
            } else if attribute.namespace == Namespace.xml, attribute.name == "lang" {
                language = attribute.value
            }
        }
        children = element.children
    }

    private static func address(_ text: String) throws(StanzaError) -> JID {
        do {
            return try JID(text)
        } catch {
            throw StanzaError(.jidMalformed, text: "‘\(text.prefix(80))’ is not an address")
        }
    }

    /// The stanza as a child of a `jabber:client` stream.
    package var element: Element {
        var attributes: [Element.Attribute] = []
        if let type { attributes.append(.init("type", type)) }
        if let id { attributes.append(.init("id", id)) }
        if let from { attributes.append(.init("from", from.description)) }
        if let to { attributes.append(.init("to", to.description)) }
        if let language {
            attributes.append(.init("lang", language, namespace: Namespace.xml))
        }
        return Element(
            kind.rawValue,
            Namespace.client,
            attributes: attributes,
            children: children
        )
    }
}
