package import XMPP

/// Any payload that monitoring nodes carry, told apart by its root.
package enum MonitoringPayload: Sendable, Hashable {
    case sample(Sample)
    case alerts(AlertList)
    case event(Event)
    case meta(Meta)
    case prosody(ProsodyValue)

    package init(_ element: Element) throws(PayloadError) {
        switch (element.namespace, element.name) {
        case (Namespace.lapwing, "sample"): self = .sample(try Sample(element))
        case (Namespace.lapwing, "alerts"): self = .alerts(try AlertList(element))
        case (Namespace.lapwing, "event"): self = .event(try Event(element))
        case (Namespace.lapwing, "meta"): self = .meta(try Meta(element))
        case (ProsodyValue.namespace, _): self = .prosody(try ProsodyValue(element))
        default: throw .unexpected(element.name)
        }
    }
}
