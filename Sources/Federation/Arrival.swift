package import XMPP

/// A stanza of another domain's, as far as this process reads it.
package enum Arrival: Sendable {
    case read(Stanza)
    /// Where it is only passed on, to a router that reads it.
    case passed(PassedStanza)

    /// The stanza, where it was read.
    package var stanza: Stanza? {
        if case .read(let stanza) = self { stanza } else { nil }
    }
}
