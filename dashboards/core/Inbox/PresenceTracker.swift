package import XMPP

/// Whom the account knows, and which of their sessions are there.
package struct PresenceTracker: Sendable {
    /// Contacts kept: five times the hosts that are shown.
    package static let maximumContacts = 10_000
    /// Sessions kept of one contact: nobody has more, and an account must not fill our memory.
    package static let maximumSessions = 64

    private var contacts: [JID: Contact] = [:]

    package init() {}

    private struct Contact: Sendable {
        var isListed = false
        var sessions: Set<String> = []
        /// Whether an agent was ever seen: then it alone tells whether the host is there, and not
        /// somebody who logs in as the host.
        var hasAgent = false
    }

    /// The resource of agents (docs/protocol.md).
    private static let agent = "agent"

    /// Whether the roster lists an address, so that what it publishes is taken: anybody can send a
    /// presence.
    package func knows(_ jid: JID) -> Bool {
        contacts[jid.bare]?.isListed ?? false
    }

    /// Whether an agent was seen at the account.
    package func isAgent(_ jid: JID) -> Bool {
        contacts[jid.bare]?.hasAgent ?? false
    }

    package func isAvailable(_ jid: JID) -> Bool {
        guard let contact = contacts[jid.bare] else { return false }
        return contact.hasAgent
            ? contact.sessions.contains(Self.agent) : !contact.sessions.isEmpty
    }

    /// The roster lists a contact.
    package mutating func list(_ jid: JID) {
        guard admits(jid.bare) else { return }
        contacts[jid.bare, default: Contact()].isListed = true
    }

    /// The roster no longer lists a contact.
    package mutating func unlist(_ jid: JID) {
        contacts[jid.bare] = nil
    }

    /// A session comes or goes; false for presences that tell neither.
    @discardableResult
    package mutating func receive(_ presence: Stanza) -> Bool {
        guard presence.kind == .presence, let from = presence.from else { return false }
        switch presence.type {
        case nil: arrive(from)
        case "unavailable", "error": leave(from)
        default: return false
        }
        return true
    }

    private mutating func arrive(_ jid: JID) {
        guard admits(jid.bare) else { return }
        let resource = jid.resource ?? ""
        var contact = contacts[jid.bare] ?? Contact()
        if contact.sessions.count < Self.maximumSessions || resource == Self.agent {
            contact.sessions.insert(resource)
        }
        if resource == Self.agent { contact.hasAgent = true }
        contacts[jid.bare] = contact
    }

    private mutating func leave(_ jid: JID) {
        guard var contact = contacts[jid.bare] else { return }
        if let resource = jid.resource {
            contact.sessions.remove(resource)
        } else {
            contact.sessions.removeAll()
        }
        contacts[jid.bare] = contact
    }

    private func admits(_ bare: JID) -> Bool {
        contacts[bare] != nil || contacts.count < Self.maximumContacts
    }

    /// The stream is gone: who is there will be told anew.
    package mutating func reset() {
        for jid in contacts.keys { contacts[jid]?.sessions.removeAll() }
    }
}
