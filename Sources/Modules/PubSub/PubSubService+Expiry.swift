import XMPP

// Items that go by themselves: for their age, or with who published them (XEP-0060 §16.4.4,
// item_expire and purge_offline).
extension PubSubService {
    /// Has the node's items looked at when the oldest of them is too old.
    ///
    /// One entry a node: what is published meanwhile is looked at when that comes up.
    mutating func scheduleExpiry(of name: String) {
        if let due = update(name, { $0.nextExpiry() }), let due {
            schedule.add(.expireItems(node: name), at: due)
        }
    }

    /// Ends the items of a node that are too old, and comes back for the next.
    mutating func expireItems(of name: String, at now: Instant) -> [PubSubEffect] {
        guard let node = nodes[name], let due = node.expiry, due <= now else { return [] }
        guard let age = node.configuration.itemAgeMaximum else {
            // Nothing ends for its age any more; what will do so later is to be looked at then.
            nodes[name]?.expiry = nil
            return []
        }
        let ids: [String]? = update(name) { node in
            node.expiry = nil
            return node.items.removeOldest(upTo: PubSubLimits.idsPerRequestMaximum) { item in
                item.published + age <= now
            }
        }
        scheduleExpiry(of: name)
        return removed(ids ?? [], from: name)
    }

    /// What follows from items that were taken out of a node by the service.
    mutating func removed(_ ids: [String], from name: String) -> [PubSubEffect] {
        guard !ids.isEmpty else { return [] }
        var effects: [PubSubEffect] = [
            .store(.removeItems(owner: owner, node: name, ids), profile.durability(name))
        ]
        guard nodes[name]?.configuration.notifiesRetract == true else { return effects }
        for id in ids { notify(of: PubSubEvent(name, .retract(id)), &effects) }
        return effects
    }

    // MARK: With their publisher

    /// Keeps in mind whose items go from the node when they go offline; those that are newly in
    /// question are watched, where presence does not come to the service anyway.
    mutating func followPublishers(of name: String) -> [PubSubEffect] {
        guard let node = nodes[name], node.configuration.purgesOffline else { return [] }
        var effects: [PubSubEffect] = []
        for publisher in Set(node.items.latest(node.items.count).map(\.publisher)) {
            effects += followPublisher(publisher, on: name)
        }
        return effects
    }

    mutating func followPublisher(_ publisher: JID, on name: String) -> [PubSubEffect] {
        let isNew = offlinePurges[publisher] == nil
        offlinePurges[publisher, default: []].insert(name)
        return isNew && profile.kind != .personal ? [.watch(publisher)] : []
    }

    /// The items of who is gone, on nodes that keep them only while it is there.
    mutating func purgeItems(ofOffline jid: JID) -> [PubSubEffect] {
        let publisher = jid.bare
        guard let names = offlinePurges[publisher],
            !isPresent(publisher)
        else { return [] }
        offlinePurges[publisher] = nil
        var effects: [PubSubEffect] = []
        for name in names.sorted() where nodes[name]?.configuration.purgesOffline == true {
            effects += purgeItems(of: name, by: publisher)
        }
        return effects
    }

    private mutating func purgeItems(of name: String, by publisher: JID) -> [PubSubEffect] {
        guard let items = nodes[name]?.items else { return [] }
        let ids = items.latest(items.count).filter { $0.publisher == publisher }.map(\.id)
        guard !ids.isEmpty else { return [] }
        // One event says it all, as with a purge that is asked for (XEP-0060 §8.5.2).
        guard ids.count < items.count else { return empty(name) }
        for id in ids { nodes[name]?.items.remove(id) }
        return removed(ids, from: name)
    }
}

extension NodeConfiguration {
    /// How old an item gets; nil where none goes for its age.
    var itemAgeMaximum: Duration? {
        switch itemSecondsMaximum {
        case .count(let seconds): .seconds(seconds)
        case .max: nil
        }
    }
}

extension Node {
    /// When the items are to be looked at, where nothing is to do it so early already.
    mutating func nextExpiry() -> Instant? {
        guard let age = configuration.itemAgeMaximum, let oldest = items.oldest else { return nil }
        let due = oldest.published + age
        if let expiry, expiry <= due { return nil }
        expiry = due
        return due
    }
}
