import XMPP

// What was published while a session was away (XEP-0312).
extension PubSubService {
    /// The items that were published since `since`, the oldest first; without a time the last item.
    ///
    /// Of an item only its last version is there, and none that was deleted (XEP-0312 §2).
    mutating func lastItem(
        of node: Node,
        to recipient: Recipient,
        since: Instant?
    ) -> [PubSubEffect] {
        guard let since else { return lastItem(of: node, to: recipient) }
        guard node.configuration.deliversNotifications else { return [] }
        let items = items(of: node, for: recipient.jid)
            .latest(PubSubLimits.missedItemsMaximum)
            .filter { $0.published >= since }
        let missed = Self.within(PubSubLimits.answerBytesMaximum, items)
        let request = LoadRequest(
            node: node.name,
            items: node.configuration.deliversPayloads
                ? missed.filter { $0.payload == .stored }.map(\.id) : [],
            purpose: .missed(recipient, missed.map(\.record))
        )
        guard request.items.isEmpty else { return [.load(request)] }
        return missed.map { tell(recipient, of: $0.record, on: node.name) }
    }

    /// The newest of them that take no more than so many bytes, one at least.
    private static func within(_ bytes: Int, _ items: [ItemLog.Item]) -> [ItemLog.Item] {
        var (left, count) = (bytes, 0)
        for item in items.reversed() {
            left -= item.bytes
            guard left >= 0 || count == 0 else { break }
            count += 1
        }
        return items.suffix(count)
    }

    /// Sends items that had to be read first, as far as they are still what they were.
    mutating func sendMissed(
        _ records: [ItemRecord],
        on name: String,
        to recipient: Recipient
    ) -> [PubSubEffect] {
        records
            .filter { nodes[name]?.items[$0.id]?.published == $0.published }
            .map { tell(recipient, of: $0, on: name) }
    }

    /// Not kept for the next who comes: that one has been away for another time.
    private mutating func tell(
        _ recipient: Recipient,
        of record: ItemRecord,
        on name: String
    ) -> PubSubEffect {
        let type = nodes[name]?.configuration.notificationType ?? profile.defaults.notificationType
        let event = publication(of: record, on: name, stamp: record.published)
        return .notify(notification(event, type, to: [recipient]))
    }
}

extension Node {
    /// Whether its newest item is from no earlier than `since`; without a time any is.
    func hasItem(since: Instant?) -> Bool {
        guard let since else { return true }
        return (items.newest?.published).map { $0 >= since } ?? false
    }
}
