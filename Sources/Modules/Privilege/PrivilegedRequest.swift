import XMPP

/// An iq that a component sends as an account (XEP-0356 §5.3).
struct PrivilegedRequest: Sendable {
    /// The request around it, without its payload: the component gets the answer to this.
    let wrapper: Stanza
    /// The id that the component gave the request inside.
    let id: String

    /// Whether the iq holds another that is to be sent.
    static func isWrapper(_ stanza: Stanza) -> Bool {
        stanza.isRequest && stanza.payload?.matches("privileged_iq", Privileges.namespace) == true
    }

    /// The request inside, from the account, once it is found that its sender may have it sent.
    ///
    /// - Throws: `forbidden` for all that may not be, in the order of §5.3.
    static func request(
        in wrapper: Stanza,
        privileges: PrivilegeTable
    ) throws(StanzaError) -> (Self, Stanza) {
        guard let account = wrapper.to, account.isBare, account.local != nil else {
            throw StanzaError(.forbidden, text: "this is for bare addresses of accounts")
        }
        guard let sender = wrapper.from, let granted = privileges[sender, account.domain]?.iq else {
            throw StanzaError(.forbidden, text: "this is for components that may send iqs")
        }
        guard wrapper.payloads == 1, let payload = wrapper.payload,
            payload.elements.count == 1, let element = payload.elements.first,
            element.namespace == Namespace.client,
            var inner = try Stanza(element), inner.kind == .iq
        else { throw StanzaError(.forbidden, text: "one iq of jabber:client is to be inside") }
        guard inner.payloads == 1, let namespace = inner.payload?.namespace,
            let access = granted[namespace], access.allows(inner.type)
        else { throw StanzaError(.forbidden, text: "not in that namespace, or not of that type") }
        guard inner.from == nil || inner.from == account else {
            throw StanzaError(.forbidden, text: "the iq inside is from another address")
        }
        guard inner.type == wrapper.type else {
            throw StanzaError(.forbidden, text: "the two iqs are not of one type")
        }
        guard let id = inner.id else {
            throw StanzaError(.badRequest, text: "the iq inside has no id")
        }
        inner.from = account
        // RFC 6120 §10.3.3: without an address the account itself is asked.
        inner.to = inner.to ?? account
        var head = wrapper
        head.children = []
        return (Self(wrapper: head, id: id), inner)
    }

    /// What the component gets: the answer as the account got it (§5.3).
    func result(_ answer: Stanza) -> Stanza {
        var answer = answer
        answer.id = id
        let forwarded = Forwarded.element(answer)
        return wrapper.result(Element("privilege", Privileges.namespace, [forwarded]))
    }
}
