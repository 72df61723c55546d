/// The server's side of a client's stream (RFC 6120), from the first header to the last end tag.
///
/// Whoever runs it feeds one event at a time and does what the returned ``Action`` says before
/// the next one. It knows no socket and no clock; the only chance in it are the tokens it is given.
///
/// States, in order:
/// 1. securing: TLS is shaking hands, at once (direct TLS) or after `<starttls/>`;
/// 2. awaiting a header, without TLS or with it;
/// 3. authenticating: the features are out, ``ServerAuthentication`` runs the exchanges;
/// 4. awaiting the header after authentication;
/// 5. binding: the features are out, the client asks for its resource;
/// 6. session: stanzas are delivered; a component's (XEP-0225) comes at once, and hostnames are
///    bound inside it;
/// 7. closing: our end tag is out, the peer's is not in;
/// 8. closed.
///
/// Wrong events are of three kinds. What only our own code can get wrong asserts, and in a release
/// ends that stream with `internal-server-error`. What the peer gets wrong is answered with the
/// SASL failure, stanza error or stream error that RFC 6120 names for it. What may rightly come
/// late is dropped: everything after closing but the peer's end tag, and answers to
/// ``Action/lookUp(account:)``, ``Action/verifyPlain(_:)`` and ``Action/bind(account:resource:)``
/// on a stream that has ended meanwhile.
package struct ServerStream: ~Copyable {
    private let configuration: Configuration
    private let token: @Sendable () -> String
    private var state: State
    /// The domain that the client's first header named: the stream stays with it.
    package private(set) var domain: String?
    /// The address that the client's first header claimed; a later one must not claim another.
    private var claimed: JID?
    /// The secret of the component that is being authenticated, as it was at the look-up.
    private var sought: [UInt8]?
    /// `xml:lang` of the client's newest header.
    private var language: String?

    // Copyable, as what it holds is: a case label with several patterns, which most events here
    // want, is not to be had with a noncopyable enum.
    private enum State {
        case securing
        /// `bindings` is nil without TLS.
        case awaitingHeader(ChannelBindings?)
        case authenticating(ServerAuthentication)
        case awaitingFinalHeader(JID)
        case binding(ServerBinding)
        case session(ServerSession)
        case hosting(HostnameSession)
        case closing
        case closed
    }

    /// A stream whose connection is there; with direct TLS its handshake is still to come.
    ///
    /// `token` gives stream ids and nonces: unpredictable, and another one each time.
    package init(
        _ configuration: Configuration,
        token: @escaping @Sendable () -> String = Random.token
    ) {
        self.configuration = configuration
        self.token = token
        state = configuration.security == .direct ? .securing : .awaitingHeader(nil)
    }

    /// How many times a client may fail to authenticate on one stream (RFC 6120 §6.4.5 asks for
    /// two to five): enough for a typing mistake, too few to guess.
    package static let authenticationFailuresMax = 3
    /// How many times a client may fail to bind on one stream: a second try with another resource
    /// is usual, more is a loop.
    package static let bindingFailuresMax = 5

    /// The full address of the session, once it is bound.
    package var jid: JID? {
        switch state {
        case .session(let session): session.jid
        case .hosting(let session): session.names.first
        default: nil
        }
    }

    /// Whether our end tag is out: what comes now is late, and dropped.
    private var isOver: Bool {
        switch state {
        case .closing, .closed: true
        default: false
        }
    }

    /// Takes the state out, to be put back by whoever took it: a path that forgets to leaves the
    /// stream closed.
    private mutating func takeState() -> State {
        var taken = State.closed
        swap(&taken, &state)
        return taken
    }
}

// MARK: - TLS and headers

extension ServerStream {
    /// The handshake is done; the client's header follows.
    package mutating func tlsEstablished(_ bindings: ChannelBindings) {
        switch takeState() {
        case .securing:
            let usable = configuration.offersChannelBinding ? bindings : .none
            state = .awaitingHeader(usable)
        case .closing, .closed:
            break
        default:
            assertionFailure("a handshake that nobody asked for")
        }
    }

    /// The client's header came.
    package mutating func opened(_ header: StreamHeader) -> Action {
        guard !isOver else { return .nothing }
        switch takeState() {
        case .awaitingHeader(let bindings):
            do throws(StreamError) {
                try check(header, account: nil)
            } catch {
                return finish(error, header: ourHeader())
            }
            let authentication = ServerAuthentication(
                configuration,
                domain: domain ?? configuration.domain,
                bindings: bindings
            )
            let features = authentication.features
            state = .authenticating(authentication)
            return .open(ourHeader(), features: features)
        case .awaitingFinalHeader(let account):
            do throws(StreamError) {
                try check(header, account: account)
            } catch {
                return finish(error, header: ourHeader())
            }
            return .open(ourHeader(), features: enter(account))
        case .securing, .closing, .closed:
            return .disconnect
        case .authenticating, .binding, .session, .hosting:
            return finish(StreamError(.badFormat))
        }
    }

    /// Goes on to what the kind of peer binds; these are its features.
    private mutating func enter(_ account: JID) -> Element {
        switch configuration.peers {
        case .clients:
            state = .binding(ServerBinding(account))
            return ServerBinding.features(configuration.sessionFeatures())
        case .components(let secret):
            let proven = sought ?? []
            state = .hosting(HostnameSession(account, proven: proven, secret: secret))
            return HostnameSession.features
        }
    }

    /// RFC 6120 §4.7 and §4.8: what the header must say.
    private mutating func check(
        _ header: StreamHeader,
        account: JID?
    ) throws(StreamError) {
        guard header.namespace == Namespace.client else { throw StreamError(.invalidNamespace) }
        guard header.majorVersion >= 1 else { throw StreamError(.unsupportedVersion) }
        guard let to = header.to, let host = try? JID(to) else {
            throw StreamError(.improperAddressing)
        }
        guard host.isDomain, configuration.serves(host.domain) else {
            throw StreamError(.hostUnknown)
        }
        // Who has proved to be somebody of one domain is nobody of another (CVE-2018-10847); nor
        // does a certificate that was shown for one vouch for another.
        guard domain == nil || domain == host.domain else {
            throw StreamError(.notAuthorized, text: "a stream stays with its domain")
        }
        domain = host.domain
        language = header.language
        guard let from = header.from else { return }
        guard let name = try? JID(from) else { throw StreamError(.improperAddressing) }
        guard claimed == nil || claimed == name.bare, account == nil || account == name.bare else {
            throw StreamError(.invalidFrom)
        }
        claimed = name.bare
    }

    /// RFC 6120 §4.7.3: a fresh id for every header.
    private func ourHeader() -> StreamHeader {
        StreamHeader(
            namespace: Namespace.client,
            to: claimed?.description,
            from: domain ?? configuration.domain,
            id: token(),
            language: "en"
        )
    }
}

// MARK: - Elements

extension ServerStream {
    /// A whole child of the stream came.
    package mutating func received(_ element: consuming Element) -> Action {
        // A session stays where it is: this is the path of every stanza.
        if case .session(let session) = state {
            do throws(StreamError) {
                return try session.received(element, language: language)
            } catch {
                return finish(error)
            }
        }
        if case .hosting(let session) = state, !session.names.isEmpty,
            element.elements.first?.namespace != Namespace.componentBinding
        {
            do throws(StreamError) {
                return try session.received(element, language: language)
            } catch {
                return finish(error)
            }
        }
        return negotiate(element)
    }

    private mutating func negotiate(_ element: Element) -> Action {
        guard !isOver else { return .nothing }
        switch takeState() {
        case .authenticating(var authentication):
            if element.namespace == Namespace.tls, element.name == "starttls" {
                return startTLS(isOffered: authentication.offersTLS)
            }
            let step = authentication.received(element)
            state = .authenticating(authentication)
            return run(step)
        case .binding(var binding):
            do throws(StreamError) {
                let action = try binding.received(element)
                state = .binding(binding)
                return action
            } catch {
                return finish(error)
            }
        case .hosting(var session):
            if let action = session.requested(element) { return host(session, action) }
            do throws(StreamError) {
                return host(session, try session.received(element, language: language))
            } catch {
                return finish(error)
            }
        case .awaitingHeader, .awaitingFinalHeader:
            return finish(StreamError(.badFormat), header: ourHeader())
        case .securing, .session, .closing, .closed:
            return .disconnect
        }
    }

    /// Goes on with a component that asked for a name, unless it has in vain too often.
    private mutating func host(
        _ session: HostnameSession,
        _ action: ServerStream.Action
    ) -> Action {
        state = .hosting(session)
        guard session.failures >= Self.bindingFailuresMax, case .send(let answer) = action else {
            return action
        }
        return finish(StreamError(.policyViolation), last: answer)
    }

    private mutating func startTLS(isOffered: Bool) -> Action {
        guard isOffered else {
            // RFC 6120 §5.4.2.2: the failure, and the stream ends.
            return finish(nil, last: Element("failure", Namespace.tls))
        }
        state = .securing
        return .startTLS(proceed: Element("proceed", Namespace.tls))
    }

    private mutating func run(_ step: ServerAuthentication.Step) -> Action {
        switch step {
        case .reply(let element):
            return .send(element)
        case .lookUp(let account):
            if case .components(let secret) = configuration.peers {
                sought = secret(account.domain)
            }
            return .lookUp(account: account)
        case .verify(let attempt):
            return .verifyPlain(attempt)
        case .succeed(let element, let account):
            state = .awaitingFinalHeader(account)
            return .restart(success: element, account: account)
        case .giveUp(let last, let error):
            return finish(error, last: last)
        case .nothing:
            return .nothing
        }
    }
}

// MARK: - Answers

extension ServerStream {
    /// The answer to ``Action/lookUp(account:)``.
    package mutating func credentialsFound(_ answer: CredentialsAnswer) -> Action {
        guard !isOver else { return .nothing }
        guard case .authenticating(var authentication) = takeState() else {
            return unreachable("secrets that nobody asked for")
        }
        let step = authentication.found(answer, token: token())
        state = .authenticating(authentication)
        return run(step)
    }

    /// The answer to ``Action/verifyPlain(_:)``.
    package mutating func plainVerified(_ isCorrect: Bool) -> Action {
        guard !isOver else { return .nothing }
        guard case .authenticating(var authentication) = takeState() else {
            return unreachable("a verdict that nobody asked for")
        }
        let step = authentication.verified(isCorrect)
        state = .authenticating(authentication)
        return run(step)
    }

    /// The session is registered under the full address `jid`.
    package mutating func bound(_ jid: JID) -> Action {
        guard !isOver else { return .nothing }
        switch takeState() {
        case .binding(let binding):
            guard let result = binding.result(jid) else { break }
            state = .session(ServerSession(jid))
            return .send(result)
        case .hosting(var session):
            guard let result = session.bound() else { break }
            state = .hosting(session)
            return .send(result)
        default: break
        }
        return unreachable("a binding that nobody asked for")
    }

    /// The session cannot be: `conflict`, `resource-constraint` … (RFC 6120 §7.6.2, §7.7.2).
    package mutating func bindFailed(_ error: StanzaError) -> Action {
        guard !isOver else { return .nothing }
        switch takeState() {
        case .binding(var binding):
            guard let answer = binding.failed(error) else { break }
            if binding.failures >= Self.bindingFailuresMax {
                return finish(StreamError(.policyViolation), last: answer)
            }
            state = .binding(binding)
            return .send(answer)
        case .hosting(var session):
            guard let action = session.bindFailed(error) else { break }
            return host(session, action)
        default: break
        }
        return unreachable("a binding that nobody asked for")
    }
}

// MARK: - Endings

extension ServerStream {
    /// The parser met what ends a stream.
    package mutating func inputFailed(_ error: StreamError) -> Action {
        end(error)
    }

    /// The client's end tag came (RFC 6120 §4.4).
    package mutating func peerClosed() -> Action {
        switch takeState() {
        case .closed:
            return .nothing
        case .closing, .securing:
            return .disconnect
        case .awaitingHeader, .awaitingFinalHeader:
            return .close(StreamEnding(header: ourHeader(), awaitsPeer: false))
        case .authenticating, .binding, .session, .hosting:
            return .close(StreamEnding(awaitsPeer: false))
        }
    }

    /// A time limit passed: to shake hands, to log in, to answer, or to end.
    package mutating func timedOut() -> Action {
        end(StreamError(.connectionTimeout))
    }

    /// We end the stream: `system-shutdown`, `conflict`, `policy-violation` …, or nil to end it in
    /// peace.
    package mutating func close(_ error: StreamError?) -> Action {
        isOver ? .nothing : end(error)
    }

    /// The connection is gone; nothing more comes of this stream.
    package mutating func disconnected() {
        state = .closed
    }

    /// Ends the stream with what its state still allows to be said.
    private mutating func end(_ error: StreamError?) -> Action {
        switch takeState() {
        case .closed:
            return .nothing
        case .securing, .closing:
            return .disconnect
        case .awaitingHeader, .awaitingFinalHeader:
            return finish(error, header: ourHeader())
        case .authenticating, .binding, .session, .hosting:
            return finish(error)
        }
    }

    /// Ends a stream whose state is already taken.
    private mutating func finish(
        _ error: StreamError?,
        last: Element? = nil,
        header: StreamHeader? = nil
    ) -> Action {
        state = .closing
        return .close(StreamEnding(header: header, last: last, error: error, awaitsPeer: true))
    }

    /// What only our own code can bring about.
    private mutating func unreachable(_ why: String) -> Action {
        assertionFailure(why)
        return finish(StreamError(.internalServerError))
    }
}
