package import XMPP

/// What a node tells those whom it notifies (XEP-0060 §7.1.2, §7.2.2, §8.2.5, §8.4.2, §8.5.2).
package struct PubSubEvent: Sendable, Hashable {
    package let node: String
    package let kind: Kind
    /// When the item was published, on one that comes late (XEP-0060 §6.1.7).
    package let stamp: Instant?
    /// What it says, for people (XEP-0060 §12.7); nil for those who do not want that.
    package var text: String?

    package enum Kind: Sendable, Hashable {
        /// An item; nil on a node whose events are only that something happened (§4.3).
        case item(Item?)
        /// Items that were gathered for a digest.
        case items([Item])
        case retract(String)
        case purge
        /// The end, with the address of what takes the node's place.
        case delete(redirect: String?)
        /// The node is there from here on (XEP-0248 §5.3.1.2).
        case create
        /// The node of this name is in the collection, with what it is (XEP-0248 §5.3.2).
        case associate(String, DataForm?)
        case dissociate(String)
        /// Another configuration; nil where the node keeps payloads out of its events.
        case configuration(DataForm?)
    }

    /// An item as an event shows it.
    package struct Item: Sendable, Hashable {
        package let id: String
        /// Named where it is not plain from the sender (XEP-0060 §7.1.2.1).
        package let publisher: JID?
        package let payload: [UInt8]?
    }

    init(_ node: String, _ kind: Kind, stamp: Instant? = nil) {
        self.node = node
        self.kind = kind
        self.stamp = stamp
    }

    /// The same event with something else in it.
    func holding(_ kind: Kind) -> PubSubEvent {
        var event = PubSubEvent(node, kind, stamp: stamp)
        event.text = text
        return event
    }

    /// What the message holds, the event first.
    package var content: [Element] {
        var content = [Element("event", Namespace.pubsubEvent, [element])]
        if let text { content.append(Element("body", Namespace.client, text: text)) }
        if let stamp { content.append(Delay.element(stamp: stamp)) }
        return content
    }

    private var element: Element {
        switch kind {
        case .item(let item):
            return named("items", holding: item.map { [$0.element] } ?? [])
        case .items(let items): return named("items", holding: items.map(\.element))
        case .retract(let id):
            let retract = Element("retract", Namespace.pubsubEvent, attributes: [.init("id", id)])
            return named("items", holding: [retract])
        case .purge: return named("purge")
        case .delete(let redirect):
            let children = redirect.map {
                [Element("redirect", Namespace.pubsubEvent, attributes: [.init("uri", $0)])]
            }
            return named("delete", holding: children ?? [])
        case .create: return named("create")
        case .associate(let child, let form):
            return collection("associate", child, holding: form.map { [$0.element] } ?? [])
        case .dissociate(let child): return collection("dissociate", child)
        case .configuration(let form):
            return named("configuration", holding: form.map { [$0.element] } ?? [])
        }
    }

    /// What becomes of a child; the root has no name (XEP-0248 §8.1).
    private func collection(
        _ name: String,
        _ child: String,
        holding children: [Element] = []
    ) -> Element {
        let change = Element(
            name,
            Namespace.pubsubEvent,
            attributes: [.init("node", child)],
            children
        )
        var collection = Element("collection", Namespace.pubsubEvent, [change])
        if node != CollectionGraph.root { collection["node"] = node }
        return collection
    }

    private func named(_ name: String, holding children: [Element] = []) -> Element {
        Element(name, Namespace.pubsubEvent, attributes: [.init("node", node)], children)
    }

    /// Writes what the message holds.
    ///
    /// Items, which is what there are many of, without a tree in between.
    func write(to writer: inout XMLWriter) {
        guard case .item(let item) = kind else {
            for element in content { writer.write(element, inheriting: Namespace.client) }
            return
        }
        writer.write(markup: "<event xmlns='http://jabber.org/protocol/pubsub#event'><items")
        writer.attribute("node", node)
        if let item {
            writer.write(markup: "><item")
            writer.attribute("id", item.id)
            if let publisher = item.publisher {
                writer.attribute("publisher", publisher.description)
            }
            if let payload = item.payload {
                writer.write(markup: ">")
                writer.write(raw: payload)
                writer.write(markup: "</item></items></event>")
            } else {
                writer.write(markup: "/></items></event>")
            }
        } else {
            writer.write(markup: "/></event>")
        }
        if let text {
            writer.write(markup: "<body>")
            writer.write(text: text)
            writer.write(markup: "</body>")
        }
        if let stamp { writer.write(Delay.element(stamp: stamp), inheriting: Namespace.client) }
    }
}

extension PubSubEvent.Item {
    fileprivate var element: Element {
        var element = Element("item", Namespace.pubsubEvent, attributes: [.init("id", id)])
        element["publisher"] = publisher?.description
        if let payload { element.children = [.payload(payload)] }
        return element
    }
}

extension Element.Node {
    /// A payload on its way out: only its bytes are written, its name is not looked at.
    static func payload(_ bytes: [UInt8]) -> Self {
        .raw(RawElement(name: "payload", namespace: "", bytes: bytes))
    }
}
