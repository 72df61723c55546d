package import XMPP

// Notifications: to whom they go and what they say (XEP-0060 §7.1.2, §6.1.7; XEP-0163 §4).
extension PubSubService {
    /// An entity is there, or its interest is known or is another now: it gets the last items of
    /// the nodes that it newly wants and may have (XEP-0163 §4.3.2: only those).
    package mutating func available(
        _ recipient: Recipient,
        relation: Relation,
        notify: NotifySet,
        at now: Instant
    ) -> [PubSubEffect] {
        let before = interested[recipient.jid]
        guard before != nil || interested.count < PubSubLimits.interestedMaximum else { return [] }
        let isSameSession = before?.recipient == recipient
        if isSameSession, before?.notify == notify, before?.relation == relation { return [] }
        interested[recipient.jid] = Interested(
            recipient: recipient,
            notify: notify,
            relation: relation
        )
        for name in before?.notify.nodes ?? [] where !notify.nodes.contains(name) {
            nodes[name]?.stopNotifying(recipient.jid)
        }
        var effects: [PubSubEffect] = []
        for name in notify.nodes {
            guard let node = nodes[name], node.admits(recipient.jid, relation) else { continue }
            let isNew = !isSameSession || node.audience[recipient.jid] == nil
            nodes[name]?.notify(recipient)
            if isNew, node.configuration.sendLastItem == .onSubscriptionAndPresence {
                effects += lastItem(of: node, to: recipient)
            }
        }
        return effects
    }

    /// An entity is gone.
    package mutating func unavailable(_ jid: JID) {
        guard let gone = interested.removeValue(forKey: jid) else { return }
        for name in gone.notify.nodes { nodes[name]?.stopNotifying(jid) }
    }

    /// What an entity is to the owner has changed: who may not have a node any more gets no more
    /// of it, and its subscriptions end (XEP-0163 §7).
    package mutating func relationChanged(
        of contact: JID,
        to relation: Relation
    ) -> [PubSubEffect] {
        for jid in interested.keys where jid.bare == contact.bare {
            interested[jid]?.relation = relation
        }
        var effects: [PubSubEffect] = []
        for name in nodes.keys {
            guard nodes[name]?.admits(contact, relation) == false else {
                enrol(on: name, only: contact)
                continue
            }
            effects += expel(from: name) { $0.bare == contact.bare }
        }
        return effects
    }

    /// Takes over who is there and wants what, from a service that this one replaces.
    package mutating func adoptInterest(of other: PubSubService) {
        interested = other.interested
        for name in nodes.keys { enrol(on: name) }
    }

    /// Puts those who want the node and may have it into its audience.
    mutating func enrol(on name: String, only contact: JID? = nil) {
        guard let node = nodes[name] else { return }
        for (jid, interested) in interested {
            if let contact, jid.bare != contact.bare { continue }
            guard interested.notify.nodes.contains(name), node.audience[jid] == nil,
                node.admits(jid, interested.relation)
            else { continue }
            nodes[name]?.notify(interested.recipient)
        }
    }

    /// Ends delivery to those who may not have the node any more.
    mutating func expel(
        from name: String,
        _ isExpelled: (JID) -> Bool
    ) -> [PubSubEffect] {
        let ended = nodes[name]?.expel(isExpelled) ?? []
        return ended.map {
            .store(
                .removeSubscription(owner: owner, node: name, id: $0.id),
                .immediate
            )
        }
    }

    // MARK: Events

    /// The event of a published item; nil stands for one that carries none (XEP-0060 §7.1.2.4).
    mutating func notification(
        of name: String,
        publishing record: ItemRecord?
    ) -> [PubSubEffect] {
        guard let node = nodes[name], node.configuration.deliversNotifications else { return [] }
        var items = Element("items", Namespace.pubsubEvent, attributes: [.init("node", name)])
        if let record { items.append(eventItem(record, node.configuration)) }
        return notification(of: name, items)
    }

    private func eventItem(
        _ record: ItemRecord,
        _ configuration: NodeConfiguration
    ) -> Element {
        var record = record
        if !configuration.deliversPayloads { record.payload = nil }
        var item = record.element(in: Namespace.pubsubEvent)
        // XEP-0060 §7.1.2.1: named where it is not plain from the sender.
        if record.publisher != owner { item["publisher"] = record.publisher.description }
        return item
    }

    /// An event for everybody whom the node notifies.
    mutating func notification(of name: String, _ event: Element) -> [PubSubEffect] {
        let interested = interested
        guard
            let recipients = nodes[name]?.recipients(session: {
                interested[$0]?.recipient.session
            }), !recipients.isEmpty, let type = nodes[name]?.configuration.notificationType
        else { return [] }
        return [.notify(notification(event, type, to: recipients))]
    }

    private mutating func notification(
        _ event: Element,
        _ type: NodeConfiguration.NotificationType,
        stamp: Instant? = nil,
        to recipients: [Recipient]
    ) -> Notification {
        notificationsSent &+= 1
        let message = Stanza(
            .message,
            type: type == .headline ? type.rawValue : nil,
            id: "event-" + String(notificationsSent, radix: 36),
            from: owner
        )
        var content = [Element("event", Namespace.pubsubEvent, [event])]
        if let stamp { content.append(Delay.element(stamp: stamp)) }
        return Notification(message, content, to: recipients)
    }

    // MARK: The last item

    /// The node's newest item, with the time when it was published (XEP-0060 §6.1.7).
    mutating func lastItem(of node: Node, to recipient: Recipient) -> [PubSubEffect] {
        guard let item = node.items.newest, node.configuration.deliversNotifications else {
            return []
        }
        guard item.payload != .stored || !node.configuration.deliversPayloads else {
            return [
                .load(
                    LoadRequest(
                        node: node.name,
                        items: [item.id],
                        purpose: .lastItem(recipient, item.record)
                    )
                )
            ]
        }
        return [lastItem(item.record, of: node.name, to: recipient)]
    }

    mutating func lastItem(
        _ record: ItemRecord,
        of name: String,
        to recipient: Recipient
    ) -> PubSubEffect {
        let configuration = nodes[name]?.configuration ?? profile.defaults
        let event = Element(
            "items",
            Namespace.pubsubEvent,
            attributes: [.init("node", name)],
            [eventItem(record, configuration)]
        )
        return .notify(
            notification(
                event,
                configuration.notificationType,
                stamp: record.published,
                to: [recipient]
            )
        )
    }
}
