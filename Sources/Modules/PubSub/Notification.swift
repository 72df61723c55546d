package import XMPP

/// One event for many: written once, but for the address and the headers of each recipient.
///
/// A class, since it is handed on from place to place and never changes.
package final class Notification: Sendable {
    package let event: PubSubEvent
    package let bytes: EventBytes
    package let recipients: [Recipient]
    private let message: Stanza

    /// `message` is the head of the message, without an address.
    init(_ message: Stanza, _ event: PubSubEvent, to recipients: [Recipient]) {
        self.message = message
        self.event = event
        self.recipients = recipients
        bytes = EventBytes(message, event)
    }

    /// The same for others.
    package func `for`(_ recipients: [Recipient]) -> Notification {
        Notification(event: event, bytes: bytes, recipients: recipients, message: message)
    }

    private init(
        event: PubSubEvent,
        bytes: EventBytes,
        recipients: [Recipient],
        message: Stanza
    ) {
        self.event = event
        self.bytes = bytes
        self.recipients = recipients
        self.message = message
    }

    /// A message of type headline passes by who is not there (RFC 6121 §8.5.2.2).
    package var isHeadline: Bool { message.type == "headline" }

    /// The message for one recipient, for where bytes do not serve.
    package func stanza(to recipient: Recipient) -> Stanza {
        var stanza = message
        stanza.to = recipient.jid
        stanza.children = event.content.map { .element($0) }
        if !recipient.headers.isEmpty {
            stanza.children.append(
                .raw(
                    RawElement(
                        name: "headers",
                        namespace: Namespace.headers,
                        bytes: recipient.headers
                    )
                )
            )
        }
        return stanza
    }
}

/// The bytes of an event's message: ``head``, the address, ``body``, the headers of who gets it,
/// ``end``.
package struct EventBytes: Sendable {
    package let head: [UInt8]
    package let body: [UInt8]
    /// What it makes superfluous, where it waits behind others for a reader that is slow.
    package let subject: EventSubject

    package static let end = Array("</message>".utf8)

    init(_ message: Stanza, _ event: PubSubEvent) {
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
        body = writer.bytes
        subject = EventSubject(event, of: message.from)
    }
}

/// What an event is about: the newest of an item says all that the older ones said, and the end of
/// an item or of a node leaves nothing to say of what it held.
package struct EventSubject: Sendable, Hashable {
    package let owner: JID?
    package let node: String
    package let kind: Kind

    package enum Kind: Sendable, Hashable {
        /// An item of this id is another.
        case item(String)
        /// The item of this id is gone.
        case retracted(String)
        /// All items of the node are gone.
        case emptied
        case other
    }

    /// An item of the same node.
    package func item(_ id: String) -> EventSubject {
        EventSubject(owner: owner, node: node, kind: .item(id))
    }

    private init(owner: JID?, node: String, kind: Kind) {
        self.owner = owner
        self.node = node
        self.kind = kind
    }

    init(_ event: PubSubEvent, of owner: JID?) {
        self.owner = owner
        node = event.node
        kind =
            switch event.kind {
            case .item(let item?): .item(item.id)
            case .retract(let id): .retracted(id)
            case .purge, .delete: .emptied
            case .item(nil), .items, .configuration, .create, .associate, .dissociate: .other
            }
    }
}
