import XMPP

/// A message that a component sends as the server or as an account (XEP-0356 §4.3).
enum PrivilegedMessage {
    /// Whether the message holds another that is to be sent.
    static func isWrapper(_ stanza: Stanza) -> Bool {
        stanza.kind == .message && !stanza.isError
            && stanza.payload("privilege", Privileges.namespace) != nil
    }

    /// The message inside, once it is found that its sender may have it sent.
    ///
    /// - Throws: `forbidden` for all that may not be (§4.1).
    static func message(
        in wrapper: Stanza,
        privileges: PrivilegeTable
    ) throws(StanzaError) -> Stanza {
        guard let sender = wrapper.from, let domain = wrapper.to?.domain,
            privileges[sender, domain]?.sendsMessages == true
        else {
            throw StanzaError(.forbidden, text: "this is for components that may send messages")
        }
        guard let privilege = wrapper.payload("privilege", Privileges.namespace),
            var message = try Forwarded.stanza(in: privilege), message.kind == .message
        else { throw StanzaError(.forbidden, text: "one message is to be inside") }
        // §4.1: the server's own address or a bare one of its.
        guard let from = message.from, from.isBare, from.domain == domain else {
            throw StanzaError(.forbidden, text: "the message inside is from nobody of this domain")
        }
        if message.to == nil {
            guard !from.isDomain else { throw StanzaError(.forbidden, text: "to whom?") }
            // RFC 6120 §8.1.1.1: without an address it is for who sends it.
            message.to = from
        }
        return message
    }
}
