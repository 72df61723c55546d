import XMPP

/// A leaf node: what it is set to, who may what, what it holds and whom it notifies.
struct Node: Sendable {
    let name: String
    var configuration: NodeConfiguration
    /// By bare address; the owner of the service is not in it, and `none` is left out.
    var affiliations: [JID: Affiliation] = [:]
    var subscriptions: [SubscriptionRecord] = []
    var items = ItemLog()
    /// Those whose capabilities ask for this node and who may have it, by full address.
    private(set) var audience: [JID: Recipient] = [:]
    /// Everyone that is notified; nil when it is to be put together again.
    private var recipientsCache: [Recipient]?

    init(_ name: String, _ configuration: NodeConfiguration) {
        self.name = name
        self.configuration = configuration
    }

    // MARK: Whom it notifies

    mutating func notify(_ recipient: Recipient) {
        audience[recipient.jid] = recipient
        recipientsCache = nil
    }

    mutating func stopNotifying(_ jid: JID) {
        if audience.removeValue(forKey: jid) != nil { recipientsCache = nil }
    }

    /// Subscriptions, or the sessions of who subscribed, are others.
    mutating func subscribersChanged() {
        recipientsCache = nil
    }

    /// Each recipient once: those who are notified by their presence, then subscribers that are not
    /// among them.
    ///
    /// A bare address of which a session is notified gets nothing itself (XEP-0163 §4.3.2).
    /// `session` finds the session of a full address that subscribed.
    mutating func recipients(session: (JID) -> SessionID?) -> [Recipient] {
        if let recipientsCache { return recipientsCache }
        var recipients = Array(audience.values)
        if !subscriptions.isEmpty {
            var told = Set(audience.keys.map(\.bare))
            for jid in subscriptions.lazy.map(\.jid)
            where !jid.isBare && audience[jid] == nil {
                let session = session(jid)
                // Whether one without a session is there is not known: it stands for nobody else.
                if session != nil { told.insert(jid.bare) }
                recipients.append(Recipient(jid: jid, session: session))
            }
            for jid in subscriptions.lazy.map(\.jid) where jid.isBare && !told.contains(jid) {
                recipients.append(Recipient(jid: jid, session: nil))
            }
        }
        recipientsCache = recipients
        return recipients
    }

    // MARK: Who may what

    func affiliation(of jid: JID, _ relation: Relation) -> Affiliation {
        relation.isOwner ? .owner : affiliations[jid.bare] ?? .none
    }

    func isSubscribed(_ jid: JID) -> Bool {
        subscriptions.contains { $0.jid.bare == jid.bare }
    }

    /// Whether `jid` may have the node's items and events (XEP-0060 §4.5, §6.1.3, §6.5.9).
    func admit(_ jid: JID, _ relation: Relation) throws(StanzaError) {
        let affiliation = affiliation(of: jid, relation)
        guard affiliation.permissions.contains(.retrieve) else { throw StanzaError(.forbidden) }
        guard affiliation == .none else { return }
        switch configuration.accessModel {
        case .open: return
        case .presence:
            guard relation.presenceAuthorized else {
                throw .pubsub(.notAuthorized, "presence-subscription-required")
            }
        case .roster:
            guard !relation.rosterGroups.isDisjoint(with: configuration.rosterGroups) else {
                throw .pubsub(.notAuthorized, "not-in-roster-group")
            }
        case .whitelist: throw .pubsub(.notAllowed, "closed-node", .cancel)
        }
    }

    func admits(_ jid: JID, _ relation: Relation) -> Bool {
        (try? admit(jid, relation)) != nil
    }

    /// Whether `jid` may publish (XEP-0060 §7.1.3.1).
    func mayPublish(_ jid: JID, _ relation: Relation) -> Bool {
        let affiliation = affiliation(of: jid, relation)
        if affiliation.permissions.contains(.publish) { return true }
        guard affiliation != .outcast else { return false }
        switch configuration.publishModel {
        case .publishers: return false
        case .subscribers: return isSubscribed(jid)
        case .open: return true
        }
    }

    /// Takes the node out of the hands of who may not have it any more.
    mutating func expel(_ isExpelled: (JID) -> Bool) -> [SubscriptionRecord] {
        for jid in audience.keys where isExpelled(jid) { audience[jid] = nil }
        let ended = subscriptions.filter { isExpelled($0.jid) }
        subscriptions.removeAll { isExpelled($0.jid) }
        recipientsCache = nil
        return ended
    }
}

extension StanzaError {
    /// An error with a condition of pubsub's own (XEP-0060 §16.2).
    static func pubsub(
        _ condition: Condition,
        _ detail: String,
        _ kind: Kind? = nil,
        text: String? = nil
    ) -> StanzaError {
        StanzaError(condition, kind, text: text, detail: Element(detail, Namespace.pubsubErrors))
    }

    /// `feature-not-implemented` with the feature's name (XEP-0060 §16.2).
    static func unsupported(_ feature: String) -> StanzaError {
        StanzaError(
            .featureNotImplemented,
            detail: Element(
                "unsupported",
                Namespace.pubsubErrors,
                attributes: [.init("feature", feature)]
            )
        )
    }
}
