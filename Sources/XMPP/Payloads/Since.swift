/// How long ago a resource was last online, in its initial presence (XEP-0312): items published
/// since then are sent, instead of each node's last one.
package struct Since: Sendable, Hashable {
    /// What a service that heeds it lists in `disco#info`.
    package static let feature = "http://jabber.org/protocol/pubsub#since"
    package static let namespace = "urn:xmpp:ago:0"
    /// The longest absence in seconds, ten years: no node keeps items for longer.
    package static let secondsMaximum: UInt64 = 315_360_000

    package var seconds: UInt64

    package init(seconds: UInt64) {
        self.seconds = min(seconds, Self.secondsMaximum)
    }

    /// Reads an `<ago/>`; nil when it is none or its seconds are no number.
    package init?(_ element: Element) {
        guard element.matches("ago", Self.namespace), let text = element["secs"],
            let seconds = UInt64(text)
        else { return nil }
        self.init(seconds: seconds)
    }

    /// What a presence says; nil when it says nothing.
    package init?(of presence: Stanza) {
        guard let element = presence.payload("ago", Self.namespace) else { return nil }
        self.init(element)
    }

    /// The moment from which on items are missing, of a presence that comes at `now`.
    ///
    /// Whoever counts whole seconds cuts off a part of one: the moment is a second earlier, as one
    /// item too many is better than one too few. A difference of the clocks does not matter, as
    /// seconds are counted back from here, so there is no need for XEP-0312 §2's five minutes.
    package func moment(at now: Instant) -> Instant {
        now + .seconds(-Int64(clamping: seconds) - 1)
    }

    /// The `<ago/>`.
    package var element: Element {
        Element("ago", Self.namespace, attributes: [.init("secs", String(seconds))])
    }
}
