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
    /// It is in `jabber:client` (XEP-0356 §4.3, XEP-0355 §4.3), but components' libraries leave
    /// what they forward in the namespace of their stream.
    ///
    /// - Throws: `jid-malformed` where an address of it is none.
    package static func stanza(in wrapper: Element) throws(StanzaError) -> Stanza? {
        guard let forwarded = wrapper.child("forwarded", namespace) else { return nil }
        let contents = [Namespace.client, Namespace.component]
        let stanzas = forwarded.elements.filter { contents.contains($0.namespace) }
        guard stanzas.count == 1, var element = stanzas.first else { return nil }
        element.moveContent(from: Namespace.component, to: Namespace.client)
        return try Stanza(element)
    }
}

extension Element {
    /// Renames a namespace on this element and down to where another begins.
    fileprivate mutating func moveContent(from old: String, to new: String) {
        guard namespace == old else { return }
        namespace = new
        for index in children.indices {
            guard case .element(var child) = children[index] else { continue }
            child.moveContent(from: old, to: new)
            children[index] = .element(child)
        }
    }
}
