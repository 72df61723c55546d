package import XMPP

/// What follows from a decision of the engine.
package enum PubSubEffect: Sendable {
    case store(PubSubChange, Durability)
    case reply(Stanza)
    case notify(Notification)
    case load(LoadRequest)
}

/// One event for many: written once, the address apart.
package struct Notification: Sendable {
    package let event: PubSubEvent
    /// The bytes of the message up to where the address goes, and after it.
    package let head: [UInt8]
    package let tail: [UInt8]
    package let recipients: [Recipient]
    private let message: Stanza

    /// `message` is the head of the message, without an address.
    init(_ message: Stanza, _ event: PubSubEvent, to recipients: [Recipient]) {
        self.message = message
        self.event = event
        self.recipients = recipients
        var writer = XMLWriter(reserving: 192)
        writer.write(markup: "<message")
        if let type = message.type { writer.attribute("type", type) }
        if let id = message.id { writer.attribute("id", id) }
        if let from = message.from { writer.attribute("from", from.description) }
        writer.write(markup: " to='")
        head = writer.bytes
        let payload: [UInt8]? = if case .item(let item?) = event.kind { item.payload } else { nil }
        writer = XMLWriter(reserving: 384 + (payload?.count ?? 0))
        writer.write(markup: "'>")
        event.write(to: &writer)
        writer.write(markup: "</message>")
        tail = writer.bytes
    }

    /// The message for one recipient, for where bytes do not serve.
    package func stanza(to jid: JID) -> Stanza {
        var stanza = message
        stanza.to = jid
        stanza.children = event.content.map { .element($0) }
        return stanza
    }
}

/// Payloads that are not in memory, and what they are wanted for.
package struct LoadRequest: Sendable, Hashable {
    package let node: String
    package let items: [String]
    let purpose: Purpose

    enum Purpose: Sendable, Hashable {
        /// To answer a request for items.
        case answer(Stanza, [ItemRecord])
        /// To send the last item.
        case lastItem(Recipient, ItemRecord)
    }

    /// The request with what the store found; of no use to another than who asked.
    package func answered(_ payloads: [String: [UInt8]]) -> LoadedItems {
        LoadedItems(request: self, payloads: payloads)
    }
}

/// What a ``LoadRequest`` led to.
package struct LoadedItems: Sendable {
    let request: LoadRequest
    let payloads: [String: [UInt8]]
}
