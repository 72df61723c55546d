import XMPP

// Presence subscriptions between accounts (RFC 6121 §3): the roster decides, this carries it out.
extension Account {
    /// `subscribe`, `subscribed`, `unsubscribe` or `unsubscribed` that a session sends.
    mutating func sendSubscription(
        _ presence: Stanza,
        to recipient: JID,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        let contact = recipient.bare
        guard contact != jid else {
            throw StanzaError(.notAllowed, text: "an account sees its own presence anyway")
        }
        let outcome: Roster.Outcome
        switch presence.type {
        case "subscribe": outcome = try roster.subscribe(to: contact)
        case "subscribed": outcome = try roster.approve(contact)
        case "unsubscribe": outcome = roster.unsubscribe(from: contact)
        default: outcome = roster.refuse(contact)
        }
        var effects = carryOut(outcome, contact, world: world)
        if outcome.passes {
            // RFC 6121 §3.1.2: from and to are bare addresses.
            var stanza = presence
            stanza.from = jid
            stanza.to = contact
            effects.append(.route(Routed(stanza)))
        }
        effects += audienceChanged(outcome.audience, contact, world: world)
        return effects
    }

    /// The same from a contact.
    mutating func receiveSubscription(
        _ presence: Stanza,
        from contact: JID,
        world: borrowing World,
        now: Instant
    ) -> [Effect] {
        let outcome: Roster.Outcome
        switch presence.type {
        case "subscribe":
            if world.groups.connects(jid, contact) {
                outcome = Roster.Outcome(approves: true)
            } else {
                outcome = roster.subscribeReceived(from: contact)
            }
        case "unsubscribe": outcome = roster.unsubscribeReceived(from: contact)
        case "subscribed": outcome = roster.subscribedReceived(from: contact)
        default: outcome = roster.unsubscribedReceived(from: contact)
        }
        var effects = carryOut(outcome, contact, world: world)
        if outcome.passes {
            effects += availableSessions.map { .deliver(presence, to: $0.id) }
        }
        if outcome.approves {
            effects.append(
                .route(Routed(Stanza(.presence, type: "subscribed", from: jid, to: contact)))
            )
        }
        return effects + audienceChanged(outcome.audience, contact, world: world)
    }

    private func carryOut(
        _ outcome: Roster.Outcome,
        _ contact: JID,
        world: borrowing World
    ) -> [Effect] {
        var effects: [Effect] = []
        if let item = outcome.saved {
            effects.append(.store(.roster(.save(owner: jid, item)), .immediate))
        }
        if outcome.pushes { effects += pushes(of: contact, in: world) }
        return effects
    }

    /// Presence follows the subscription (RFC 6121 §3.1.5, §3.2.2).
    private mutating func audienceChanged(
        _ change: Roster.Outcome.Audience?,
        _ contact: JID,
        world: borrowing World
    ) -> [Effect] {
        switch change {
        case nil: return []
        case .gained:
            return relationChanged(with: contact, in: world.groups) + introduce(to: contact)
                + askAgain(contact, world)
        case .lost:
            guard !world.groups.connects(jid, contact) else { return [] }
            return relationChanged(with: contact, in: world.groups) + withdraw(from: contact)
        }
    }

    /// What a contact on another server wants was not asked while it had no right to anything: its
    /// presence comes again (RFC 6121 §4.3), if it shows that.
    private func askAgain(_ contact: JID, _ world: borrowing World) -> [Effect] {
        guard !world.serves(contact.domain), roster[contact]?.to == true else { return [] }
        return [.route(Routed(Stanza(.presence, type: "probe", from: jid, to: contact.bare)))]
    }

    /// The shared groups are others than these now: clients' rosters, presence and PEP follow.
    mutating func groupsChanged(
        from old: SharedGroups,
        in world: borrowing World
    ) -> [Effect] {
        let new = world.groups
        let before = Set(old.contacts(of: jid).keys)
        let after = Set(new.contacts(of: jid).keys)
        var effects: [Effect] = []
        for contact in before.symmetricDifference(after) {
            effects += pushes(of: contact, in: world)
            effects += relationChanged(with: contact, in: new)
        }
        for contact in after.subtracting(before) where roster[contact]?.from != true {
            effects += introduce(to: contact)
        }
        for contact in before.subtracting(after) where roster[contact]?.from != true {
            effects += withdraw(from: contact)
        }
        return effects
    }
}
