import XMPP

// Messages and iqs that reach an account (RFC 6121 §8.5).
extension Account {
    /// RFC 6121 §8.5.2 and §8.5.3, by type and by what sessions there are.
    func receiveMessage(_ message: Stanza) throws(StanzaError) -> [Effect] {
        if let to = message.to, !to.isBare, let index = index(of: to) {
            return [.deliver(message, to: sessions[index].id)]
        }
        switch message.type {
        case "error": return []
        case "groupchat":
            // RFC 6121 §8.5.2.1.1: only for a room's occupant, by full address.
            throw StanzaError(.serviceUnavailable)
        case "headline":
            if message.to?.isBare == false { return [] }
            return sessions.filter(\.takesMessages).map { .deliver(message, to: $0.id) }
        default:
            // chat and normal; to a full address that is gone, as if to the bare one.
            let able = sessions.filter(\.takesMessages)
            guard let highest = able.map(\.priority).max() else {
                // RFC 6121 §8.5.2.2.1: nothing keeps messages for later.
                throw StanzaError(.serviceUnavailable, text: "nobody is here to read it")
            }
            return able.filter { $0.priority == highest }.map { .deliver(message, to: $0.id) }
        }
    }

    /// The sessions that an event goes to, by the same rules.
    mutating func eachSession(
        for jid: JID,
        isHeadline: Bool,
        _ body: (SessionID) -> Void
    ) -> Bool {
        if !jid.isBare {
            guard let index = index(of: jid) else { return isHeadline }
            body(sessions[index].id)
            return true
        }
        let able = sessions.lazy.filter(\.takesMessages)
        if isHeadline {
            for session in able { body(session.id) }
            return true
        }
        guard let highest = able.map(\.priority).max() else { return false }
        for session in able where session.priority == highest { body(session.id) }
        return true
    }

    /// An iq for one of the account's sessions.
    func receiveSessionRequest(_ iq: Stanza, to jid: JID) throws(StanzaError) -> [Effect] {
        guard let index = index(of: jid) else {
            guard iq.isRequest else { return [] }
            throw StanzaError(.serviceUnavailable)
        }
        return [.deliver(iq, to: sessions[index].id)]
    }

    /// An iq for the account itself, answered by the module that has its route.
    mutating func receiveRequest(
        _ iq: Stanza,
        from sender: JID,
        world: borrowing World,
        now: Instant
    ) throws(StanzaError) -> [Effect] {
        guard iq.isRequest, let type = iq.type else { return [] }
        guard iq.payloads == 1, let payload = iq.payload else {
            // RFC 6120 §8.2.3: exactly one.
            throw StanzaError(.badRequest, text: "an iq holds one payload")
        }
        guard let module = world.modules[Route(type, .account, payload.namespace)] else {
            throw StanzaError(.serviceUnavailable)
        }
        let request = Request(iq, payload: payload, from: sender, now: now)
        return try module.receive(request, account: &self, world: world)
    }
}
