import XMPP

// What subscriptions depend on the presence of their subscribers (XEP-0060 §12.5, §12.6).
extension PubSubService {
    /// Asks for the presence of those whose subscriptions depend on it: after a restart nothing is
    /// known.
    func watchSubscribers() -> [PubSubEffect] {
        guard profile.kind != .personal else { return [] }
        var watched: Set<JID> = []
        for holder in Array(nodes.values) + patterns.all {
            for record in holder.subscriptions.all
            where record.needsPresence(on: holder.configuration) {
                watched.insert(record.jid.bare)
            }
        }
        return watched.sorted { $0.description < $1.description }.map { .watch($0) }
    }

    /// A session is there that was not: its subscriptions get the last items (XEP-0060 §16.4.4,
    /// `on_sub_and_presence`).
    ///
    /// On a service only where it is known that the subscriber was away: what answers the first
    /// question after it is no arrival.
    mutating func arrived(_ jid: JID, since: Instant? = nil) -> [PubSubEffect] {
        let bare = jid.bare
        bounces[bare] = nil
        let wasAbsent = absent.remove(bare) != nil
        guard let names = subscribed[bare] else { return [] }
        let others = interested.sessions(of: bare).count > 1
        let isKnown = profile.kind == .personal || wasAbsent || others
        guard isKnown else { return [] }
        var effects: [PubSubEffect] = []
        for name in names.sorted() {
            guard let holder = nodes[name] ?? patterns[name] else { continue }
            // A session that is notified itself has had the item already.
            let isNotified = holder.audience[jid] != nil
            for record in holder.subscriptions.of(entity: bare)
            where record.state == .subscribed
                && (record.jid == jid || (record.jid == bare && !others))
                && (!isNotified || record.options.governsDelivery)
            {
                effects += lastItems(
                    for: record,
                    on: name,
                    asked: record.jid,
                    isArrival: true,
                    since: since
                )
            }
        }
        return effects
    }

    /// A session is gone, or all of an entity's: what lasts only as long as they are there ends
    /// (XEP-0060 §12.5).
    mutating func departed(_ jid: JID) -> [PubSubEffect] {
        let bare = jid.bare
        guard let names = subscribed[bare] else { return [] }
        if !isPresent(bare) { absent.insert(bare) }
        var effects: [PubSubEffect] = []
        for name in names.sorted() {
            for record in temporary(of: bare, on: name) where !isPresent(record.jid) {
                effects += end(record, on: name) + tellOwners(of: record, as: "none", on: name)
            }
        }
        return effects
    }

    /// An entity's subscriptions to a node that last only as long as it is there.
    private func temporary(of entity: JID, on name: String) -> [SubscriptionRecord] {
        guard let holder = nodes[name] ?? patterns[name] else { return [] }
        return holder.subscriptions.of(entity: entity).filter {
            $0.isTemporary(on: holder.configuration)
        }
    }

    /// A node's subscriptions are temporary by another configuration, or are no longer: the store
    /// forgets them or gets them, and presence is asked for where it is needed now.
    mutating func subscriptionsChanged(
        on name: String,
        since before: NodeConfiguration
    ) -> [PubSubEffect] {
        guard let node = nodes[name], node.configuration != before else { return [] }
        plansChanged(of: name)
        var effects: [PubSubEffect] = []
        for record in node.subscriptions.sorted {
            switch (record.isTemporary(on: before), record.isTemporary(on: node.configuration)) {
            case (false, true):
                effects.append(forget(record, on: name))
                // An account knows who is there; a service asks first.
                if profile.kind == .personal, !isPresent(record.jid) {
                    effects += cancel(record, on: name)
                }
            case (true, false):
                effects.append(
                    .store(.saveSubscription(owner: owner, node: name, record), .immediate)
                )
            default: break
            }
            if !record.needsPresence(on: before), record.needsPresence(on: node.configuration),
                profile.kind != .personal
            {
                effects.append(.watch(record.jid.bare))
            }
        }
        return effects
    }

    /// Whether the address, or any of a bare one's sessions, is known to be there.
    func isPresent(_ jid: JID) -> Bool {
        jid.isBare ? !interested.sessions(of: jid).isEmpty : interested[jid] != nil
    }

    /// Whether presence lets the subscription be told of events.
    func isHeard(_ record: SubscriptionRecord, on configuration: NodeConfiguration) -> Bool {
        guard record.dependsOnPresence(on: configuration) else { return true }
        return isHeard(record, on: configuration, in: shows(of: [record.jid]))
    }

    /// The same with what is known of presence looked up before.
    func isHeard(
        _ record: SubscriptionRecord,
        on configuration: NodeConfiguration,
        in shows: [JID: Set<Show>]
    ) -> Bool {
        guard record.dependsOnPresence(on: configuration) else { return true }
        guard let present = shows[record.jid] else { return false }
        return record.options.shows.isEmpty || !record.options.shows.isDisjoint(with: present)
    }

    /// What the presence of addresses says, of all sessions of those that are bare; who is not
    /// there is left out.
    func shows(of addresses: some Collection<JID>) -> [JID: Set<Show>] {
        var result: [JID: Set<Show>] = [:]
        for jid in addresses {
            let sessions = jid.isBare ? interested.sessions(of: jid) : [jid]
            let shows = Set(sessions.compactMap { interested[$0]?.show })
            if !shows.isEmpty { result[jid] = shows }
        }
        return result
    }

    /// A subscription that lasts as long as its subscriber is there can begin only with one who is.
    ///
    /// A service asks for the presence that it needs; an account has only what it is sent.
    func checkPresence(
        of jid: JID,
        _ options: SubscriptionOptions,
        on node: Node
    ) throws(StanzaError) {
        let isTemporary =
            options.expiry == .presence || node.configuration.hasTemporarySubscriptions
        guard profile.kind == .personal, isTemporary, !isPresent(jid) else { return }
        throw .pubsub(
            .notAcceptable,
            "invalid-options",
            text: "the subscription lasts as long as \(jid) is there, which is not known to be"
        )
    }
}

extension SubscriptionRecord {
    /// Whether it ends when its subscriber goes offline, so that the store has no use for it.
    func isTemporary(on configuration: NodeConfiguration) -> Bool {
        options.expiry == .presence || configuration.hasTemporarySubscriptions
    }

    /// Whether presence decides what it is told of.
    func dependsOnPresence(on configuration: NodeConfiguration) -> Bool {
        !options.shows.isEmpty || configuration.deliversByPresence
    }

    /// Whether the service has to know of its subscriber's presence.
    func needsPresence(on configuration: NodeConfiguration) -> Bool {
        isTemporary(on: configuration) || dependsOnPresence(on: configuration)
            || configuration.sendLastItem == .onSubscriptionAndPresence
    }
}
