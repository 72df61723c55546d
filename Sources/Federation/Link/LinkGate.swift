import XMPP

/// What an end of a link takes from the other: nobody speaks for those who are not behind it.
package struct LinkGate: Sendable {
    private let mayPass: @Sendable (_ from: JID, _ to: JID) -> Bool

    private init(_ mayPass: @escaping @Sendable (_ from: JID, _ to: JID) -> Bool) {
        self.mayPass = mayPass
    }

    /// At the router, towards a process that talks to other servers: stanzas of domains that are
    /// not local, for those that are.
    ///
    /// `isLocal` is true of every domain that is served here, components among them. A process that
    /// was broken into can then speak neither for a local user nor, through us, to others.
    package static func others(isLocal: @escaping @Sendable (String) -> Bool) -> LinkGate {
        LinkGate { from, to in !isLocal(from.domain) && isLocal(to.domain) }
    }

    /// At the router, towards a host of components: stanzas of these domains, for anybody.
    ///
    /// At a process that talks to other servers: those of the domains that it serves.
    package static func from(_ domains: Set<String>) -> LinkGate {
        LinkGate { from, _ in domains.contains(from.domain) }
    }

    /// At a host of components: stanzas for these domains, of anybody.
    package static func to(_ domains: Set<String>) -> LinkGate {
        LinkGate { _, to in domains.contains(to.domain) }
    }

    /// The stanza, with all that a router leans on: two addresses that may be, and of an iq its
    /// type, its id and one payload (RFC 6120 §8.2.3).
    func admit(_ element: Element) throws(StreamError) -> Stanza {
        let read: Stanza?
        do throws(StanzaError) {
            read = try Stanza(element)
        } catch {
            throw StreamError(.improperAddressing, text: error.text)
        }
        guard let stanza = read else { throw StreamError(.unsupportedStanzaType) }
        guard let from = stanza.from, let to = stanza.to else {
            throw StreamError(.improperAddressing)
        }
        guard mayPass(from, to) else {
            throw StreamError(.invalidFrom, text: "\(from.domain) may not write to \(to.domain)")
        }
        if stanza.kind == .iq { try Self.check(stanza) }
        return stanza
    }

    private static func check(_ iq: Stanza) throws(StreamError) {
        let isWhole: Bool =
            switch iq.type {
            case "get", "set": iq.children.count { !$0.isText } == 1
            case "result", "error": true
            default: false
            }
        guard isWhole, iq.id != nil else {
            throw StreamError(.badFormat, text: "an iq that nobody can answer")
        }
    }
}

extension Element.Node {
    fileprivate var isText: Bool {
        if case .text = self { true } else { false }
    }
}
