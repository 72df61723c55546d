/// Our side of a stream that we open to another server (RFC 6120, XEP-0178, XEP-0220), from the
/// first header to the last end tag.
///
/// Whoever runs it feeds one event at a time and does what the returned ``FederationAction`` says
/// before the next one. It knows no socket, no clock and no chance.
///
/// States, in order:
/// 1. idle: the connection is not there yet;
/// 2. awaiting the header and the features, without TLS or with it;
/// 3. asking for TLS, and shaking hands;
/// 4. authenticating by our certificate, where the peer offers that;
/// 5. awaiting the header and the features after that;
/// 6. open: our keys are verified, questions are asked, and for pairs that the peer takes from us
///    stanzas are sent;
/// 7. closing: our end tag is out, the peer's is not in;
/// 8. closed.
///
/// Wrong events are of three kinds. What only our own code can get wrong asserts, and in a release
/// ends the stream. What the peer gets wrong fails the stream with the reason. The rest is dropped:
/// everything after closing but acknowledgements and the peer's end tag, and dialback that answers
/// nothing of ours, of which the log is told (XEP-0220 §3.1, CVE-2012-3525).
package struct OutboundFederation: ~Copyable {
    let configuration: Configuration
    let rule: FederationPolicy.Rule
    var state: State = .idle
    var session: FederationSession
    /// Whether nothing goes in the clear: by the policy, or by the domain's signed records.
    private var needsTLS: Bool
    /// What TLS has shown; nil without it.
    private var verdict: CertificateVerdict?
    /// The id of the peer's newest header, to which our keys belong.
    private(set) var streamID = ""
    /// What the peer offers.
    private(set) var offersDialback = false
    private var offersAcknowledgements = false
    /// Whether the peer took our certificate; if not, we prove ourselves by dialback.
    package private(set) var isCertificateTaken = false
    /// The pairs that the peer takes from us.
    package internal(set) var pairs: Set<DomainPair> = []
    /// Pairs whose keys the peer verifies.
    var proving: [DomainPair] = []
    /// Questions that are asked, or will be as soon as the stream is open.
    package internal(set) var questions: [DialbackQuestion] = []

    enum State: Equatable {
        case idle
        case opening(Phase)
        case awaitingFeatures(Phase)
        case askingForTLS
        case securing
        case authenticating
        case open
        case closing
        case closed
    }

    /// How far a stream is when it opens, again or for the first time.
    enum Phase: Equatable {
        case unencrypted, encrypted, authenticated
    }

    /// Questions on one stream that are not answered yet: a peer that leaves so many is in trouble.
    package static let questionsMax = 64

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        rule = configuration.policy.rule(for: configuration.pair.remote)
        needsTLS = rule.needsTLS
        // What is not for a pair of this stream is refused for that, whoever it is for.
        session = FederationSession(serves: { _ in true })
    }

    /// Whether stanzas can be sent.
    package var isReady: Bool { state == .open && !pairs.isEmpty }

    /// Whether the peer may send on this stream for the pairs that it takes from us.
    package var isBidirectional: Bool { session.isBidirectional }

    /// Which stanzas have arrived, also when the stream has ended.
    package var acknowledgements: LinkAcknowledgements { session.acknowledgements }

    /// Whether our end tag is out: what comes now is late, and dropped.
    var isOver: Bool { state == .closing || state == .closed }
}

// MARK: - Opening

extension OutboundFederation {
    /// The connection is there.
    ///
    /// `promisesTLS` where signed records name the peer's certificate: a peer that offers no TLS
    /// then is not the one wanted (RFC 7673 §3.4).
    package mutating func connected(promisesTLS: Bool = false) -> FederationAction {
        guard state == .idle else { return unreachable("connected twice") }
        guard rule.isAllowed else {
            state = .closed
            return .fail(.blocked, nil)
        }
        needsTLS = needsTLS || promisesTLS
        if configuration.security == .direct {
            state = .securing
            return .startTLS(nil)
        }
        return open(.unencrypted)
    }

    /// The handshake is done, and that is what the peer's certificate is worth for its domain.
    package mutating func tlsEstablished(_ verdict: CertificateVerdict) -> FederationAction {
        guard !isOver else { return .nothing }
        guard state == .securing else { return unreachable("a handshake that nobody asked for") }
        self.verdict = verdict
        if let failure = failure(of: verdict) {
            state = .closed
            return .fail(failure, nil)
        }
        return open(.encrypted)
    }

    /// Why a certificate ends the stream, whatever else could prove the peer.
    private func failure(of verdict: CertificateVerdict) -> FederationFailure? {
        switch verdict {
        case .refused(let why): .certificateUntrusted(why)
        case .undecided(let why): .unreachable(why, isPermanent: false)
        case _ where rule.authentication == .dialback || rule.isProven(by: verdict): nil
        case .untrusted(let why): .certificateUntrusted(why)
        case .trusted: .certificateUntrusted("it is not a pinned one")
        }
    }

    private mutating func open(_ phase: Phase) -> FederationAction {
        state = .opening(phase)
        // No language: the peer would say it of each stanza that has none (RFC 6120 §4.7.4), and
        // in which language others write is not for us to say.
        let header = StreamHeader(
            namespace: Namespace.server,
            to: configuration.pair.remote,
            from: configuration.pair.local
        )
        return .open(header)
    }

    /// The peer's header came.
    ///
    /// Its `from` may be another name of the peer's (RFC 6120 §4.7.1), and proves nothing. Its
    /// language is of what the peer says itself: only who opens a stream names one for all
    /// stanzas (§4.7.4).
    package mutating func opened(_ header: StreamHeader) -> FederationAction {
        guard !isOver else { return .nothing }
        guard case .opening(let phase) = state else { return violated(.badFormat) }
        guard header.namespace == Namespace.server else { return violated(.invalidNamespace) }
        // Without a version there are no features, so neither TLS nor SASL (RFC 6120 §4.7.5).
        guard header.majorVersion >= 1 else { return violated(.unsupportedVersion) }
        guard let id = header.id, DialbackMessage.isStreamID(id) else {
            return violated(.badFormat)
        }
        streamID = id
        offersDialback = header.declaresDialback
        state = .awaitingFeatures(phase)
        return .nothing
    }
}

// MARK: - Elements

extension OutboundFederation {
    /// A whole child of the stream came.
    package mutating func received(_ element: consuming Element) -> FederationAction {
        do throws(StreamError) {
            if state == .open, element.namespace == Namespace.client {
                return try session.received(element)
            }
            return try negotiate(element)
        } catch {
            return violated(error)
        }
    }

    /// A stanza came that is only passed on.
    package mutating func received(_ stanza: PassedStanza) -> FederationAction {
        guard state == .open else {
            return received(Element(stanza.start.kind.rawValue, Namespace.client))
        }
        do throws(StreamError) {
            return try session.received(stanza)
        } catch {
            return violated(error)
        }
    }

    private mutating func negotiate(_ element: Element) throws(StreamError) -> FederationAction {
        if state == .closing { return session.receivedLast(element) }
        if state == .closed { return .nothing }
        if element.matches("error", Namespace.streams) {
            return fail(.streamFailed(StreamError(reading: element)))
        }
        switch state {
        case .awaitingFeatures(let phase):
            guard element.matches("features", Namespace.streams) else {
                throw StreamError(.unsupportedStanzaType)
            }
            return receivedFeatures(element, phase)
        case .askingForTLS:
            guard element.matches("proceed", Namespace.tls) else { return fail(.tlsUnavailable) }
            state = .securing
            return .startTLS(nil)
        case .authenticating:
            return try receivedVerdict(element)
        case .open:
            return try receivedInSession(element)
        case .idle, .opening, .securing, .closing, .closed:
            throw StreamError(.badFormat)
        }
    }

    private mutating func receivedFeatures(
        _ features: Element,
        _ phase: Phase
    ) -> FederationAction {
        if features.child("dialback", Element.dialbackFeature.namespace) != nil {
            offersDialback = true
        }
        offersAcknowledgements = features.child("sm", Namespace.streamManagement) != nil
        switch phase {
        case .unencrypted:
            if features.child("starttls", Namespace.tls) != nil {
                state = .askingForTLS
                return .send([Element("starttls", Namespace.tls)])
            }
            return needsTLS ? fail(.tlsUnavailable) : authenticate(features)
        case .encrypted:
            return authenticate(features)
        case .authenticated:
            isCertificateTaken = true
            state = .open
            return grant(configuration.pair)
        }
    }

    /// Proves ourselves: by our certificate where the peer asks for it, else by a key.
    ///
    /// What the peer's certificate is worth has no part in this: that was looked at, and is enough
    /// for the policy, or we would not be here.
    private mutating func authenticate(_ features: Element) -> FederationAction {
        if configuration.purpose == .questions {
            state = .open
            return questions.isEmpty ? .nothing : .send(questions.map(Self.element))
        }
        var elements: [Element] = []
        // Behind TLS and before we are proven (XEP-0288 §2.2).
        if configuration.allowsBidirectional,
            features.child("bidi", Element.bidirectionalFeature.namespace) != nil
        {
            session.isBidirectional = true
            elements.append(.bidirectional)
        }
        let offered = features.child("mechanisms", Namespace.sasl)?.elements.map(\.text) ?? []
        guard verdict != nil, offered.contains("EXTERNAL") else { return prove(behind: elements) }
        state = .authenticating
        // XEP-0178 §3: the name is in the header as well; older servers look for it here.
        let name = Base64.encode(Array(configuration.pair.local.utf8))
        var auth = Element("auth", Namespace.sasl, text: name)
        auth["mechanism"] = "EXTERNAL"
        return .send(elements + [auth])
    }

    /// The peer has looked at our certificate.
    private mutating func receivedVerdict(
        _ element: Element
    ) throws(StreamError) -> FederationAction {
        if element.matches("success", Namespace.sasl) { return open(.authenticated) }
        guard element.matches("failure", Namespace.sasl) else {
            throw StreamError(.unsupportedStanzaType)
        }
        guard maySendDialback else {
            return fail(.certificateRefused(SASLFailure(reading: element)))
        }
        return prove(behind: [])
    }

    /// The peer takes the pair from us.
    mutating func grant(_ pair: DomainPair) -> FederationAction {
        pairs.insert(pair)
        var elements: [Element] = []
        if isBidirectional { session.accept(pair) }
        // Before the first stanza, so that all are counted.
        if pairs.count == 1 {
            if offersAcknowledgements, configuration.wantsAcknowledgements {
                elements.append(session.acknowledgements.enable())
            }
            if isCertificateTaken { elements += questions.map(Self.element) }
        }
        let direction: FederationDirection = isBidirectional ? .both : .outgoing
        return .tell(.authenticated(pair, proof, direction), send: elements)
    }

    /// What proves the peer to be its domain: where no certificate does, that its name resolves to
    /// it, as in dialback.
    private var proof: FederationProof {
        guard case .trusted(let trust)? = verdict else { return .dialback }
        return .certificate(trust)
    }
}

// MARK: - Stanzas of ours, and what has arrived

extension OutboundFederation {
    /// So many stanzas were written.
    package mutating func wrote(_ stanzas: Int) -> FederationAction {
        state == .open ? session.wrote(stanzas) : .nothing
    }

    /// Every stanza up to the position that ``LinkAcknowledgements/received`` had when the last of
    /// them was delivered is handled: the peer may forget it.
    package mutating func handled(through position: UInt64) {
        session.acknowledgements.handle(through: position)
    }

    /// Every stanza of ours up to the position that ``LinkAcknowledgements/sent`` had then has
    /// arrived, by other evidence than acknowledgements.
    package mutating func settle(through position: UInt64) {
        session.acknowledgements.settle(through: position)
    }

    /// Asks the peer what has arrived; it may be asked at any time.
    package mutating func requestAcknowledgement() -> FederationAction {
        state == .open ? session.request() : .nothing
    }
}

// MARK: - Endings

extension OutboundFederation {
    /// The parser met what ends a stream.
    package mutating func inputFailed(_ error: StreamError) -> FederationAction {
        switch state {
        case .closing: disconnect()
        case .closed: .nothing
        default: violated(error)
        }
    }

    /// The peer's end tag came (RFC 6120 §4.4).
    package mutating func peerClosed() -> FederationAction {
        switch state {
        case .closing:
            // It closes behind our own tag, and so behind all that we have sent.
            if !acknowledgements.areOn { settle(through: acknowledgements.sent) }
            return disconnect()
        case .closed: return .nothing
        default:
            state = .closed
            let last = session.acknowledgements.last
            return .fail(.closedByPeer, StreamEnding(last: last, awaitsPeer: false))
        }
    }

    /// A time limit passed: to be ready, to answer, or to end.
    package mutating func timedOut() -> FederationAction {
        switch state {
        case .closing: return disconnect()
        case .closed: return .nothing
        case .idle, .securing:
            state = .closed
            return .fail(.timedOut, nil)
        default: return fail(.timedOut, error: StreamError(.connectionTimeout))
        }
    }

    /// We end the stream: `system-shutdown` …, or nil to end it in peace.
    package mutating func close(_ error: StreamError? = nil) -> FederationAction {
        switch state {
        case .closing, .closed: .nothing
        case .idle, .securing: disconnect()
        default: finish(error)
        }
    }

    /// The connection is gone.
    package mutating func disconnected() -> FederationAction {
        guard !isOver else {
            state = .closed
            return .nothing
        }
        state = .closed
        return .fail(.disconnected, nil)
    }

    private mutating func disconnect() -> FederationAction {
        state = .closed
        return .disconnect
    }

    mutating func finish(_ error: StreamError?, event: FederationEvent? = nil) -> FederationAction {
        .close(ending(error), event)
    }

    private mutating func violated(_ condition: StreamError.Condition) -> FederationAction {
        violated(StreamError(condition))
    }

    private mutating func violated(_ error: StreamError) -> FederationAction {
        fail(.protocolViolated(error), error: error)
    }

    /// Ends a stream that has been opened, for that reason.
    mutating func fail(
        _ failure: FederationFailure,
        error: StreamError? = nil
    ) -> FederationAction {
        .fail(failure, ending(error))
    }

    private mutating func ending(_ error: StreamError?) -> StreamEnding {
        state = .closing
        let last = session.acknowledgements.last
        return StreamEnding(last: last, error: error, awaitsPeer: true)
    }

    /// What only our own code can bring about.
    mutating func unreachable(_ why: String) -> FederationAction {
        assertionFailure(why)
        return fail(.protocolViolated(StreamError(.internalServerError)))
    }
}
