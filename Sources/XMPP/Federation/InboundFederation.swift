/// Our side of a stream that another server opened (RFC 6120, XEP-0178, XEP-0220), from the first
/// header to the last end tag.
///
/// Whoever runs it feeds one event at a time and does what the returned ``FederationAction`` says
/// before the next one. It knows no socket and no clock; the only chance in it are the ids that it
/// is given.
///
/// States, in order:
/// 1. securing: the handshake of TLS is on its way, direct or after `<starttls/>`;
/// 2. awaiting the peer's header;
/// 3. checking the peer's certificate for the domain that the header claims;
/// 4. open: the features are out. The peer asks for TLS as long as that is needed; then it proves
///    pairs of domains, by its certificate or by dialback, and sends stanzas for those that it has
///    proven, while it may go on to prove others;
/// 5. awaiting the header after the certificate was taken;
/// 6. closing: our end tag is out, the peer's is not in;
/// 7. closed.
///
/// A certificate proves the one domain that the header claims. It never stands in for the answer of
/// the authoritative server to a dialback key (CVE-2021-32919).
///
/// Wrong events are of three kinds. What only our own code can get wrong asserts, and in a release
/// ends that stream with `internal-server-error`. What the peer gets wrong is answered with the
/// error of dialback, of SASL, of a stanza or of the stream that the specification names for it.
/// The rest is dropped: everything after closing but acknowledgements and the peer's end tag,
/// answers to ``FederationAction/verify(_:)`` that nobody waits for any more, and answers of the
/// peer's to dialback that we never asked for, of which the log is told (XEP-0220 §3.1,
/// CVE-2012-3525).
package struct InboundFederation: ~Copyable {
    let configuration: Configuration
    private let token: @Sendable () -> String
    var state: State
    var session: FederationSession
    /// The domain of ours that the first header named; a later one must not name another
    /// (CVE-2018-10847).
    private var local: String?
    /// The domain that the peer's headers claim; nothing is proven by that.
    package private(set) var claimed: String?
    /// The id of our newest header.
    private(set) var streamID = ""
    private(set) var isEncrypted = false
    /// What the certificate is worth for the claimed domain.
    private var verdict: CertificateVerdict?
    /// The certificate was taken.
    private var hasUsedCertificate = false
    /// Keys that are asked about.
    var pending: [DialbackQuestion] = []
    var failures = 0

    enum State {
        case securing
        case awaitingHeader
        case checkingCertificate
        case open
        case awaitingFinalHeader
        case closing
        case closed
    }

    /// A stream whose connection is there; with direct TLS its handshake is still to come.
    ///
    /// `token` gives stream ids: unpredictable, and another one each time, for a dialback key
    /// belongs to one.
    package init(
        _ configuration: Configuration,
        token: @escaping @Sendable () -> String = Random.token
    ) {
        self.configuration = configuration
        self.token = token
        state = configuration.security == .direct ? .securing : .awaitingHeader
        session = FederationSession(serves: configuration.serves)
    }

    /// The pairs that the peer may send for; where ``isBidirectional``, we as well.
    package var pairs: Set<DomainPair> { session.accepted }

    /// Whether we may send on this stream for the pairs that the peer has proven.
    package var isBidirectional: Bool { session.isBidirectional }

    /// Which stanzas have arrived, also when the stream has ended.
    package var acknowledgements: LinkAcknowledgements { session.acknowledgements }

    /// What must hold for the domain that the peer claims to be.
    var rule: FederationPolicy.Rule {
        claimed.map { configuration.policy.rule(for: $0) } ?? configuration.policy.usual
    }

    /// Whether our end tag is out: what comes now is late, and dropped.
    var isOver: Bool { state == .closing || state == .closed }

    var direction: FederationDirection { session.isBidirectional ? .both : .incoming }
}

// MARK: - TLS and headers

extension InboundFederation {
    /// The handshake is done; the peer's header follows.
    package mutating func tlsEstablished() {
        guard !isOver else { return }
        guard state == .securing else {
            state = .closed
            return assertionFailure("a handshake that nobody asked for")
        }
        isEncrypted = true
        state = .awaitingHeader
    }

    /// The peer's header came.
    package mutating func opened(_ header: StreamHeader) -> FederationAction {
        switch state {
        case .awaitingHeader, .awaitingFinalHeader: break
        case .closing, .closed: return .nothing
        case .securing: return disconnect()
        case .checkingCertificate, .open: return finish(StreamError(.badFormat))
        }
        do throws(StreamError) {
            try check(header)
        } catch {
            return finish(error, header: ourHeader())
        }
        if state == .awaitingFinalHeader { return openFinally() }
        guard isEncrypted, let claimed else { return offer() }
        state = .checkingCertificate
        return .checkCertificate(of: claimed)
    }

    /// The answer to ``FederationAction/checkCertificate(of:)``.
    package mutating func certificateChecked(_ verdict: CertificateVerdict) -> FederationAction {
        guard !isOver else { return .nothing }
        guard state == .checkingCertificate else {
            return unreachable("a verdict that nobody asked for")
        }
        self.verdict = verdict
        return offer()
    }

    /// RFC 6120 §4.7 and §4.8: what the header must say.
    private mutating func check(_ header: StreamHeader) throws(StreamError) {
        guard header.namespace == Namespace.server else { throw StreamError(.invalidNamespace) }
        guard header.majorVersion >= 1 else { throw StreamError(.unsupportedVersion) }
        guard let to = JID.domain(named: header.to) else { throw StreamError(.improperAddressing) }
        guard configuration.serves(to), local == nil || local == to else {
            throw StreamError(.hostUnknown)
        }
        local = to
        session.language = header.language
        // Servers that come only to ask about a key may leave their name out.
        guard header.from != nil else { return }
        guard let from = JID.domain(named: header.from) else {
            throw StreamError(.improperAddressing)
        }
        guard claimed == nil || claimed == from, !configuration.isOurs(from) else {
            throw StreamError(.invalidFrom)
        }
        guard configuration.policy.rule(for: from).isAllowed else {
            throw StreamError(.policyViolation, text: "\(from) is blocked here")
        }
        claimed = from
    }

    /// RFC 6120 §4.7.3, §4.7.4: a fresh id for every header, and the language of what we say
    /// ourselves.
    private mutating func ourHeader() -> StreamHeader {
        streamID = token()
        return StreamHeader(
            namespace: Namespace.server,
            to: claimed,
            from: local ?? configuration.domain,
            id: streamID,
            language: "en"
        )
    }

    /// What is open to the peer now.
    private mutating func offer() -> FederationAction {
        state = .open
        return .open(ourHeader(), features: features)
    }

    private mutating func openFinally() -> FederationAction {
        guard let local, let claimed, case .trusted(let trust)? = verdict else {
            return unreachable("a certificate taken without a verdict")
        }
        let pair = DomainPair(local: local, remote: claimed)
        session.accept(pair)
        state = .open
        return .open(
            ourHeader(),
            features: features,
            .authenticated(pair, .certificate(trust), direction)
        )
    }
}

// MARK: - Features

extension InboundFederation {
    /// Whether nothing but TLS is open to the peer.
    var mustSecure: Bool { !isEncrypted && rule.needsTLS }

    /// Whether the certificate proves the claimed domain and has not been used yet.
    private var offersExternal: Bool {
        guard isEncrypted, !hasUsedCertificate, pairs.isEmpty, claimed != nil, let verdict
        else { return false }
        return rule.isProven(by: verdict)
    }

    /// RFC 6120 §5.3.1, §6.3.3: TLS alone while it is needed.
    private var features: Element {
        var features = Element("features", Namespace.streams)
        if !isEncrypted {
            var startTLS = Element("starttls", Namespace.tls)
            if mustSecure { startTLS.append(Element("required", Namespace.tls)) }
            features.append(startTLS)
            // XEP-0288 §2.1 would have the offer of both ways here too: before TLS it says
            // nothing that could be trusted.
            if mustSecure { return features }
        }
        if offersExternal {
            let mechanism = Element("mechanism", Namespace.sasl, text: "EXTERNAL")
            features.append(Element("mechanisms", Namespace.sasl, [mechanism]))
        }
        if configuration.offersBidirectional, !session.isBidirectional {
            features.append(.bidirectionalFeature)
        }
        features.append(.dialbackFeature)
        if configuration.offersAcknowledgements { features.append(.streamManagementFeature) }
        return features
    }
}

// MARK: - Elements

extension InboundFederation {
    /// A whole child of the stream came.
    package mutating func received(_ element: consuming Element) -> FederationAction {
        do throws(StreamError) {
            if state == .open, element.namespace == Namespace.client {
                return try session.received(element)
            }
            return try negotiate(element)
        } catch {
            return finish(error)
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
            return finish(error)
        }
    }

    private mutating func negotiate(_ element: Element) throws(StreamError) -> FederationAction {
        switch state {
        case .closing: return session.receivedLast(element)
        case .closed: return .nothing
        case .securing: return disconnect()
        case .awaitingHeader, .awaitingFinalHeader:
            return finish(StreamError(.badFormat), header: ourHeader())
        // A peer waits for the features.
        case .checkingCertificate: return finish(StreamError(.policyViolation), header: ourHeader())
        case .open: break
        }
        switch (element.namespace, element.name) {
        case (Namespace.tls, "starttls"): return startTLS()
        case (Namespace.sasl, _): return authenticate(element)
        case (Namespace.dialback, _):
            guard let message = try DialbackMessage(element) else { break }
            return receivedDialback(message)
        case (Namespace.streams, "error"):
            return finish(nil, event: .failed(StreamError(reading: element)))
        case (Element.bidirectional.namespace, "bidi"):
            return try becomeBidirectional()
        case (Namespace.streamManagement, _):
            guard configuration.offersAcknowledgements, !mustSecure else { break }
            return try session.receivedAcknowledgement(element, mayEnable: !pairs.isEmpty)
        default: break
        }
        throw StreamError(.unsupportedStanzaType)
    }

    private mutating func startTLS() -> FederationAction {
        guard !isEncrypted else {
            // RFC 6120 §5.4.2.2: the failure, and the stream ends.
            return finish(nil, last: Element("failure", Namespace.tls))
        }
        state = .securing
        // RFC 6120 §5.4.3.3: what was said in the clear is not known any more. Also what is asked
        // about: the key was there to read for everybody.
        session = FederationSession(serves: configuration.serves)
        pending = []
        return .startTLS(Element("proceed", Namespace.tls))
    }

    private mutating func becomeBidirectional() throws(StreamError) -> FederationAction {
        // Before anything is proven: what is proven says in its event which ways it goes.
        guard configuration.offersBidirectional, !mustSecure, pairs.isEmpty else {
            throw StreamError(.unsupportedStanzaType)
        }
        session.isBidirectional = true
        return .nothing
    }

    /// SASL EXTERNAL (XEP-0178 §3).
    private mutating func authenticate(_ element: Element) -> FederationAction {
        guard element.name == "auth" else { return failed(SASLFailure(.malformedRequest)) }
        if mustSecure { return failed(SASLFailure(.encryptionRequired)) }
        guard offersExternal, element["mechanism"] == "EXTERNAL" else {
            return failed(SASLFailure(.invalidMechanism))
        }
        let text = element.text
        if !text.isEmpty, text != "=" {
            guard let bytes = Base64.decode(text) else {
                return failed(SASLFailure(.incorrectEncoding))
            }
            // The certificate was looked at for the domain in the header and no other.
            guard let name = String(validating: bytes, as: UTF8.self),
                JID.domain(named: name) == claimed
            else { return failed(SASLFailure(.invalidAuthzid)) }
        }
        hasUsedCertificate = true
        pending = []
        state = .awaitingFinalHeader
        return .restart(success: Element("success", Namespace.sasl))
    }

    private mutating func failed(_ failure: SASLFailure) -> FederationAction {
        failures += 1
        guard failures >= rule.limits.failures else { return .send([failure.element]) }
        return finish(StreamError(.policyViolation), last: failure.element)
    }
}

// MARK: - Stanzas of ours, and what has arrived

extension InboundFederation {
    /// So many stanzas were written on a stream that goes both ways.
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

extension InboundFederation {
    /// The parser met what ends a stream.
    package mutating func inputFailed(_ error: StreamError) -> FederationAction {
        end(error)
    }

    /// The peer's end tag came (RFC 6120 §4.4).
    package mutating func peerClosed() -> FederationAction {
        switch state {
        case .closed: return .nothing
        case .closing:
            // It closes behind our own tag, and so behind all that we have sent.
            if !acknowledgements.areOn { settle(through: acknowledgements.sent) }
            return disconnect()
        case .securing: return disconnect()
        case .awaitingHeader, .checkingCertificate, .awaitingFinalHeader:
            state = .closed
            return .close(StreamEnding(header: ourHeader(), awaitsPeer: false))
        case .open:
            state = .closed
            return .close(StreamEnding(last: session.acknowledgements.last, awaitsPeer: false))
        }
    }

    /// A time limit passed: to shake hands, to prove a pair, to answer, or to end.
    package mutating func timedOut() -> FederationAction {
        end(StreamError(.connectionTimeout))
    }

    /// We end the stream: `system-shutdown`, `policy-violation` …, or nil to end it in peace.
    package mutating func close(_ error: StreamError?) -> FederationAction {
        isOver ? .nothing : end(error)
    }

    /// The connection is gone; nothing more comes of this stream.
    package mutating func disconnected() {
        state = .closed
    }

    private mutating func disconnect() -> FederationAction {
        state = .closed
        return .disconnect
    }

    /// Ends the stream with what its state still allows to be said.
    private mutating func end(_ error: StreamError?) -> FederationAction {
        switch state {
        case .closed: .nothing
        case .securing, .closing: disconnect()
        case .awaitingHeader, .checkingCertificate, .awaitingFinalHeader:
            finish(error, header: ourHeader())
        case .open: finish(error)
        }
    }

    mutating func finish(
        _ error: StreamError?,
        last: Element? = nil,
        header: StreamHeader? = nil,
        event: FederationEvent? = nil
    ) -> FederationAction {
        state = .closing
        pending = []
        let ending = StreamEnding(
            header: header,
            last: last ?? session.acknowledgements.last,
            error: error,
            awaitsPeer: true
        )
        return .close(ending, event)
    }

    /// What only our own code can bring about.
    private mutating func unreachable(_ why: String) -> FederationAction {
        assertionFailure(why)
        return finish(StreamError(.internalServerError))
    }
}
