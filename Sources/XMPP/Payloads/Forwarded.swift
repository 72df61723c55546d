/// A stanza inside another (XEP-0297).
package enum Forwarded {
    package static let namespace = "urn:xmpp:forward:0"

    /// The `<forwarded/>` with the stanza, which is always in `jabber:client` there.
    package static func element(_ stanza: Stanza) -> Element {
        Element("forwarded", namespace, [stanza.element])
    }

    /// The one stanza that a child `<forwarded/>` of `wrapper` holds; nil where there is none, or
    /// more than one.
    ///
    /// - Throws: `jid-malformed` where an address of it is none.
    package static func stanza(in wrapper: Element) throws(StanzaError) -> Stanza? {
        guard let forwarded = wrapper.child("forwarded", namespace) else { return nil }
        let stanzas = forwarded.elements.filter { $0.namespace == Namespace.client }
        guard stanzas.count == 1, let element = stanzas.first else { return nil }
        return try Stanza(element)
    }
}
