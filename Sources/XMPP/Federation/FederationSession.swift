/// The stanzas of a stream between servers: of which pairs they may be, and which have arrived.
struct FederationSession {
    /// The pairs that the peer may send for.
    private(set) var accepted: Set<DomainPair> = []
    /// Whether stanzas may go both ways.
    var isBidirectional = false
    /// `xml:lang` of the newest header of a peer that has opened the stream.
    var language: String?
    var acknowledgements = LinkAcknowledgements()
    private let serves: @Sendable (String) -> Bool
    /// The domains of the newest stanza that was passed on, as they came: they may pass.
    private var lastPassed: DomainPair?

    /// `serves` says which domains are ours.
    init(serves: @escaping @Sendable (String) -> Bool) {
        self.serves = serves
    }

    mutating func accept(_ pair: DomainPair) {
        accepted.insert(pair)
    }

    /// Reads and checks one child of the stream in its content namespace; it throws what ends the
    /// stream.
    mutating func received(_ element: Element) throws(StreamError) -> FederationAction {
        guard Stanza.Kind(rawValue: element.name) != nil else {
            throw StreamError(.unsupportedStanzaType)
        }
        // RFC 6120 §4.9.3.12
        guard !accepted.isEmpty else { throw StreamError(.notAuthorized) }
        let read: Stanza?
        do throws(StanzaError) {
            read = try Stanza(element)
        } catch {
            return try refuse(element, error)
        }
        guard var stanza = read else { throw StreamError(.unsupportedStanzaType) }
        // RFC 6120 §8.1.1.2, §8.1.2.2
        guard let from = stanza.from, let to = stanza.to else {
            throw StreamError(.improperAddressing)
        }
        try check(DomainPair(local: to.domain, remote: from.domain))
        acknowledgements.read()
        if stanza.kind == .iq { return receivedIQ(stanza) }
        // RFC 6120 §8.1.5; left out for iq, which programs read.
        if stanza.language == nil { stanza.language = language }
        return .deliver(stanza)
    }

    private func check(_ pair: DomainPair) throws(StreamError) {
        if accepted.contains(pair) { return }
        guard serves(pair.local) else { throw StreamError(.hostUnknown) }
        guard accepted.contains(where: { $0.remote == pair.remote }) else {
            throw StreamError(.invalidFrom)
        }
        throw StreamError(
            .notAuthorized,
            text: "\(pair.remote) is not authenticated towards \(pair.local) on this stream"
        )
    }

    /// Checks what every iq must have, so that who routes can lean on it (RFC 6120 §8.2.3).
    private func receivedIQ(_ stanza: consuming Stanza) -> FederationAction {
        switch stanza.type {
        case "result", "error":
            return stanza.id == nil
                ? .tell(.ignored("an iq from \(stanza.from?.domain ?? "") without an id"))
                : .deliver(stanza)
        case "get", "set":
            guard stanza.id != nil, ServerSession.hasOnePayload(stanza) else {
                return .bounce(stanza.failure(StanzaError(.badRequest)))
            }
            return .deliver(stanza)
        default:
            return .bounce(stanza.failure(StanzaError(.badRequest)))
        }
    }

    /// A stanza with an address that is none: the stream ends only where the domains are wrong.
    private mutating func refuse(
        _ element: Element,
        _ error: StanzaError
    ) throws(StreamError) -> FederationAction {
        guard let stanza = MisaddressedStanza(element) else {
            throw StreamError(.improperAddressing)
        }
        try check(stanza.pair)
        acknowledgements.read()
        guard let head = stanza.head else {
            return .tell(.ignored("a stanza from \(stanza.pair.remote) with a malformed address"))
        }
        return .bounce(head.failure(error))
    }
}

// MARK: - Stanzas that are passed on

extension FederationSession {
    /// Checks a stanza of which no more is read here than decides whether it may pass; what is
    /// within its domains is for who reads it.
    mutating func received(_ stanza: PassedStanza) throws(StreamError) -> FederationAction {
        // RFC 6120 §4.9.3.12
        guard !accepted.isEmpty else { throw StreamError(.notAuthorized) }
        let start = stanza.start
        guard let from = start.from, let to = start.to else {
            throw StreamError(.improperAddressing)
        }
        let pair = DomainPair(local: to, remote: from)
        if pair != lastPassed {
            // As they came, or as we write them.
            if !accepted.contains(pair) {
                guard let sender = JID.domain(within: from), let target = JID.domain(within: to)
                else { throw StreamError(.improperAddressing) }
                try check(DomainPair(local: target, remote: sender))
            }
            lastPassed = pair
        }
        acknowledgements.read()
        if start.kind == .iq { return passed(iq: stanza, from) }
        // RFC 6120 §8.1.5; left out for iq, which programs read.
        guard !start.hasLanguage, let language else { return .pass(stanza) }
        return .pass(stanza.with(language: language))
    }

    /// As ``receivedIQ(_:)``.
    private func passed(iq stanza: PassedStanza, _ from: String) -> FederationAction {
        let isWhole = stanza.start.hasID && stanza.payloads == 1
        switch stanza.start.type {
        case "result", "error":
            return stanza.start.hasID
                ? .pass(stanza) : .tell(.ignored("an iq from \(from) without an id"))
        case "get" where isWhole, "set" where isWhole: return .pass(stanza)
        default:
            guard let head = stanza.head else {
                return .tell(.ignored("a stanza from \(from) with a malformed address"))
            }
            return .bounce(head.failure(StanzaError(.badRequest)))
        }
    }
}

// MARK: - Acknowledgements

extension FederationSession {
    /// Reads what the peer says of acknowledgements.
    mutating func receivedAcknowledgement(
        _ element: Element,
        mayEnable: Bool
    ) throws(StreamError) -> FederationAction {
        switch try acknowledgements.received(element, mayEnable: mayEnable) {
        case .nothing, .settled(0): .nothing
        case .send(let element): .send([element])
        case .settled(let stanzas): .tell(.settled(stanzas))
        }
    }

    /// Reads what comes behind our end tag: acknowledgements still count.
    mutating func receivedLast(_ element: Element) -> FederationAction {
        guard element.matches("a", Namespace.streamManagement),
            let action = try? receivedAcknowledgement(element, mayEnable: false)
        else { return .nothing }
        return action
    }

    /// So many stanzas were written.
    mutating func wrote(_ stanzas: Int) -> FederationAction {
        acknowledgements.wrote(stanzas) ? request() : .nothing
    }

    /// Asks what has arrived.
    mutating func request() -> FederationAction {
        acknowledgements.request().map { .send([$0]) } ?? .nothing
    }
}
