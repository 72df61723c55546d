/// By what a list of items is ordered (XEP-0413).
package struct ItemOrder: Sendable, Hashable {
    package static let namespace = "urn:xmpp:order-by:1"
    /// Orders in one request: both keys leave a third nothing to decide.
    package static let levelsMaximum = 8

    /// The date that counts.
    package enum Key: String, Sendable {
        /// When the id was first published.
        case creation
        /// When the item was last published.
        case modification
    }

    package var key: Key
    /// Whether the newest comes first.
    package var isDescending: Bool

    package init(by key: Key, isDescending: Bool = false) {
        self.key = key
        self.isDescending = isDescending
    }

    /// The features of a service that orders items, and archives too (XEP-0413 §6).
    package static let features = [
        namespace, "\(namespace)@\(Namespace.pubsub)", "\(namespace)@\(ArchiveQuery.namespace)",
    ]
}

extension ItemOrder {
    /// The orders inside `<pubsub/>` or an archive's `<query/>`, the one that decides first first.
    package static func read(in query: Element) throws(StanzaError) -> [ItemOrder] {
        var orders: [ItemOrder] = []
        for child in query.elements where child.matches("order", namespace) {
            guard orders.count < levelsMaximum else {
                throw StanzaError(.badRequest, text: "at most \(levelsMaximum) <order/>")
            }
            orders.append(try ItemOrder(child))
        }
        return orders
    }

    private init(_ order: Element) throws(StanzaError) {
        guard let name = order["by"] else {
            throw StanzaError(.badRequest, text: "<order/> lacks the attribute by")
        }
        guard let key = Key(rawValue: name) else {
            // XEP-0413 §4.6: other orders may exist, and are not to be counted on.
            throw StanzaError(
                .featureNotImplemented,
                text: "items are ordered by creation or modification"
            )
        }
        switch order["desc"] {
        case nil, "false", "0": self.init(by: key)
        case "true", "1": self.init(by: key, isDescending: true)
        default: throw StanzaError(.badRequest, text: "the attribute desc is true or false")
        }
    }

    /// The `<order/>`.
    package var element: Element {
        var order = Element("order", Self.namespace)
        order["by"] = key.rawValue
        if isDescending { order["desc"] = "true" }
        return order
    }
}
