import XMPP

// Presence that an account's own sessions send (RFC 6121 §4).
extension Account {
    /// Presence without an address: the session tells its contacts (RFC 6121 §4.2, §4.4, §4.5).
    mutating func broadcast(
        _ presence: Stanza,
        at index: Int,
        world: borrowing World,
        now: Instant
    ) throws(StanzaError) -> [Effect] {
        switch presence.type {
        case nil: return try becomeAvailable(presence, at: index, world: world, now: now)
        case "unavailable": return becomeUnavailable(presence, at: index, world: world)
        case "error": return []
        default: throw StanzaError(.badRequest, text: "this presence needs an address")
        }
    }

    private mutating func becomeAvailable(
        _ presence: Stanza,
        at index: Int,
        world: borrowing World,
        now: Instant
    ) throws(StanzaError) -> [Effect] {
        let priority = try Self.priority(of: presence)
        let isFirst = !sessions[index].isAvailable
        sessions[index].presence = presence
        sessions[index].priority = priority
        // XEP-0312 §2: what a later presence says of it means nothing.
        if isFirst { sessions[index].since = Since(of: presence)?.moment(at: now) }
        let session = sessions[index]
        var effects = share(presence, of: session, in: world.groups)
        if isFirst {
            effects += greet(session, in: world.groups)
            effects += show(presence, world)
        }
        if !world.delegations.takesNodes(of: jid.domain) {
            effects += pep.available(
                session.recipient,
                relation: Relation(isOwner: true),
                notify: session.capabilities.notify ?? NotifySet.none,
                show: Show(presence),
                since: session.since,
                at: now
            ).map { $0.effect(of: jid) }
        }
        return effects + tellState()
    }

    /// RFC 6121 §4.7.2.3: an integer from −128 to 127, 0 where it is absent.
    private static func priority(of presence: Stanza) throws(StanzaError) -> Int {
        guard let text = presence.payload("priority", Namespace.client)?.text else { return 0 }
        guard let value = Int8(text) else {
            throw StanzaError(.badRequest, text: "a priority is a number from -128 to 127")
        }
        return Int(value)
    }

    /// To the contacts that may see it and to the account's own available sessions, itself too.
    private func share(
        _ presence: Stanza,
        of session: Session,
        in groups: SharedGroups
    ) -> [Effect] {
        var effects: [Effect] = availableSessions.map {
            var own = presence
            own.to = $0.jid
            return .deliver(own, to: $0.id)
        }
        effects.append(.spread(Routed(presence, origin: session.origin), to: audience(in: groups)))
        return effects
    }

    /// What a session learns when it first becomes available (RFC 6121 §4.2.2, §4.3): its other
    /// sessions' presence, its contacts' by probes, and requests that wait for an answer.
    private func greet(_ session: Session, in groups: SharedGroups) -> [Effect] {
        var effects: [Effect] = []
        for other in availableSessions where other.id != session.id {
            guard var presence = other.presence else { continue }
            presence.to = session.jid
            effects.append(.deliver(presence, to: session.id))
        }
        let probe = Stanza(.presence, type: "probe", from: session.jid)
        effects.append(
            .spread(Routed(probe, origin: session.origin), to: seen(in: groups))
        )
        for item in roster.items.values where item.asked {
            // RFC 6121 §3.1.3: told again to each session until it is answered.
            effects.append(
                .deliver(
                    Stanza(.presence, type: "subscribe", from: item.jid, to: jid),
                    to: session.id
                )
            )
        }
        return effects
    }

    private mutating func becomeUnavailable(
        _ presence: Stanza,
        at index: Int,
        world: borrowing World
    ) -> [Effect] {
        let session = sessions[index]
        sessions[index].presence = nil
        sessions[index].since = nil
        sessions[index].priority = 0
        sessions[index].directed = []
        sessions[index].capabilities = SessionCapabilities()
        var effects = pep.unavailable(session.jid).map { $0.effect(of: jid) }
        var told = Set(session.directed)
        guard session.isAvailable || !told.isEmpty else { return effects }
        if session.isAvailable {
            let audience = audience(in: world.groups)
            for other in availableSessions {
                var own = presence
                own.to = other.jid
                effects.append(.deliver(own, to: other.id))
            }
            effects.append(.spread(Routed(presence, origin: session.origin), to: audience))
            effects += show(presence, world)
            told.subtract(audience)
            told.subtract(world.privileges.presenceWatchers(of: jid.domain))
        }
        effects.append(.spread(Routed(presence, origin: session.origin), to: Array(told)))
        return effects + tellState()
    }

    /// A session's stream is over: what is left to tell, if it did not say goodbye itself.
    mutating func end(_ session: SessionID, world: borrowing World) -> [Effect] {
        guard let index = index(of: session) else { return [] }
        let goodbye = Stanza(.presence, type: "unavailable", from: sessions[index].jid)
        let effects = becomeUnavailable(goodbye, at: index, world: world)
        if let index = self.index(of: session) { sessions.remove(at: index) }
        return effects
    }

    /// Presence to one entity (RFC 6121 §4.6).
    mutating func direct(_ presence: Stanza, to recipient: JID, at index: Int) -> [Effect] {
        sessions[index].direct(to: recipient, available: presence.type == nil)
        return [.route(Routed(presence, origin: sessions[index].origin))]
    }

    /// The contact no longer gets this account's presence: it is told once that all are gone.
    func withdraw(from contact: JID) -> [Effect] {
        availableSessions.map {
            .route(Routed(Stanza(.presence, type: "unavailable", from: $0.jid, to: contact)))
        }
    }

    /// The contact now gets this account's presence.
    func introduce(to contact: JID) -> [Effect] {
        availableSessions.compactMap { session in
            guard var presence = session.presence else { return nil }
            presence.to = contact
            return .route(Routed(presence, origin: session.origin))
        }
    }
}

// Presence that comes from others.
extension Account {
    /// Available or unavailable presence of another entity, and probes.
    mutating func receivePresence(
        _ routed: Routed,
        from sender: JID,
        world: borrowing World,
        now: Instant
    ) -> [Effect] {
        switch routed.stanza.type {
        case nil:
            return deliverPresence(routed.stanza)
                + notifyAvailable(
                    sender,
                    routed.origin,
                    show: Show(routed.stanza),
                    world: world,
                    now: now
                ) + showContact(routed.stanza, world)
        case "unavailable":
            let effects = pep.unavailable(sender).map { $0.effect(of: jid) }
            return deliverPresence(routed.stanza) + effects + showContact(routed.stanza, world)
        case "probe":
            // A service of this server; strangers are told nothing (RFC 6121 §4.3.2).
            if world.services[sender] != nil { watchers.insert(sender) }
            return answerProbe(sender, in: world.groups)
        case "error": return deliverPresence(routed.stanza)
        case "subscribe", "subscribed", "unsubscribe", "unsubscribed":
            return receiveSubscription(routed.stanza, from: sender.bare, world: world, now: now)
        default: return []
        }
    }

    private func deliverPresence(_ presence: Stanza) -> [Effect] {
        if let to = presence.to, !to.isBare {
            guard let index = index(of: to) else { return [] }
            return [.deliver(presence, to: sessions[index].id)]
        }
        return availableSessions.map { .deliver(presence, to: $0.id) }
    }

    /// A contact's session, newly known or with other capabilities, gets the last items it wants.
    mutating func notifyAvailable(
        _ sender: JID,
        _ origin: Routed.Origin?,
        show: Show? = nil,
        world: borrowing World,
        now: Instant
    ) -> [Effect] {
        // XEP-0355: what a component keeps in place of these nodes, it tells of itself.
        guard let origin, !world.delegations.takesNodes(of: jid.domain) else { return [] }
        let relation = relation(of: sender, in: world.groups)
        guard relation.isOwner || relation.presenceAuthorized else { return [] }
        return pep.available(
            Recipient(jid: sender, session: origin.session),
            relation: relation,
            notify: origin.notify,
            show: show,
            since: origin.since,
            at: now
        ).map { $0.effect(of: jid) }
    }

    /// RFC 6121 §4.3.2.
    private func answerProbe(_ sender: JID, in groups: SharedGroups) -> [Effect] {
        guard watchers.contains(sender) || shows(itselfTo: sender, in: groups) else {
            return [
                .route(
                    Routed(Stanza(.presence, type: "unsubscribed", from: jid, to: sender.bare))
                )
            ]
        }
        let available = availableSessions
        guard !available.isEmpty else {
            return [.route(Routed(Stanza(.presence, type: "unavailable", from: jid, to: sender)))]
        }
        return available.compactMap { session in
            guard var presence = session.presence else { return nil }
            presence.to = sender
            return .route(Routed(presence, origin: session.origin))
        }
    }
}
