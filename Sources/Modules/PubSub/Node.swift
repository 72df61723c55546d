import XMPP

/// A node: what it is set to, who may what, what it holds and whom it notifies.
struct Node: Sendable {
    let name: String
    private var shared: SharedConfiguration
    var affiliations = Affiliations()
    var subscriptions = Subscriptions()
    var items = ItemLog()
    /// When its items are looked at for their age; nil where nothing is to do that.
    var expiry: Instant?
    /// The names that it stands for, where it only holds subscriptions to others.
    let pattern: NodePattern?
    /// The host that all of it is about, on a service that tells who may know of which.
    var host: JID?
    /// When it was made, and by whom; nil where nobody made it.
    var origin: NodeOrigin?
    /// Those whose capabilities ask for this node and who may have it, by full address.
    private(set) var audience: [JID: Recipient] = [:]
    /// Whom its events reach; those that are missing are put together when they are needed.
    var plans: [PlanKey: DeliveryPlan] = [:]
    /// The newest item as who comes later gets it, written once for all of them.
    var lastEvent: LastEvent?

    /// A written event, with what it was written from.
    ///
    /// Apart from the node, as most nodes have none.
    final class LastEvent: Sendable {
        let record: ItemRecord
        let notification: Notification

        init(record: ItemRecord, notification: Notification) {
            self.record = record
            self.notification = notification
        }
    }

    init(_ name: String, _ configuration: NodeConfiguration, pattern: NodePattern? = nil) {
        self.name = name
        shared = SharedConfiguration(configuration)
        self.pattern = pattern
    }

    /// A node that is set to the same as others, as long as nobody sets it to something else.
    init(_ name: String, _ configuration: SharedConfiguration) {
        self.name = name
        shared = configuration
        pattern = nil
    }

    var configuration: NodeConfiguration {
        _read { yield shared.value }
        set {
            shared = SharedConfiguration(newValue)
            lastEvent = nil
        }
    }

    /// Whether it holds nodes, and no items (XEP-0248 §3).
    var isCollection: Bool { configuration.nodeType == .collection }

    // MARK: Whom it notifies

    mutating func notify(_ recipient: Recipient) {
        audience[recipient.jid] = recipient
        plans = [:]
    }

    mutating func stopNotifying(_ jid: JID) {
        if audience.removeValue(forKey: jid) != nil { plans = [:] }
    }

    /// Whether there can be items to take away.
    var keepsItems: Bool {
        configuration.nodeType == .leaf && configuration.persistsItems
    }

    // MARK: Who may what

    func affiliation(of jid: JID, _ relation: Relation) -> Affiliation {
        relation.isOwner ? .owner : affiliations[jid.bare] ?? .none
    }

    func isSubscribed(_ jid: JID) -> Bool {
        subscriptions.of(entity: jid).contains { $0.state == .subscribed }
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
        case .authorize:
            guard isSubscribed(jid) else { throw .pubsub(.notAuthorized, "not-subscribed") }
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
}

/// A configuration that several nodes can have together: of ten thousand mirrors it would otherwise
/// be most of what an idle one takes.
final class SharedConfiguration: Sendable {
    let value: NodeConfiguration

    init(_ value: NodeConfiguration) {
        self.value = value
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
