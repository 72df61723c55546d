import XMPP

// What an account's sessions can do (XEP-0115, XEP-0390), asked of them once a hash.
extension Account {
    /// Reads the capabilities in a session's presence; asks the session where they are not known.
    mutating func readCapabilities(
        of presence: Stanza,
        at index: Int,
        cache: CapabilityCache
    ) -> [Effect] {
        guard let key = CapabilityKey(presence) else {
            // Directed presence need not repeat what was broadcast.
            guard presence.to == nil else { return [] }
            // Not unknown but none: what it wanted before, it wants no more.
            sessions[index].capabilities = SessionCapabilities(notify: NotifySet.none)
            return []
        }
        if sessions[index].capabilities.key == key { return [] }
        sessions[index].capabilities = SessionCapabilities(
            key: key,
            query: nil,
            notify: cache[key]
        )
        guard sessions[index].capabilities.notify == nil else { return [] }
        let id = "caps-" + key.token
        sessions[index].capabilities.query = id
        let query = DiscoInfo.request(node: key.discoNode)
        let jid = sessions[index].jid
        let server = JID(normalizedLocal: nil, domain: jid.domain)
        return [
            .deliver(
                Stanza(.iq, type: "get", id: id, from: server, to: jid, [query]),
                to: sessions[index].id
            )
        ]
    }

    /// Whether an iq of a session answers the server's question about its capabilities.
    func answersCapabilities(_ iq: Stanza, at index: Int) -> Bool {
        guard iq.kind == .iq, !iq.isRequest, let id = iq.id else { return false }
        return sessions[index].capabilities.query == id
    }

    /// Takes the answer: the session's interest goes to its own account and to its contacts'.
    mutating func learnCapabilities(
        from answer: Stanza,
        at index: Int,
        cache: inout CapabilityCache,
        world: borrowing World,
        now: Instant
    ) -> [Effect] {
        guard let key = sessions[index].capabilities.key else { return [] }
        sessions[index].capabilities.query = nil
        guard answer.type == "result", let query = answer.payload, let info = DiscoInfo(query)
        else { return [] }
        sessions[index].capabilities.notify = cache.learn(info, from: query, for: key)
        let session = sessions[index]
        var effects: [Effect] = []
        if session.isAvailable {
            effects += notifyAvailable(session.jid, session.origin, world: world, now: now)
        }
        effects.append(
            .interest(
                Interest(jid: session.jid, origin: session.origin),
                to: (session.isAvailable ? audience(in: world.groups) : [])
                    + session.directed.map(\.bare)
            )
        )
        return effects
    }
}
