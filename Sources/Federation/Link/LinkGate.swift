package import XMPP

/// What an end of a link takes from the other: nobody speaks for those who are not behind it.
package struct LinkGate: Sendable {
    /// Which domains are meant.
    package typealias Domains = @Sendable (String) -> Bool

    private let speaks: Domains
    private let isReached: Domains

    private init(from speaks: @escaping Domains, to isReached: @escaping Domains) {
        self.speaks = speaks
        self.isReached = isReached
    }

    /// At the router, towards a process that talks to other servers: stanzas of domains that are
    /// not local, for those that are.
    ///
    /// `isLocal` is true of every domain that is served here, components among them. A process that
    /// was broken into can then speak neither for a local user nor, through us, to others.
    package static func others(isLocal: @escaping Domains) -> LinkGate {
        LinkGate(from: { !isLocal($0) }, to: isLocal)
    }

    /// At the router, towards a host of components: stanzas of these domains, for anybody.
    ///
    /// At a process that talks to other servers: those of the domains that it serves.
    package static func from(_ serves: @escaping Domains) -> LinkGate {
        LinkGate(from: serves, to: { _ in true })
    }

    /// At a host of components: stanzas for these domains, of anybody.
    package static func to(_ serves: @escaping Domains) -> LinkGate {
        LinkGate(from: { _ in true }, to: serves)
    }

    /// Whether a stanza may pass.
    package func lets(_ stanza: Stanza) -> Bool {
        guard let from = stanza.from else { return false }
        return speaks(from.domain) && reaches(stanza)
    }

    /// Whether a stanza that was admitted has a way from here; if not it goes back, for that is no
    /// fault of whoever passes it on.
    func reaches(_ stanza: Stanza) -> Bool {
        stanza.to.map { isReached($0.domain) } ?? false
    }

    /// At the edge, where the router's word is taken for all else: why it does not serve a pair of
    /// domains.
    func refusal(of pair: DomainPair) -> StanzaError? {
        guard speaks(pair.local) else {
            return StanzaError(.notAllowed, text: Self.notBehind(pair.local))
        }
        return isReached(pair.remote) ? nil : Self.notServed(pair.remote)
    }

    private static func notBehind(_ domain: String) -> String {
        "\(domain) is not behind this link"
    }

    static func notServed(_ domain: String) -> StanzaError {
        StanzaError(.remoteServerNotFound, text: "\(domain) is not served here")
    }

    /// What a stanza of the other end's comes to.
    enum Admission {
        /// It has all that a router leans on: two addresses that may be, and of an iq its type, its
        /// id and one payload (RFC 6120 §8.2.3).
        case stanza(Stanza)
        /// An address within its domains is none: the head, of one that is to be answered.
        case misaddressed(Stanza?, StanzaError)
    }

    /// Looks whether it may pass.
    func admit(_ element: Element) throws(StreamError) -> Admission {
        let read: Stanza?
        do throws(StanzaError) {
            read = try Stanza(element)
        } catch {
            guard let stanza = MisaddressedStanza(element) else {
                throw StreamError(.improperAddressing, text: error.text)
            }
            guard speaks(stanza.pair.remote) else {
                throw StreamError(.invalidFrom, text: Self.notBehind(stanza.pair.remote))
            }
            return .misaddressed(isReached(stanza.pair.local) ? stanza.head : nil, error)
        }
        guard let stanza = read else { throw StreamError(.unsupportedStanzaType) }
        guard let from = stanza.from, stanza.to != nil else {
            throw StreamError(.improperAddressing)
        }
        guard speaks(from.domain) else {
            throw StreamError(.invalidFrom, text: Self.notBehind(from.domain))
        }
        if stanza.kind == .iq { try Self.check(stanza) }
        return .stanza(stanza)
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
