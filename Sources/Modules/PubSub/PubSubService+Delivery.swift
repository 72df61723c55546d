package import XMPP

// To whom events go: those who are there and ask for them (XEP-0060 §9, XEP-0163 §4).
extension PubSubService {
    /// An entity is there, or its interest is known or is another now: it gets the last items of
    /// the nodes that it newly wants and may have (XEP-0163 §4.3.3: only those).
    ///
    /// Where `notify` or `show` is nil, what was known of the session stays. Who says since when it
    /// was away gets what was published meanwhile in place of the last items.
    package mutating func available(
        _ recipient: Recipient,
        relation: Relation,
        notify: NotifySet?,
        show: Show? = nil,
        since: Instant? = nil,
        at now: Instant
    ) -> [PubSubEffect] {
        time = now
        let before = interested[recipient.jid]
        guard before != nil || interested.count < PubSubLimits.interestedMaximum else { return [] }
        let isSameSession = before?.recipient == recipient
        let known = isSameSession ? before : nil
        // Capabilities ask for nodes as a whole, the fleet's are told host by host.
        let asked = profile.kind == .fleet ? NotifySet.none : notify
        let notify = asked ?? known?.notify ?? NotifySet.none
        let show = show ?? known?.show ?? .online
        if known?.notify == notify, known?.relation == relation, known?.show == show { return [] }
        let since = known == nil ? since : known?.since
        interested[recipient.jid] = Interested(
            recipient: recipient,
            notify: notify,
            relation: relation,
            show: show,
            since: notify.nodes.isEmpty ? since : nil
        )
        if known?.show != show { sessionsChanged(of: recipient.jid) }
        for name in before?.notify.nodes ?? [] where !notify.nodes.contains(name) {
            nodes[name]?.stopNotifying(recipient.jid)
        }
        var effects: [PubSubEffect] = []
        for name in notify.nodes {
            let isNew = !isSameSession || nodes[name]?.audience[recipient.jid] == nil
            guard let greeting = greeting(of: recipient, relation, on: name, isNew, since) else {
                nodes[name]?.stopNotifying(recipient.jid)
                continue
            }
            effects += greeting
            if isNew { nodes[name]?.notify(recipient) }
        }
        if before == nil { effects += arrived(recipient.jid, since: since) }
        return effects
    }

    /// The last items that a session gets of a node that it wants, where that is new; nil where it
    /// may not have the node.
    ///
    /// Apart, so that no copy of the node outlives it: its audience would be copied by the next
    /// change.
    private mutating func greeting(
        of recipient: Recipient,
        _ relation: Relation,
        on name: String,
        _ isNew: Bool,
        _ since: Instant?
    ) -> [PubSubEffect]? {
        guard let node = nodes[name] else { return [] }
        guard admits(recipient.jid, relation, to: node) else { return nil }
        guard isNew, node.configuration.sendLastItem == .onSubscriptionAndPresence,
            !isGoverned(recipient.jid, on: node)
        else { return [] }
        return lastItem(of: node, to: recipient, since: since)
    }

    /// An entity is gone.
    package mutating func unavailable(_ jid: JID) -> [PubSubEffect] {
        forget(jid)
        let effects = departed(jid) + purgeItems(ofOffline: jid)
        return completed(effects)
    }

    private mutating func forget(_ jid: JID) {
        guard let gone = interested[jid] else { return }
        interested[jid] = nil
        for name in gone.notify.nodes { nodes[name]?.stopNotifying(jid) }
        sessionsChanged(of: jid)
    }

    /// What an entity is to the owner has changed: who may not have a node any more gets no more
    /// of it, and its subscriptions end (XEP-0163 §7); who newly may gets the last item.
    package mutating func relationChanged(
        of contact: JID,
        to relation: Relation
    ) -> [PubSubEffect] {
        let contact = contact.bare
        var effects: [PubSubEffect] = []
        for jid in interested.sessions(of: contact) {
            // Only who gets the owner's presence is subscribed by being there (XEP-0060 §9.1.2).
            if relation.isOwner || relation.presenceAuthorized {
                interested[jid]?.relation = relation
            } else {
                forget(jid)
                effects += departed(jid)
            }
        }
        if relations[contact] != nil || unrelated.contains(contact) {
            relations[contact] = relation
            unrelated.remove(contact)
            for name in subscribed[contact] ?? [] { plansChanged(of: name) }
        }
        if let root = patterns[CollectionGraph.root], !admits(contact, relation, to: root) {
            effects += expel(from: CollectionGraph.root) { $0.bare == contact }
        }
        for name in Array(nodes.keys) {
            effects += accessChanged(
                of: name,
                for: contact,
                relation: { _ in relation }
            )
        }
        return effects
    }

    /// Takes over who is there and wants what, from a service that this one replaces; they have
    /// the last items.
    package mutating func adoptInterest(of other: PubSubService) {
        adoptMirrors(of: other)
        interested = other.interested
        absent = other.absent
        ids = other.ids
        notificationsSent = other.notificationsSent
        notices = other.notices
        schedule = other.schedule
        pasts = other.pasts
        time = other.time
        adoptSubscriptions(of: other)
        var known = other.selections
        known.keep { (nodes[$0] ?? patterns[$0])?.subscriptions }
        selections = known
        for name in Array(nodes.keys) {
            scheduleExpiry(of: name)
            _ = followPublishers(of: name)
            _ = enrol(interested.keys, on: name)
        }
    }

    /// Puts those who want the node and may have it into its audience; they get its last item, as
    /// who is newly subscribed does (XEP-0163 §4.3.4).
    mutating func enrol(_ sessions: some Sequence<JID>, on name: String) -> [PubSubEffect] {
        var effects: [PubSubEffect] = []
        for jid in sessions {
            guard let entry = interested[jid], entry.notify.nodes.contains(name),
                nodes[name]?.audience[jid] == nil,
                let welcome = welcome(entry, on: name)
            else { continue }
            nodes[name]?.notify(entry.recipient)
            effects += welcome
        }
        return effects
    }

    /// The last item of a node for who is newly notified of it; nil for who may not have the node.
    private mutating func welcome(_ entry: Interested, on name: String) -> [PubSubEffect]? {
        guard let node = nodes[name], admits(entry.recipient.jid, entry.relation, to: node) else {
            return nil
        }
        guard node.configuration.sendLastItem != .never,
            !isGoverned(entry.recipient.jid, on: node)
        else { return [] }
        return lastItem(of: node, to: entry.recipient)
    }

    /// Ends delivery to those who may not have the node any more, and tells who had subscribed
    /// (XEP-0163 §7).
    mutating func expel(
        from name: String,
        _ isExpelled: (JID) -> Bool
    ) -> [PubSubEffect] {
        for jid in nodes[name]?.audience.keys.filter(isExpelled) ?? [] {
            nodes[name]?.stopNotifying(jid)
        }
        let ended = (nodes[name] ?? patterns[name])?.subscriptions.all.filter { isExpelled($0.jid) }
        return (ended ?? []).flatMap { cancel($0, on: name) }
    }

    /// Keeps track of where an entity has subscriptions.
    mutating func subscribersChanged(of name: String, _ jid: JID) {
        plansChanged(of: name)
        defer { collectionSubscribersChanged(of: name, jid) }
        let bare = jid.bare
        let subscriptions = (nodes[name] ?? patterns[name])?.subscriptions
        selections.keep(subscriptions, of: bare, on: name)
        let records = subscriptions?.of(entity: bare) ?? []
        if !records.isEmpty {
            subscriptionCounts[bare, default: SubscriptionCount()].set(records, on: name)
            subscribed[bare, default: []].insert(name)
            return
        }
        subscriptionCounts[bare]?.set([], on: name)
        if subscribed[bare]?.remove(name) != nil, subscribed[bare]?.isEmpty == true {
            subscribed[bare] = nil
            subscriptionCounts[bare] = nil
            absent.remove(bare)
            bounces[bare] = nil
        }
    }

    /// Nodes that know an entity's sessions by its subscription look again.
    private mutating func sessionsChanged(of jid: JID) {
        guard !subscribed.isEmpty else { return }
        for name in subscribed[jid.bare] ?? [] { plansChanged(of: name) }
    }

    /// Whether a subscription says how a node's items come to an address, so that they do not come
    /// by its presence (docs/protocol.md, rules).
    func isGoverned(_ jid: JID, on node: Node) -> Bool {
        guard subscribed[jid.bare]?.isEmpty == false else { return false }
        return holders(of: node).contains { holder, way in
            holder.subscriptions.of(entity: jid).contains {
                ($0.jid == jid || $0.jid.isBare) && $0.state == .subscribed
                    && $0.options.cover(.items, way) && $0.options.governsDelivery
            }
        }
    }

    // MARK: Who may have a node

    /// Whether `jid` may have the node's items and events; those about `host`, where some are.
    func admit(
        _ jid: JID,
        _ relation: Relation,
        to node: Node,
        about host: JID? = nil
    ) throws(StanzaError) {
        guard let fleetAccess else { return try node.admit(jid, relation) }
        let isAdmitted =
            if let host = host ?? node.host {
                fleetAccess.admits(jid, to: host)
            } else {
                fleetAccess.admitsToAny(jid)
            }
        // To others there is no such host.
        guard isAdmitted else {
            throw StanzaError(fleetAccess.admitsToAny(jid) ? .itemNotFound : .forbidden)
        }
    }

    func admits(_ jid: JID, _ relation: Relation, to node: Node, about host: JID? = nil) -> Bool {
        (try? admit(jid, relation, to: node, about: host)) != nil
    }

    // MARK: Events

    /// The event of a published item (XEP-0060 §7.1.2).
    func publication(of record: ItemRecord?, on name: String, stamp: Instant? = nil) -> PubSubEvent
    {
        let node = nodes.index(forKey: name).map { nodes.values[$0] }
        return (node ?? Node(name, profile.defaults))
            .publication(of: record, by: author, stamp: stamp)
    }

    /// The event of an item that was just published, of a node where it stands.
    mutating func publication(ofNew record: ItemRecord?, on name: String) -> PubSubEvent {
        let author = author
        return nodes.update(name) { $0.publication(of: record, by: author) }
            ?? publication(of: record, on: name)
    }

    /// Whom an item names (XEP-0060 §12.17), where that is not plain from who sends it.
    func named(_ publisher: JID, on name: String) -> JID? {
        // The node where it stands: this is asked of every item.
        guard let index = nodes.index(forKey: name) else { return nil }
        return nodes.values[index].named(publisher, by: author)
    }

    private var author: Node.Author { .init(owner: owner, isPersonal: profile.kind == .personal) }

    /// Tells everybody whom the node notifies.
    mutating func notify(
        of event: PubSubEvent,
        about host: JID? = nil,
        _ effects: inout [PubSubEffect]
    ) {
        guard let (type, plan) = delivery(of: event, about: host) else { return }
        if !plan.plain.isEmpty {
            effects.append(.notify(notification(event, type, to: plan.plain)))
        }
        if !plan.conditional.isEmpty {
            effects += select(event, plan, about: host)
        }
    }

    /// What the ids of notifications begin with, by which errors to them are known.
    static let notificationID = "event-"

    /// How an event is told, and to whom; nil where it is not.
    mutating func delivery(
        of event: PubSubEvent,
        about host: JID?
    ) -> (NodeConfiguration.NotificationType, DeliveryPlan)? {
        let concern = event.concern
        guard nodes.has(event.node) else {
            guard event.node == CollectionGraph.root, let root = patterns[event.node] else {
                return nil
            }
            let plan = makePlan(of: root, about: host, for: concern)
            return (root.configuration.notificationType, plan)
        }
        let type = nodes.update(event.node) { $0.configuration.notificationType(of: event.kind) }
        guard let type = type ?? nil else { return nil }
        if concern == .items { return (type, plan(of: event.node, about: host)) }
        guard let node = nodes[event.node] else { return nil }
        return (type, makePlan(of: node, about: host, for: concern))
    }

    mutating func notification(
        _ event: PubSubEvent,
        _ type: NodeConfiguration.NotificationType,
        to recipients: [Recipient]
    ) -> Notification {
        notificationsSent &+= 1
        let message = Stanza(
            .message,
            type: type == .headline ? type.rawValue : nil,
            id: Self.notificationID + String(notificationsSent, radix: 36),
            from: owner
        )
        return Notification(message, event, to: recipients)
    }

    // MARK: The last item

    /// The node's newest item, with the time when it was published (XEP-0060 §6.1.7); for a
    /// subscription that looks at it, if it matches.
    mutating func lastItem(
        of node: Node,
        to recipient: Recipient,
        for coverage: DeliveryPlan.Coverage? = nil
    ) -> [PubSubEffect] {
        guard let item = node.items.newest, node.configuration.deliversNotifications else {
            return []
        }
        let governing = coverage.flatMap { $0.record.options.isPlain ? nil : $0 }
        guard item.payload != .stored || !node.configuration.deliversPayloads else {
            let purpose: LoadRequest.Purpose =
                if let governing {
                    .firstItem(recipient, item.record, governing.record.id, on: governing.holder)
                } else {
                    .lastItem(recipient, item.record)
                }
            return [
                .load(LoadRequest(node: node.name, items: [item.id], purpose: purpose))
            ]
        }
        guard let governing else { return [lastItem(item.record, of: node.name, to: recipient)] }
        return firstItem(item.record, of: node.name, to: recipient, for: governing)
    }

    mutating func lastItem(
        _ record: ItemRecord,
        of name: String,
        to recipient: Recipient
    ) -> PubSubEffect {
        if let last = nodes[name]?.lastEvent, last.record == record {
            return .notify(last.notification.for([recipient]))
        }
        let type = nodes[name]?.configuration.notificationType ?? profile.defaults.notificationType
        let event = publication(of: record, on: name, stamp: record.published)
        let notification = notification(event, type, to: [recipient])
        nodes[name]?.lastEvent = .init(record: record, notification: notification)
        return .notify(notification)
    }
}
