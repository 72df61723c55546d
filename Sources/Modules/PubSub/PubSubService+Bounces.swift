package import XMPP

// Notifications that come back (XEP-0060 §12.4).
extension PubSubService {
    /// Takes an error that a notification was answered with.
    ///
    /// Where the error says that there is no such address, or that it wants nothing, the
    /// subscription ends. `service-unavailable` says no more than that nobody is there (RFC 6121
    /// §8.5.2.2.1); it and what passes are counted.
    package mutating func bounced(_ message: Stanza, from jid: JID) -> [PubSubEffect] {
        guard let error = message.error, message.id?.hasPrefix(Self.notificationID) == true,
            let names = subscribed[jid.bare]
        else { return [] }
        switch (error.kind, error.condition) {
        case (_, .serviceUnavailable): break
        case (.cancel, _), (_, .gone): return end(bounced: jid, of: message, among: names)
        default: break
        }
        let count = (bounces[jid.bare] ?? 0) + 1
        guard count >= PubSubLimits.bouncesMaximum else {
            bounces[jid.bare] = count
            return []
        }
        bounces[jid.bare] = nil
        return end(bounced: jid, of: message, among: names)
    }

    /// Ends the subscriptions to the node that the notification was of; where it does not say, to
    /// all, as it may.
    private mutating func end(
        bounced jid: JID,
        of message: Stanza,
        among names: Set<String>
    ) -> [PubSubEffect] {
        let event = message.payload("event", Namespace.pubsubEvent)
        let node = event?.elements.first?["node"]
        var effects: [PubSubEffect] = []
        for name in names.sorted() {
            for record in bounced(jid, of: node, on: name) {
                effects += end(record, on: name) + tellOwners(of: record, as: "none", on: name)
            }
        }
        return effects
    }

    /// The subscriptions of an address, else of its account, where they cover that node.
    private func bounced(_ jid: JID, of node: String?, on name: String) -> [SubscriptionRecord] {
        guard let holder = nodes[name] ?? patterns[name],
            node == nil || node == name || holder.pattern?.matches(node ?? "") == true
        else { return [] }
        let own = holder.subscriptions.of(address: jid)
        return own.isEmpty ? holder.subscriptions.of(address: jid.bare) : own
    }
}
