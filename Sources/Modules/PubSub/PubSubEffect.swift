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
    /// The message without an address.
    package let message: Stanza
    /// The bytes of the message up to where the address goes, and after it.
    package let head: [UInt8]
    package let tail: [UInt8]
    package let recipients: [Recipient]

    /// `content` is what the message holds, the event first.
    init(_ message: Stanza, _ content: [Element], to recipients: [Recipient]) {
        var whole = message
        whole.children = content.map { .element($0) }
        self.message = whole
        self.recipients = recipients
        // An empty element ends in "/>": opened, it takes the address as its last attribute.
        head = message.serialized().dropLast(2) + Array(" to='".utf8)
        var writer = XMLWriter(reserving: 1_024)
        writer.write(raw: Array("'>".utf8))
        for element in content { writer.write(element, inheriting: Namespace.client) }
        writer.write(raw: Array("</message>".utf8))
        tail = writer.bytes
    }

    /// The message for one recipient, for where bytes do not serve.
    package func stanza(to jid: JID) -> Stanza {
        var stanza = message
        stanza.to = jid
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
