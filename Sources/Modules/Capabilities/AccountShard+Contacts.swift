import XMPP

// What contacts on other servers want to be notified of. Of a session here its own shard tells; of
// one elsewhere only its presence does (XEP-0163 §4.1, XEP-0115).
extension AccountShard {
    /// Presence for an account.
    mutating func receivePresence(
        _ routed: Routed,
        for account: JID,
        from sender: JID,
        at now: Instant
    ) -> [Effect] {
        let effects =
            accounts[account]?.receivePresence(routed, from: sender, world: world, now: now) ?? []
        guard routed.origin == nil, routed.stanza.type == nil, !sender.isBare,
            !world.serves(sender.domain)
        else { return effects }
        return effects + greet(sender, routed.stanza, of: account, at: now)
    }

    /// A contact's session is there: it gets what it wants, or is asked what that is.
    private mutating func greet(
        _ contact: JID,
        _ presence: Stanza,
        of account: JID,
        at now: Instant
    ) -> [Effect] {
        guard accounts[account]?.notifies(contact, in: world.groups) == true else { return [] }
        let key = CapabilityKey(presence)
        // Without capabilities it wants nothing, whatever it wanted before.
        let notify = key.map { capabilities[$0] } ?? NotifySet.none
        let effects = accounts[account]?.notifyContact(
            contact,
            notify,
            presence: presence,
            groups: world.groups,
            now: now
        )
        guard notify == nil, let key else { return effects ?? [] }
        let question = ContactQuestions.Question(account: account, contact: contact, key: key)
        let request = contactQuestions.ask(question, at: now)
        return (effects ?? []) + (request.map { [.route(Routed($0))] } ?? [])
    }

    /// An answer to such a question; nil where it is to none.
    mutating func learnContact(from answer: Stanza, at now: Instant) -> [Effect]? {
        guard let question = contactQuestions.take(answer: answer) else { return nil }
        guard answer.type == "result", let query = answer.payload, let info = DiscoInfo(query)
        else { return [] }
        let notify = capabilities.learn(info, from: query, for: question.key)
        return accounts[question.account]?.notifyContact(
            question.contact,
            notify,
            presence: nil,
            groups: world.groups,
            now: now
        ) ?? []
    }
}

extension Account {
    /// Whether an entity's presence has it notified.
    func notifies(_ entity: JID, in groups: SharedGroups) -> Bool {
        let relation = relation(of: entity, in: groups)
        return relation.isOwner || relation.presenceAuthorized
    }

    /// A session of another server is there, or what it wants is known; nil leaves what was known.
    fileprivate mutating func notifyContact(
        _ contact: JID,
        _ notify: NotifySet?,
        presence: Stanza?,
        groups: SharedGroups,
        now: Instant
    ) -> [Effect] {
        guard notifies(contact, in: groups) else { return [] }
        return pep.available(
            Recipient(jid: contact, session: nil),
            relation: relation(of: contact, in: groups),
            notify: notify,
            show: presence.map { Show($0) },
            since: presence.flatMap { Since(of: $0)?.moment(at: now) },
            at: now
        ).map { $0.effect(of: jid) }
    }
}
