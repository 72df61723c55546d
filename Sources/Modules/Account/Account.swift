package import XMPP

/// One account: who its contacts are, which sessions it has, and what it publishes.
///
/// Owned by the shard of its bare address. Roster, presence and PEP stand together here because
/// each needs the others: PEP delivers to whom the roster lets see the account's presence.
package struct Account: Sendable {
    /// The bare address.
    package let jid: JID
    package internal(set) var roster: Roster
    package internal(set) var sessions: [Session] = []
    package internal(set) var pep: PubSubService
    /// Services here that follow this account's presence, for the subscriptions that depend on it.
    var watchers: Set<JID> = []

    /// What the fleet service was told last of whether the account is up.
    var isToldUp = false

    package init(jid: JID, roster: Roster, pep: PubSubService) {
        self.jid = jid
        self.roster = roster
        self.pep = pep
    }

    /// The position of a session.
    func index(of session: SessionID) -> Int? {
        sessions.firstIndex { $0.id == session }
    }

    /// The position of the session of that full address.
    func index(of jid: JID) -> Int? {
        sessions.firstIndex { $0.jid == jid }
    }

    var availableSessions: [Session] { sessions.filter(\.isAvailable) }
}

// MARK: - Contacts: the stored roster joined with the shared groups

extension Account {
    /// Whether the contact may have this account's presence.
    func shows(itselfTo contact: JID, in groups: SharedGroups) -> Bool {
        let bare = contact.bare
        return bare == jid || roster[bare]?.from == true || groups.connects(jid, bare)
    }

    /// Whether this account gets the contact's presence.
    func sees(_ contact: JID, in groups: SharedGroups) -> Bool {
        let bare = contact.bare
        return bare == jid || roster[bare]?.to == true || groups.connects(jid, bare)
    }

    /// Everyone who gets this account's presence.
    func audience(in groups: SharedGroups) -> [JID] {
        var audience = Set(groups.contacts(of: jid).keys)
        for item in roster.items.values where item.from { audience.insert(item.jid) }
        audience.formUnion(watchers)
        return Array(audience)
    }

    /// Everyone whose presence this account gets.
    func seen(in groups: SharedGroups) -> [JID] {
        var seen = Set(groups.contacts(of: jid).keys)
        for item in roster.items.values where item.to { seen.insert(item.jid) }
        return Array(seen)
    }

    /// What PEP asks of a requester (XEP-0163 §4).
    func relation(of requester: JID, in groups: SharedGroups) -> Relation {
        Self.relation(of: requester, to: jid, roster, in: groups)
    }

    static func relation(
        of requester: JID,
        to owner: JID,
        _ roster: Roster,
        in groups: SharedGroups
    ) -> Relation {
        let bare = requester.bare
        if bare == owner { return Relation(isOwner: true) }
        let item = roster[bare]
        let shared = groups.names(through: owner, of: bare)
        return Relation(
            isOwner: false,
            presenceAuthorized: item?.from == true || !shared.isEmpty,
            rosterGroups: Set(item?.groups ?? []).union(shared)
        )
    }

    /// A contact as its clients see it, stored and shared joined; nil where it is in neither.
    func rosterItem(for contact: JID, in groups: SharedGroups) -> RosterItem? {
        let shared = groups.names(through: jid, of: contact)
        let stored = roster[contact].flatMap { $0.isVisible ? $0 : nil }
        guard !shared.isEmpty else { return stored }
        var item = stored ?? RosterItem(contact, name: contact.local)
        item.to = true
        item.from = true
        item.asking = false
        item.groups = item.groups + shared.subtracting(item.groups).sorted()
        return item
    }

    /// The roster as its clients see it.
    func visibleRoster(in groups: SharedGroups) -> [RosterItem] {
        var contacts = Set(groups.contacts(of: jid).keys)
        contacts.formUnion(roster.items.keys)
        return contacts.compactMap { rosterItem(for: $0, in: groups) }
            .sorted { ($0.jid.domain, $0.jid.local ?? "") < ($1.jid.domain, $1.jid.local ?? "") }
    }

    /// The pushes that tell the interested sessions and components of a changed item (RFC 6121
    /// §2.1.6).
    func pushes(of contact: JID, in world: borrowing World) -> [Effect] {
        let element: Element
        if let item = rosterItem(for: contact, in: world.groups) {
            element = item.element
        } else {
            element = Element(
                "item",
                Namespace.roster,
                attributes: [
                    .init("jid", contact.description), .init("subscription", "remove"),
                ]
            )
        }
        let own: [Effect] = sessions.lazy.filter(\.wantsRoster).map { session in
            // The id need only differ from others under way to the session (RFC 6120 §8.1.3).
            let push = Stanza(
                .iq,
                type: "set",
                id: "push-\(contact)",
                from: nil,
                to: session.jid,
                [Element("query", Namespace.roster, [element])]
            )
            return .deliver(push, to: session.id)
        }
        return own + pushes(element, to: world.privileges.rosterWatchers(of: jid.domain))
    }
}
