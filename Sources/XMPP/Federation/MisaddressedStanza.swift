/// A stanza with an address that is none, between domains that are.
///
/// Servers prepare names in different ways: one account's name must not end a stream that carries
/// a whole domain's stanzas.
package struct MisaddressedStanza: Sendable {
    /// The domain that it is for, and the one that it is from.
    package let pair: DomainPair
    /// What is to be answered with the error, from that domain; nil where nothing can be, or may
    /// (RFC 6120 §8.3.1).
    package let head: Stanza?

    /// Nil where it is not even known for which domains it is meant.
    package init?(_ element: Element) {
        guard let from = element["from"], let to = element["to"],
            let sender = JID.domain(within: from), let target = JID.domain(within: to)
        else { return nil }
        pair = DomainPair(local: target, remote: sender)
        let type = element["type"]
        // A sender without an address can be told nothing.
        guard let kind = Stanza.Kind(rawValue: element.name), type != "error", type != "result",
            let address = try? JID(from)
        else {
            head = nil
            return
        }
        head = Stanza(
            kind,
            type: type,
            id: element["id"],
            from: address,
            to: JID(normalizedLocal: nil, domain: target)
        )
    }
}
