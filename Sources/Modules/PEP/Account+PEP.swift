package import XMPP

// The account as the host of its nodes: effects of the engine become effects of the account.
extension Account {
    /// Items that the engine asked to have loaded.
    mutating func loaded(
        _ items: LoadedItems,
        world: borrowing World,
        now: Instant
    ) -> [Effect] {
        pep.loaded(items, at: now).map { $0.effect(of: jid) }
    }
}

// Messages that are for the nodes and not for a person.
extension Account {
    /// Takes an owner's answer to a form, and errors that notifications were answered with; nil
    /// where the message is neither.
    mutating func receiveForNodes(
        _ message: Stanza,
        from sender: JID,
        world: borrowing World,
        now: Instant
    ) throws(StanzaError) -> [Effect]? {
        guard message.to?.isBare ?? true else { return nil }
        if message.isError {
            return pep.bounced(message, from: sender).map { $0.effect(of: jid) }
        }
        guard PubSubService.isApproval(message) else { return nil }
        let (owner, roster, groups) = (jid, roster, world.groups)
        return try pep.receive(
            message: message,
            from: sender,
            relation: { Account.relation(of: $0, to: owner, roster, in: groups) },
            at: now
        ).map { $0.effect(of: owner) }
    }
}

extension Account {
    /// The contact is something else to the account now; its nodes follow.
    mutating func relationChanged(with contact: JID, in groups: SharedGroups) -> [Effect] {
        let relation = relation(of: contact, in: groups)
        return pep.relationChanged(of: contact, to: relation).map { $0.effect(of: jid) }
    }
}

extension PubSubEffect {
    /// The effect as one of who owns the nodes.
    func effect(of owner: JID) -> Effect {
        switch self {
        case .store(let change, let durability): .store(.pubsub(change), durability)
        case .reply(let stanza), .send(let stanza): .route(Routed(stanza))
        case .notify(let notification): .notify(notification)
        case .load(let request): .load(owner: owner, request)
        case .mirror(let change): .mirror(change)
        case .wake(let time): .wake(owner: owner, time)
        case .watch(let account):
            .route(Routed(Stanza(.presence, type: "probe", from: owner, to: account)))
        }
    }
}

extension Account {
    /// An account with what the store has of it.
    package init(
        jid: JID,
        roster: Roster = Roster(),
        nodes: [NodeRecord] = [],
        profile: PubSubService.Profile = .pep()
    ) {
        self.init(
            jid: jid,
            roster: roster,
            pep: PubSubService(owner: jid, profile: profile, nodes: nodes)
        )
    }
}
