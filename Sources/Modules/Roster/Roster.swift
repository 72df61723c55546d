package import XMPP

/// An account's contacts and the subscription states between them (RFC 6121 §2 and §3).
///
/// A value that decides: each event of the state chart (RFC 6121 appendix A) returns what is to be
/// done. Contacts that come from ``SharedGroups`` are not stored here; ``Account`` joins the two.
package struct Roster: Sendable, Equatable {
    /// Contacts an account may keep; bounds memory and the size of a roster result.
    package static let itemsMaximum = 5_000
    /// Bytes of a contact's name (RFC 6121 leaves it open).
    package static let nameBytesMaximum = 1_023
    /// Groups a contact may be in.
    package static let groupsPerItemMaximum = 50

    package private(set) var items: [JID: RosterItem]

    package init(_ items: some Sequence<RosterItem> = []) {
        self.items = Dictionary(items.map { ($0.jid, $0) }) { _, last in last }
    }

    package subscript(contact: JID) -> RosterItem? { items[contact] }

    /// What became of an event: which item to store and push, and what else follows.
    package struct Outcome: Sendable, Equatable {
        /// The item to store; nil where nothing changed.
        package var saved: RosterItem?
        /// Whether the account's clients are told of the change.
        package var pushes = false
        /// Whether the stanza goes on: outbound to the contact, inbound to the account's clients.
        package var passes = false
        /// Whether `subscribed` is answered in the account's name.
        package var approves = false
        /// The contact begins or ceases to receive the account's presence.
        package var audience: Audience?

        package enum Audience: Sendable, Equatable { case gained, lost }
    }
}

// MARK: - The user's own changes

extension Roster {
    /// The user sets a contact's name and groups (RFC 6121 §2.3, §2.4).
    package mutating func set(
        _ contact: JID,
        name: String?,
        groups: [String]
    ) throws(StanzaError) -> RosterItem {
        guard contact.isBare else { throw StanzaError(.badRequest, text: "a contact is bare") }
        guard (name?.utf8.count ?? 0) <= Self.nameBytesMaximum else {
            throw StanzaError(.notAcceptable, text: "the name is too long")
        }
        guard groups.count <= Self.groupsPerItemMaximum,
            groups.allSatisfy({ !$0.isEmpty && $0.utf8.count <= Self.nameBytesMaximum })
        else { throw StanzaError(.notAcceptable, text: "a group is empty, or they are too many") }
        guard Set(groups).count == groups.count else {
            // RFC 6121 §2.3.3: the same group twice.
            throw StanzaError(.badRequest, text: "a group is there twice")
        }
        guard items[contact] != nil || items.count < Self.itemsMaximum else {
            throw StanzaError(.resourceConstraint, text: "the roster is full")
        }
        var item = items[contact] ?? RosterItem(contact)
        item.name = name.flatMap { $0.isEmpty ? nil : $0 }
        item.groups = groups
        item.isListed = true
        items[contact] = item
        return item
    }

    /// The user removes a contact (RFC 6121 §2.5).
    ///
    /// - Returns: the item as it was, from which follows who is told what.
    package mutating func remove(_ contact: JID) throws(StanzaError) -> RosterItem {
        guard let item = items[contact], item.isVisible else {
            throw StanzaError(.itemNotFound, text: "\(contact) is not in the roster")
        }
        items[contact] = nil
        return item
    }
}

// MARK: - What the account sends (RFC 6121 appendix A.2)

extension Roster {
    /// The account asks for the contact's presence.
    package mutating func subscribe(to contact: JID) throws(StanzaError) -> Outcome {
        guard items[contact] != nil || items.count < Self.itemsMaximum else {
            throw StanzaError(.resourceConstraint, text: "the roster is full")
        }
        var item = items[contact] ?? RosterItem(contact)
        guard !item.to, !item.asking else { return Outcome(passes: true) }
        item.asking = true
        item.isListed = true
        return keep(item, Outcome(pushes: true, passes: true))
    }

    /// The account no longer wants the contact's presence.
    package mutating func unsubscribe(from contact: JID) -> Outcome {
        guard var item = items[contact], item.to || item.asking else {
            return Outcome(passes: true)
        }
        item.to = false
        item.asking = false
        return keep(item, Outcome(pushes: true, passes: true))
    }

    /// The account lets the contact have its presence, now or when it asks.
    package mutating func approve(_ contact: JID) throws(StanzaError) -> Outcome {
        guard items[contact] != nil || items.count < Self.itemsMaximum else {
            throw StanzaError(.resourceConstraint, text: "the roster is full")
        }
        var item = items[contact] ?? RosterItem(contact)
        if item.from { return Outcome() }
        guard item.asked else {
            guard !item.approved else { return Outcome() }
            item.approved = true
            return keep(item, Outcome(pushes: true))
        }
        item.asked = false
        item.from = true
        item.isListed = true
        return keep(item, Outcome(pushes: true, passes: true, audience: .gained))
    }

    /// The account takes its presence back, or refuses it.
    package mutating func refuse(_ contact: JID) -> Outcome {
        guard var item = items[contact], item.from || item.asked || item.approved else {
            return Outcome()
        }
        let told = item.from || item.asked
        let lost = item.from
        item.from = false
        item.asked = false
        item.approved = false
        let outcome = Outcome(
            pushes: item.isVisible,
            passes: told,
            audience: lost ? .lost : nil
        )
        return keep(item, outcome)
    }

    private mutating func keep(_ item: RosterItem, _ outcome: Outcome) -> Outcome {
        items[item.jid] = item
        var outcome = outcome
        outcome.saved = item
        return outcome
    }
}

// MARK: - What comes from the contact (RFC 6121 appendix A.3)

extension Roster {
    /// The contact asks for the account's presence.
    package mutating func subscribeReceived(from contact: JID) -> Outcome {
        var item = items[contact] ?? RosterItem(contact)
        if item.from { return Outcome(approves: true) }
        if item.approved {
            // RFC 6121 §3.4.2: a pre-approval answers, and is used up.
            item.approved = false
            item.from = true
            return keep(item, Outcome(pushes: true, approves: true, audience: .gained))
        }
        guard !item.asked, items[contact] != nil || items.count < Self.itemsMaximum else {
            return Outcome()
        }
        if items[contact] == nil { item.isListed = false }
        item.asked = true
        return keep(item, Outcome(passes: true))
    }

    /// The contact no longer wants the account's presence.
    package mutating func unsubscribeReceived(from contact: JID) -> Outcome {
        guard var item = items[contact], item.from || item.asked else { return Outcome() }
        let lost = item.from
        item.from = false
        item.asked = false
        return keep(
            item,
            Outcome(pushes: item.isVisible, passes: true, audience: lost ? .lost : nil)
        )
    }

    /// The contact lets the account have its presence.
    package mutating func subscribedReceived(from contact: JID) -> Outcome {
        guard var item = items[contact], item.asking, !item.to else { return Outcome() }
        item.asking = false
        item.to = true
        return keep(item, Outcome(pushes: true, passes: true))
    }

    /// The contact takes its presence back, or refuses it.
    package mutating func unsubscribedReceived(from contact: JID) -> Outcome {
        guard var item = items[contact], item.to || item.asking else { return Outcome() }
        item.to = false
        item.asking = false
        return keep(item, Outcome(pushes: true, passes: true))
    }
}
