import XMPP

// What a node tells of its items.
extension Node {
    /// Whose service the node is on, as far as items name it.
    struct Author {
        let owner: JID
        let isPersonal: Bool
    }

    /// The event of a published item (XEP-0060 §7.1.2).
    func publication(
        of record: ItemRecord?,
        by author: Author,
        stamp: Instant? = nil
    ) -> PubSubEvent {
        guard let record else { return PubSubEvent(name, .item(nil)) }
        let item = PubSubEvent.Item(
            id: record.id,
            publisher: named(record.publisher, by: author),
            payload: configuration.deliversPayloads ? record.payload : nil
        )
        return PubSubEvent(name, .item(item), stamp: stamp)
    }

    /// Whom an item names (XEP-0060 §12.17), where that is not plain from who sends it.
    func named(_ publisher: JID, by author: Author) -> JID? {
        let named: JID? =
            switch configuration.itemReply {
            case .none: nil
            case .publisher: publisher
            case .owner where author.isPersonal: author.owner
            case .owner: affiliations.owners.first
            }
        return named == author.owner ? nil : named
    }
}

extension NodeConfiguration {
    /// As what an event of that kind is sent; nil where it is not told.
    func notificationType(of kind: PubSubEvent.Kind) -> NotificationType? {
        switch kind {
        // XEP-0060 §8.4.2: the end of a node is always told.
        case .delete: return notificationType
        // XEP-0248 §5.3.2: what is in a collection is a field of its configuration.
        case .associate, .dissociate:
            return notifiesConfiguration && deliversNotifications ? notificationType : nil
        default: return deliversNotifications ? notificationType : nil
        }
    }
}
