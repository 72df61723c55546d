import XMPP

// What those are told who are subscribed to collections (XEP-0248 §5.3).
extension PubSubService {
    /// Tells of nodes that have come into collections or left them.
    mutating func tell(of placement: Placement, _ effects: inout [PubSubEffect]) {
        guard !collectionsSubscribed.isEmpty else { return }
        for ended in placement.ended {
            notify(of: PubSubEvent(ended.parent, .dissociate(ended.child)), &effects)
        }
        for begun in placement.begun {
            guard let child = nodes[begun.child] else { continue }
            // XEP-0248 §5.3.2.1: with what the child is.
            let form = child.metaData(owner: owner)
            notify(of: PubSubEvent(begun.parent, .associate(begun.child, form)), &effects)
        }
    }

    /// Tells the collections of a node that it leaves them because it ends.
    mutating func tell(ofEndOf name: String, _ effects: inout [PubSubEffect]) {
        guard !collectionsSubscribed.isEmpty else { return }
        for parent in collections.parents(of: name) {
            notify(of: PubSubEvent(parent, .dissociate(name)), &effects)
        }
    }

    /// Tells of a node that was made, and of the collections that it is in.
    mutating func tellCreation(
        of name: String,
        _ placement: Placement,
        _ effects: inout [PubSubEffect]
    ) {
        guard !collectionsSubscribed.isEmpty || !patterns.isEmpty else { return }
        notify(of: PubSubEvent(name, .create), &effects)
        tell(of: placement, &effects)
    }

    /// The last items of what is below a collection, where a subscription to it has just begun
    /// (XEP-0060 §6.1.7), or its subscriber has just come.
    mutating func lastItems(
        below collection: Node,
        for coverage: DeliveryPlan.Coverage,
        to recipient: Recipient,
        isArrival: Bool,
        since: Instant?
    ) -> [PubSubEffect] {
        let subscription = coverage.record
        guard subscription.options.type != .nodes else { return [] }
        let relation = relation(ofSubscriber: subscription.jid)
        var effects: [PubSubEffect] = []
        for leaf in leaves(below: collection.name, subscription.options.depth)
        where leaf.configuration.sendsLastItem(onArrival: isArrival)
            && leaf.hasItem(since: since) && admits(subscription.jid, relation, to: leaf)
        {
            effects += lastItem(of: leaf, to: recipient, for: coverage)
        }
        return effects
    }

    /// XEP-0248 §6.1.3: one that goes all the way down makes one that does not superfluous.
    func checkDepth(
        _ options: SubscriptionOptions,
        among own: [SubscriptionRecord],
        on holder: Node
    ) throws(StanzaError) {
        let isSuperfluous = own.contains { record in
            var other = record.options
            other.depth = options.depth
            return record.options.depth != options.depth && other.matches(options)
        }
        guard !holder.isCollection || !isSuperfluous else {
            throw StanzaError(.conflict, text: "a subscription is there that goes another way down")
        }
    }

    /// The root: it holds subscriptions, and is configured by nobody (XEP-0248 §8.1).
    var rootHolder: Node {
        patterns[CollectionGraph.root]
            ?? Node(CollectionGraph.root, profile.defaults.asCollection())
    }

    /// What a subscriber to a collection is to the owner, as far as it is known.
    func relation(ofSubscriber jid: JID) -> Relation {
        relations[jid.bare] ?? Relation()
    }

    /// What of a relation holds for every node: on a service a roster decides about the nodes of
    /// its owner alone.
    private func lasting(_ relation: Relation) -> Relation {
        profile.kind == .personal ? relation : Relation(isOwner: relation.isOwner)
    }

    /// Finds out what those subscribers are to the owner of whom it is not known.
    mutating func relate(by relation: (JID) -> Relation) {
        guard !unrelated.isEmpty else { return }
        for jid in unrelated {
            relations[jid] = lasting(relation(jid))
            for name in subscribed[jid] ?? [] where collectionsSubscribed.contains(name) {
                plansChanged(of: name)
            }
        }
        unrelated = []
    }

    /// Keeps in mind which collections there are subscriptions to, and whose.
    mutating func collectionSubscribersChanged(of name: String, _ jid: JID) {
        let holder = name == CollectionGraph.root ? patterns[name] : nodes[name]
        if let holder, holder.isCollection, !holder.subscriptions.isEmpty {
            collectionsSubscribed.insert(name)
        } else {
            collectionsSubscribed.remove(name)
        }
        let bare = jid.bare
        if subscribed[bare]?.isDisjoint(with: collectionsSubscribed) == false {
            guard relations[bare] == nil else { return }
            if let requester, requester.jid == bare {
                relations[bare] = lasting(requester.relation)
            } else {
                unrelated.insert(bare)
            }
        } else {
            relations[bare] = nil
            unrelated.remove(bare)
        }
    }

    /// The collections above a node that have subscriptions, with the way down to it.
    func collectionHolders(of name: String) -> [(Node, DeliveryPlan.Coverage.Way)] {
        guard !collectionsSubscribed.isEmpty else { return [] }
        return collections.ancestors(of: name).compactMap { ancestor in
            guard collectionsSubscribed.contains(ancestor.name),
                let holder = nodes[ancestor.name] ?? patterns[ancestor.name]
            else { return nil }
            return (holder, .collection(distance: ancestor.distance))
        }
    }
}

/// What of a node an event is about: subscriptions are to some of it.
enum EventConcern: Sendable, Hashable {
    case items
    /// The node itself: its configuration, its end.
    case node
    case creation
    /// That the node of this name comes into the collection, or leaves it.
    case membership(String)
}

extension PubSubEvent {
    var concern: EventConcern {
        switch kind {
        case .item, .items, .retract, .purge: .items
        case .configuration, .delete: .node
        case .create: .creation
        case .associate(let child, _), .dissociate(let child): .membership(child)
        }
    }
}

extension SubscriptionOptions {
    /// Whether events of that concern are wanted from a node that the subscription comes to so
    /// (XEP-0248 §6.1: what is told, and how far down).
    func cover(_ concern: EventConcern, _ way: DeliveryPlan.Coverage.Way) -> Bool {
        switch (concern, way) {
        case (.items, .itself), (.items, .pattern): type != .nodes
        case (.items, .collection(let distance)): type != .nodes && depth.reaches(distance)
        case (.node, .itself), (.node, .pattern): true
        case (.creation, .itself): false
        case (.creation, .pattern), (.membership, .pattern): type != .items
        case (.membership, .itself): type != .items && depth.reaches(1)
        case (.node, .collection(let distance)), (.creation, .collection(let distance)):
            type != .items && depth.reaches(distance)
        case (.membership, .collection(let distance)):
            type != .items && depth.reaches(distance + 1)
        }
    }
}

extension Node {
    /// What a subscription begins with that says nothing else: to a collection it is of its nodes
    /// (XEP-0248 §6.1).
    var defaultOptions: SubscriptionOptions {
        var options = SubscriptionOptions()
        if isCollection { options.type = .nodes }
        return options
    }
}

extension SubscriptionOptions.Depth {
    /// Whether it goes that many levels down.
    func reaches(_ distance: Int) -> Bool {
        switch self {
        case .levels(let count): distance <= count
        case .all: true
        }
    }
}
