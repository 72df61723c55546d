package import XMPP

/// Who gets a notification: an address and, where it is a session here, that session.
package struct Recipient: Sendable, Hashable {
    package let jid: JID
    /// Nil for a bare address, and where the session is not known.
    package let session: SessionID?
    /// Markup that goes behind the event, for this one alone: the ids of its subscriptions where
    /// they are needed to tell what the event is for (XEP-0060 §12.20).
    package var headers: [UInt8]

    package init(jid: JID, session: SessionID?, headers: [UInt8] = []) {
        self.jid = jid
        self.session = session
        self.headers = headers
    }
}

/// The nodes that software asks to be notified of: its disco features that end in `+notify`
/// (XEP-0060 §9.2).
///
/// Shared by all sessions with the same capabilities.
package struct NotifySet: Sendable, Hashable {
    /// Nodes taken from one answer; what is past it is not notified of.
    package static let nodesMaximum = 500
    package static let none = NotifySet(features: [])

    package let nodes: Set<String>

    package init(features: [String]) {
        let suffix = "+notify"
        nodes = Set(
            features.lazy.filter { $0.hasSuffix(suffix) && $0.utf8.count > suffix.utf8.count }
                .prefix(Self.nodesMaximum).map { String($0.dropLast(suffix.count)) }
        )
    }
}

/// What a requester is to the owner of the nodes, as the roster has it.
package struct Relation: Sendable, Hashable {
    package var isOwner: Bool
    /// It gets the owner's presence: its subscription is `from` or `both`.
    package var presenceAuthorized: Bool
    /// The owner's roster groups that it is in.
    package var rosterGroups: Set<String>

    package init(
        isOwner: Bool = false,
        presenceAuthorized: Bool = false,
        rosterGroups: Set<String> = []
    ) {
        self.isOwner = isOwner
        self.presenceAuthorized = presenceAuthorized
        self.rosterGroups = rosterGroups
    }
}
