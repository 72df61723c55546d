/// When a stanza was first sent, on one that comes late (XEP-0203).
package enum Delay {
    /// The `<delay/>` for what was sent at `stamp`.
    package static func element(stamp: Instant, from: JID? = nil) -> Element {
        var element = Element("delay", Namespace.delay)
        element["from"] = from?.description
        element["stamp"] = stamp.dateTime
        return element
    }

    /// The time that a stanza's `<delay/>` names; nil without one that can be read.
    package static func stamp(of stanza: Stanza) -> Instant? {
        stanza.payload("delay", Namespace.delay)?["stamp"].flatMap(Instant.init(dateTime:))
    }
}
