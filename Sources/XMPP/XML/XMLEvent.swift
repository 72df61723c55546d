/// What a stream of XML says, one step at a time.
package enum XMLEvent: Sendable, Hashable {
    /// The start tag of the stream.
    case opened(StreamHeader)
    /// A whole child of the stream: a stanza, or a step of a negotiation.
    case element(Element)
    /// A stanza, where those are only passed on (``XMLStreamParser/passesStanzas``).
    case passed(PassedStanza)
    /// The end tag of the stream; nothing comes after it.
    case closed
}

/// The start tag of a stream (RFC 6120 §4.7), its attributes as sent.
package struct StreamHeader: Sendable, Hashable {
    /// The content namespace, declared as the default one, such as `jabber:client`.
    package var namespace: String
    package var to: String?
    package var from: String?
    package var id: String?
    package var version: String?
    /// `xml:lang`, the default for every stanza of the stream.
    package var language: String?
    /// Whether the prefix of dialback is declared: the old way to offer it (XEP-0220 §2.3.1).
    ///
    /// Ours always do where servers talk to each other, for their elements are written with it.
    package var declaresDialback: Bool

    package init(
        namespace: String,
        to: String? = nil,
        from: String? = nil,
        id: String? = nil,
        version: String? = "1.0",
        language: String? = nil,
        declaresDialback: Bool? = nil
    ) {
        self.namespace = namespace
        self.to = to
        self.from = from
        self.id = id
        self.version = version
        self.language = language
        self.declaresDialback = declaresDialback ?? (namespace == Namespace.server)
    }
}
