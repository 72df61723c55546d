package import XMPP

/// The nodes of one owner and all that may be done with them (XEP-0060): an engine without I/O.
///
/// The host tells it who asks, what that one is to the owner, and the time; it answers with
/// effects in the order in which they are to be carried out: a store before the reply that
/// promises it. Requests are checked first and carried out last: a thrown error has changed
/// nothing.
package struct PubSubService: Sendable {
    /// What distinguishes one kind of service from another.
    package struct Profile: Sendable {
        package var defaults: NodeConfiguration
        /// How durable a node is that keeps its items, by its name.
        package var durability: @Sendable (String) -> Durability
        package var limits: PubSubLimits

        package init(
            defaults: NodeConfiguration,
            limits: PubSubLimits = PubSubLimits(),
            durability: @escaping @Sendable (String) -> Durability = { _ in .immediate }
        ) {
            self.defaults = defaults
            self.limits = limits
            self.durability = durability
        }
    }

    /// The bare address of the account, or the service's own.
    package let owner: JID
    let profile: Profile
    var nodes: [String: Node] = [:]
    /// Who is there and wants notifications, by full address.
    var interested: [JID: Interested] = [:]
    /// For ids of items, subscriptions and notifications.
    private var counter: UInt64 = 0
    var notificationsSent: UInt64 = 0

    /// A session, of the owner or of another, and what it wants.
    struct Interested: Sendable {
        var recipient: Recipient
        var notify: NotifySet
        var relation: Relation
    }

    package init(owner: JID, profile: Profile, nodes records: [NodeRecord] = []) {
        self.owner = owner
        self.profile = profile
        for record in records {
            var node = Node(
                record.node,
                NodeConfiguration(record.configuration, defaults: profile.defaults)
            )
            node.affiliations = record.affiliations
            node.subscriptions = record.subscriptions
            for item in record.items {
                node.items.add(
                    .init(
                        id: item.id,
                        publisher: item.publisher,
                        published: item.published,
                        payload: item.payload
                    )
                )
            }
            nodes[record.node] = node
        }
    }

    /// How many nodes and items there are, for the operator.
    package var counts: (nodes: Int, items: Int) {
        (nodes.count, nodes.values.reduce(0) { $0 + $1.items.count })
    }

    /// An id that this service has not used in this run; `now` tells runs apart.
    mutating func uniqueID(at now: Instant) -> String {
        counter &+= 1
        return String(now.milliseconds, radix: 36) + "-" + String(counter, radix: 36)
    }

    func node(named name: String?) throws(StanzaError) -> Node {
        guard let name, !name.isEmpty else { throw .pubsub(.badRequest, "nodeid-required") }
        guard let node = nodes[name] else { throw StanzaError(.itemNotFound) }
        return node
    }

    /// How durable the node's changes are.
    func durability(of node: Node) -> Durability {
        node.configuration.persistsItems ? profile.durability(node.name) : .none
    }
}

// MARK: - Requests

/// A request to the engine: the iq, who sent it and what that one is to the owner.
struct PubSubRequest {
    let iq: Stanza
    let from: JID
    let relation: Relation
    let now: Instant

    func result(_ payload: Element? = nil) -> PubSubEffect {
        .reply(iq.result(payload))
    }
}

extension PubSubService {
    /// Takes an iq in the namespaces of pubsub.
    package mutating func receive(
        _ iq: Stanza,
        from: JID,
        relation: Relation,
        at now: Instant
    ) throws(StanzaError) -> [PubSubEffect] {
        guard let payload = iq.payload, payload.name == "pubsub" else {
            throw StanzaError(.badRequest)
        }
        let request = PubSubRequest(iq: iq, from: from, relation: relation, now: now)
        if payload.namespace == Namespace.pubsubOwner {
            return try receiveFromOwner(payload, request)
        }
        let isSet = iq.type == "set"
        guard let action = payload.elements.first(where: { $0.namespace == Namespace.pubsub })
        else { throw StanzaError(.badRequest, text: "there is nothing to do in this request") }
        switch (action.name, isSet) {
        case ("publish", true): return try publish(action, in: payload, request)
        case ("retract", true): return try retract(action, request)
        case ("items", false): return try retrieve(action, request)
        case ("subscribe", true): return try subscribe(action, request)
        case ("unsubscribe", true): return try unsubscribe(action, request)
        case ("create", true): return try create(action, in: payload, request)
        case ("subscriptions", false): return ownSubscriptions(action, request)
        case ("affiliations", false): return ownAffiliations(action, request)
        case ("default", false): throw .unsupported("retrieve-default-sub")
        case ("options", _): throw .unsupported("subscription-options")
        default: throw StanzaError(.badRequest, text: "\(action.name) is no request of pubsub")
        }
    }

    private mutating func receiveFromOwner(
        _ payload: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let isSet = request.iq.type == "set"
        guard let action = payload.elements.first(where: { $0.namespace == Namespace.pubsubOwner })
        else { throw StanzaError(.badRequest, text: "there is nothing to do in this request") }
        switch (action.name, isSet) {
        case ("configure", false): return try configurationForm(action, request)
        case ("configure", true): return try configure(action, request)
        case ("default", false): return defaultForm(request)
        case ("delete", true): return try delete(action, request)
        case ("purge", true): return try purge(action, request)
        case ("subscriptions", false): return try subscriptions(action, request)
        case ("subscriptions", true): return try setSubscriptions(action, request)
        case ("affiliations", false): return try affiliations(action, request)
        case ("affiliations", true): return try setAffiliations(action, request)
        default: throw StanzaError(.badRequest, text: "\(action.name) is no request of an owner")
        }
    }

    /// The node, for who may manage it.
    func managed(_ action: Element, _ request: PubSubRequest) throws(StanzaError) -> Node {
        let node = try node(named: action["node"])
        let affiliation = node.affiliation(of: request.from, request.relation)
        guard affiliation.permissions.contains(.manage) else { throw StanzaError(.forbidden) }
        return node
    }
}
