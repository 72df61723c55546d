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
        /// Whose the nodes are.
        package enum Kind: Sendable, Hashable {
            /// All the account's own (XEP-0163).
            case personal
            /// Each whoever made it.
            case shared
            /// Nobody's: they mirror those of the hosts' accounts (docs/protocol.md).
            case fleet
        }

        /// Who may make nodes besides the owner.
        package enum Creators: Sendable, Hashable {
            case nobody
            case users(of: String)
            case anybody
        }

        package var kind: Kind
        package var creators = Creators.nobody
        package var defaults: NodeConfiguration
        /// How durable a node is that keeps its items, by its name.
        package var durability: @Sendable (String) -> Durability
        package var limits: PubSubLimits
        /// How much is kept of what samples came to; nil for nothing.
        package var history: HistoryPolicy?

        package init(
            _ kind: Kind = .personal,
            defaults: NodeConfiguration,
            limits: PubSubLimits = PubSubLimits(),
            durability: @escaping @Sendable (String) -> Durability = { _ in .immediate }
        ) {
            self.kind = kind
            self.defaults = defaults
            self.limits = limits
            self.durability = durability
        }
    }

    /// The bare address of the account, or the service's own.
    package let owner: JID
    package let profile: Profile
    var nodes: [String: Node] = [:]
    /// What samples came to of late, by node.
    var pasts: [String: NodePast] = [:]
    /// Names with wildcards that were subscribed to, by name.
    var patterns = PatternTable()
    /// Nodes that may have plans.
    var planned: Set<String> = []
    /// Whether the fleet service has to be told of the nodes: whether the account is a host.
    package internal(set) var isMirrored = false
    /// What the fleet service knows of the hosts.
    var fleet = FleetBook()
    /// First items that are still due, by subscription.
    var bursts: [String: Burst] = [:]
    /// Which nodes are in which collections.
    var collections = CollectionGraph()
    /// Collections that have subscriptions, the root among them.
    var collectionsSubscribed: Set<String> = []
    /// What subscribers to collections are to the owner, by bare address.
    var relations: [JID: Relation] = [:]
    /// Who asks at the moment, and what that one is to the owner.
    var requester: (jid: JID, relation: Relation)?
    /// Subscribers to collections of whom that is found out at the next request.
    var unrelated: Set<JID> = []
    /// Who may know of which host; nil where nodes themselves say who may have them.
    package internal(set) var fleetAccess: FleetAccess?
    /// What is to be done by itself, and when.
    var schedule = Schedule()
    /// When subscriptions end that do so at a time, by their ids.
    var leases: [String: Lease] = [:]
    /// Entries of the schedule for leases, those too that mean nothing any more.
    var leaseDuties = 0
    /// Who is there and wants notifications, by full address.
    var interested = Attendance()
    /// Nodes at which an entity has subscriptions, by its bare address.
    var subscribed: [JID: Set<String>] = [:]
    /// How many subscriptions an entity has, by its bare address.
    var subscriptionCounts: [JID: SubscriptionCount] = [:]
    /// Nodes from which a publisher's items go when it goes offline, by its bare address.
    var offlinePurges: [JID: Set<String>] = [:]
    /// Where nodes have moved that are no more (XEP-0060 §6.1.3.11), by name.
    var moved: [String: Move] = [:]
    /// How many nodes an entity has made of those that there are, by its bare address; where they
    /// are not all the owner's.
    var nodesMade: [JID: Int] = [:]
    /// Subscribers of whom it is known that none of their sessions is there, by bare address.
    var absent: Set<JID> = []
    /// Notifications that came back in a row, by the bare address that they were for.
    var bounces: [JID: Int] = [:]
    /// What entities have others told of by what they do.
    var notices = NoticeMeter()
    /// For ids of items, subscriptions and instant nodes.
    var ids = IDSource()
    var notificationsSent: UInt64 = 0
    /// What subscriptions with options were sent, as far as it decides what they are sent next.
    var selections = SelectionBook()
    /// How far the numbers of hosts go, by the nodes that say so.
    var ranges: [String: MetricRanges] = [:]
    /// When what is being answered or done came in.
    var time = Instant(milliseconds: 0)

    /// A session, of the owner or of another, and what it wants.
    struct Interested: Sendable {
        var recipient: Recipient
        var notify: NotifySet
        var relation: Relation
        var show: Show
        /// When it was last there, until what it wants is known.
        var since: Instant?
    }

    package init(owner: JID, profile: Profile, nodes records: [NodeRecord] = []) {
        self.owner = owner
        self.profile = profile
        for record in records { restore(record) }
        restoreCollections()
    }

    private mutating func restore(_ record: NodeRecord) {
        if let move = Move(record.configuration) {
            moved[record.node] = move
            return
        }
        var node = Node(
            record.node,
            NodeConfiguration(record.configuration, defaults: profile.defaults),
            pattern: profile.hasWildcards ? NodePattern(record.node) : nil
        )
        node.affiliations = Affiliations(record.affiliations)
        node.subscriptions = Subscriptions(record.subscriptions)
        for item in record.items {
            node.items.add(
                .init(
                    id: item.id,
                    publisher: item.publisher,
                    published: item.published,
                    created: item.created,
                    payload: item.payload,
                    bytes: item.bytes
                )
            )
        }
        for subscriber in node.subscriptions.subscribers {
            subscribed[subscriber, default: []].insert(record.node)
            subscriptionCounts[subscriber, default: SubscriptionCount()].set(
                node.subscriptions.of(entity: subscriber),
                on: record.node
            )
        }
        for subscription in record.subscriptions {
            if !subscription.options.isPlain { selections.restore(subscription, on: record.node) }
            scheduleLease(of: subscription, on: record.node, at: Instant(milliseconds: .min))
        }
        node.origin = NodeOrigin(record.configuration)
        if record.node == CollectionGraph.root { node.configuration = rootHolder.configuration }
        if node.pattern == nil && record.node != CollectionGraph.root {
            nodes[record.node] = node
            charge(for: node, 1)
        } else {
            patterns[record.node] = node
        }
    }

    /// How many nodes and items there are, for the operator.
    package var counts: (nodes: Int, items: Int) {
        (nodes.count, nodes.values.reduce(0) { $0 + $1.items.count })
    }

    /// Ids that the service has not used before; the time tells its runs apart.
    struct IDSource: Sendable {
        private var count: UInt64 = 0

        mutating func next(at now: Instant) -> String {
            count &+= 1
            return String(now.milliseconds, radix: 36) + "-" + String(count, radix: 36)
        }
    }

    /// What is to be done from the start, as the end of leases that were given before it.
    package mutating func started(at now: Instant) -> [PubSubEffect] {
        time = now
        var effects = forgetOrphans() + watchSubscribers()
        for name in Array(nodes.keys) {
            scheduleExpiry(of: name)
            _ = followPublishers(of: name)
        }
        // Nobody is there yet.
        for publisher in Array(offlinePurges.keys) { effects += purgeItems(ofOffline: publisher) }
        return completed(effects) + announcement()
    }

    /// The time has come that was asked for.
    package mutating func woke(at now: Instant) -> [PubSubEffect] {
        time = now
        var effects: [PubSubEffect] = []
        var waiting: [String] = []
        for duty in schedule.take(at: now) {
            if case .deliver(let subscription) = duty { waiting.append(subscription) }
            effects += perform(duty, at: now)
        }
        effects += deliverHeld(to: waiting)
        return completed(effects) + announcement()
    }

    private mutating func perform(_ duty: Schedule.Duty, at now: Instant) -> [PubSubEffect] {
        switch duty {
        case .gatherEvents: sortEventsIn()
        case .continueBurst(let subscription): continueBurst(subscription)
        case .expireItems(let node): expireItems(of: node, at: now)
        case .endSubscription(let node, let id): endLease(on: node, id, at: now)
        case .announceEnd(let node, let id): announceEnd(on: node, id, at: now)
        case .recordHistory(let node): recordHistory(of: node, at: now)
        case .deliver: []
        }
    }

    /// Sweeps out what is due far off and means nothing any more, as of nodes and subscriptions
    /// that come and go: else whoever makes and ends them again and again fills the memory.
    ///
    /// Leases are swept where they are given.
    private mutating func sweepSchedule() {
        schedule.remove { duty, due in
            switch duty {
            case .expireItems(let name):
                nodes.index(forKey: name).map { nodes.values[$0].expiry } != due
            case .deliver(let subscription): selections.wakeTime(of: subscription) != due
            default: false
            }
        }
    }

    /// Has the host wake the service, where that is new to it.
    mutating func announcement() -> [PubSubEffect] {
        if schedule.isCrowded { sweepSchedule() }
        return schedule.announcement().map { [.wake($0)] } ?? []
    }

    func node(named name: String?) throws(StanzaError) -> Node {
        guard let name, !name.isEmpty else { throw .pubsub(.badRequest, "nodeid-required") }
        guard let node = nodes[name] else { throw missing(name) }
        return node
    }

    /// The node, or the pattern where there is no node of that name, that can be subscribed to;
    /// without a name the root.
    func holder(named name: String?) throws(StanzaError) -> Node {
        // XEP-0248 §8.1
        if name ?? CollectionGraph.root == CollectionGraph.root, profile.hasCollections {
            return rootHolder
        }
        guard let name, !name.isEmpty else { throw .pubsub(.badRequest, "nodeid-required") }
        if let holder = nodes[name] ?? patterns[name] { return holder }
        guard profile.hasWildcards, let pattern = NodePattern(name) else {
            throw missing(name)
        }
        return Node(name, profile.defaults, pattern: pattern)
    }

    /// There is no such node, or it is elsewhere (XEP-0060 §6.1.3.11).
    func missing(_ name: String) -> StanzaError {
        guard let move = moved[name] else { return StanzaError(.itemNotFound) }
        return StanzaError(.gone, .modify, address: move.uri)
    }

    /// Changes a node or a pattern where it stands.
    mutating func update<Result>(
        _ name: String,
        _ change: (inout Node) -> Result
    ) -> Result? {
        if let index = nodes.index(forKey: name) { return change(&nodes.values[index]) }
        return patterns.update(name, change)
    }
}

extension PubSubService.Profile {
    /// Whether names with wildcards can be subscribed to.
    var hasWildcards: Bool { kind != .personal }

    /// Whether nodes can be put into collections, of which there is the root at least.
    var hasCollections: Bool { kind != .fleet }

    /// Whether the entity may make nodes.
    func mayCreate(_ jid: JID, _ relation: Relation) -> Bool {
        if relation.isOwner { return kind != .fleet }
        return switch creators {
        case .nobody: false
        case .users(let domain): jid.domain == domain && jid.local != nil
        case .anybody: true
        }
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
    ///
    /// `relation` tells what anybody is to the owner, at this moment: also of who is not there, for
    /// a changed configuration may end their subscriptions.
    package mutating func receive(
        _ iq: Stanza,
        from: JID,
        relation: (JID) -> Relation,
        at now: Instant
    ) throws(StanzaError) -> [PubSubEffect] {
        guard let payload = iq.payload, payload.name == "pubsub" else {
            throw StanzaError(.badRequest)
        }
        time = now
        relate(by: relation)
        let request = PubSubRequest(iq: iq, from: from, relation: relation(from), now: now)
        if profile.kind == .fleet { try refuse(payload, request) }
        requester = (from.bare, request.relation)
        defer { requester = nil }
        // Apart from what completes it: that would hold a copy of the nodes while they change.
        let effects = try answer(payload, request, relation)
        return completed(effects) + announcement()
    }

    private mutating func answer(
        _ payload: Element,
        _ request: PubSubRequest,
        _ relation: (JID) -> Relation
    ) throws(StanzaError) -> [PubSubEffect] {
        let iq = request.iq
        if payload.namespace == Namespace.pubsubOwner {
            return try receiveFromOwner(payload, request, relation)
        }
        let isSet = iq.type == "set"
        guard let action = Self.action(in: payload) else {
            throw StanzaError(.badRequest, text: "there is nothing to do in this request")
        }
        switch (action.name, isSet) {
        case ("publish", true): return try publish(action, in: payload, request)
        case ("retract", true): return try retract(action, request)
        case ("items", false): return try retrieve(action, request)
        case ("subscribe", true): return try subscribe(action, in: payload, request)
        case ("unsubscribe", true): return try unsubscribe(action, request)
        case ("create", true): return try create(action, in: payload, request)
        case ("subscriptions", false): return try ownSubscriptions(action, request)
        case ("affiliations", false): return try ownAffiliations(action, request)
        case ("default", false): return try defaultOptions(action, request)
        case ("options", false): return try optionsForm(action, request)
        case ("options", true): return try setOptions(action, request)
        default: throw StanzaError(.badRequest, text: "\(action.name) is no request of pubsub")
        }
    }

    /// What a request asks for: the first child that does not only go with another.
    private static func action(in payload: Element) -> Element? {
        var accompanying: Element?
        for case .element(let child) in payload.children
        where child.namespace == payload.namespace {
            switch child.name {
            case "configure" where payload.namespace == Namespace.pubsub, "publish-options",
                "options":
                accompanying = accompanying ?? child
            default: return child
            }
        }
        return accompanying
    }

    private mutating func receiveFromOwner(
        _ payload: Element,
        _ request: PubSubRequest,
        _ relation: (JID) -> Relation
    ) throws(StanzaError) -> [PubSubEffect] {
        let isSet = request.iq.type == "set"
        guard let action = Self.action(in: payload)
        else { throw StanzaError(.badRequest, text: "there is nothing to do in this request") }
        switch (action.name, isSet) {
        case ("configure", false): return try configurationForm(action, request)
        case ("configure", true): return try configure(action, request, relation)
        case ("default", false): return try defaultForm(action, request)
        case ("collection", true): return try associate(action, request)
        case ("delete", true): return try delete(action, request)
        case ("purge", true): return try purge(action, request)
        case ("subscriptions", false): return try subscriptions(action, request)
        case ("subscriptions", true): return try setSubscriptions(action, request, relation)
        case ("affiliations", false): return try affiliations(action, request)
        case ("affiliations", true): return try setAffiliations(action, request, relation)
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
