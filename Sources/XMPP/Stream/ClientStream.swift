/// The client's side of its stream to a server (RFC 6120), from the first header to the last end
/// tag.
///
/// Whoever runs it feeds one event at a time and does what the returned ``Action`` says before
/// the next one. It knows no socket and no clock; the only chance in it are the tokens it is given.
///
/// States, in order:
/// 1. idle: the connection is not there yet;
/// 2. awaiting the header and the features, without TLS or with it;
/// 3. asking for TLS, and shaking hands;
/// 4. authenticating: ``ClientAuthentication`` runs the exchange;
/// 5. awaiting the header and the features after authentication;
/// 6. binding, and starting the old kind of session where the server insists on it;
/// 7. online: stanzas are delivered;
/// 8. closing: our end tag is out, the server's is not in;
/// 9. closed.
///
/// Wrong events are of three kinds. What only our own code can get wrong asserts, and in a release
/// ends the stream. What the server gets wrong fails the stream with the reason. What may rightly
/// come late is dropped: everything after closing but the server's end tag, and online a stanza
/// whose addresses are none, for there is nobody to complain to.
///
/// A client that goes through a whole SCRAM exchange computes PBKDF2 inside
/// ``received(_:)``, some milliseconds for a server's usual 10 000 rounds. That is no harm on the
/// loop of a program with one connection; ``scramKeys`` saves it on the next one.
package struct ClientStream: ~Copyable {
    private let configuration: Configuration
    private let token: @Sendable () -> String
    private var state: State = .idle
    /// What the password became for this server, to hand to the next stream's configuration.
    package private(set) var scramKeys: ScramKeys?

    // Copyable, as what it holds is: a case label with several patterns, which most events here
    // want, is not to be had with a noncopyable enum.
    private enum State {
        case idle
        case opening(Phase)
        case awaitingFeatures(Phase)
        case askingForTLS
        case securing
        case authenticating(ClientAuthentication)
        case binding(ClientBinding)
        case online
        case closing
        case closed
    }

    /// How far a stream is when it opens, again or for the first time.
    private enum Phase: Equatable {
        case unencrypted
        case encrypted(ChannelBindings)
        case authenticated
    }

    package init(
        _ configuration: Configuration,
        token: @escaping @Sendable () -> String = Random.token
    ) {
        self.configuration = configuration
        self.token = token
        scramKeys = configuration.scramKeys
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

// MARK: - Opening

extension ClientStream {
    /// The connection is there.
    package mutating func connected() -> Action {
        guard case .idle = takeState() else { return unreachable("connected twice") }
        if configuration.security == .direct {
            state = .securing
            return .startTLS
        }
        return open(.unencrypted)
    }

    /// The handshake is done and the server's certificate is the one wanted.
    package mutating func tlsEstablished(_ bindings: ChannelBindings) -> Action {
        guard !isOver else { return .nothing }
        guard case .securing = takeState() else {
            return unreachable("a handshake that nobody asked for")
        }
        return open(.encrypted(bindings))
    }

    private mutating func open(_ phase: Phase) -> Action {
        state = .opening(phase)
        // Our name is not for everybody on the way to read (RFC 6120 §4.7.1).
        let from = phase == .unencrypted ? nil : configuration.jid.bare.description
        return .open(
            StreamHeader(
                namespace: Namespace.client,
                to: configuration.jid.domain,
                from: from,
                language: "en"
            )
        )
    }

    /// The server's header came.
    package mutating func opened(_ header: StreamHeader) -> Action {
        guard !isOver else { return .nothing }
        guard case .opening(let phase) = takeState() else { return violated(.badFormat) }
        guard header.namespace == Namespace.client else { return violated(.invalidNamespace) }
        // Without a version there are no features, so neither TLS nor SASL (RFC 6120 §4.7.5).
        guard header.majorVersion >= 1 else { return violated(.unsupportedVersion) }
        state = .awaitingFeatures(phase)
        return .nothing
    }
}

// MARK: - Elements

extension ClientStream {
    /// A whole child of the stream came.
    package mutating func received(_ element: consuming Element) -> Action {
        if case .online = state, element.namespace == Namespace.client { return deliver(element) }
        if element.namespace == Namespace.streams, element.name == "error" {
            return isOver ? .nothing : fail(.streamFailed(StreamError(reading: element)))
        }
        return negotiate(element)
    }

    private func deliver(_ element: Element) -> Action {
        guard let stanza = try? Stanza(element) else { return .nothing }
        return .deliver(stanza)
    }

    private mutating func negotiate(_ element: Element) -> Action {
        guard !isOver else { return .nothing }
        switch takeState() {
        case .awaitingFeatures(let phase):
            guard element.matches("features", Namespace.streams) else {
                return violated(.unsupportedStanzaType)
            }
            return receivedFeatures(element, phase)
        case .askingForTLS:
            guard element.matches("proceed", Namespace.tls) else {
                return fail(.tlsUnavailable)
            }
            state = .securing
            return .startTLS
        case .authenticating(var authentication):
            let step = authentication.received(element)
            scramKeys = authentication.scramKeys ?? scramKeys
            state = .authenticating(authentication)
            return run(step)
        case .binding(var binding):
            let step = binding.received(element, nextID: token())
            state = .binding(binding)
            return run(step)
        case .idle, .opening, .securing, .online, .closing, .closed:
            return violated(.badFormat)
        }
    }

    private mutating func receivedFeatures(_ features: Element, _ phase: Phase) -> Action {
        switch phase {
        case .unencrypted where configuration.security == .startTLS:
            // Asked for even where a man in the middle has taken the offer away: that he also has
            // to refuse, and nothing goes out in the clear (RFC 6120 §13.9.1, RFC 7590 §3.1).
            guard features.child("starttls", Namespace.tls) != nil else {
                return fail(.tlsUnavailable)
            }
            state = .askingForTLS
            return .send(Element("starttls", Namespace.tls))
        case .unencrypted:
            return authenticate(features, bindings: nil)
        case .encrypted(let bindings):
            return authenticate(features, bindings: bindings)
        case .authenticated:
            return bind(features)
        }
    }

    private mutating func authenticate(
        _ features: Element,
        bindings: ChannelBindings?
    ) -> Action {
        guard let password = try? Password(configuration.password) else {
            return fail(.passwordUnusable)
        }
        let choice: ClientAuthentication.Choice
        do throws(ClientStreamFailure) {
            choice = try ClientAuthentication.choose(
                features,
                allowed: configuration.mechanisms,
                bindings: bindings
            )
        } catch {
            return fail(error)
        }
        let authentication = ClientAuthentication(
            choice,
            username: configuration.jid.local ?? "",
            password: password,
            nonce: token(),
            keys: scramKeys
        )
        let request = authentication.request
        state = .authenticating(authentication)
        return .send(request)
    }

    private mutating func run(_ step: ClientAuthentication.Step) -> Action {
        switch step {
        case .reply(let element):
            return .send(element)
        case .succeeded:
            return open(.authenticated)
        case .failed(let failure):
            return fail(failure)
        case .abort(let failure):
            return fail(failure, last: Element("abort", Namespace.sasl))
        case .unexpected:
            return violated(.unsupportedStanzaType)
        }
    }
}

// MARK: - Binding

extension ClientStream {
    private mutating func bind(_ features: Element) -> Action {
        guard
            let binding = ClientBinding(
                features,
                resource: configuration.jid.resource,
                id: token()
            )
        else { return violated(.unsupportedFeature) }
        state = .binding(binding)
        return .send(binding.request)
    }

    private mutating func run(_ step: ClientBinding.Step) -> Action {
        switch step {
        case .nothing:
            return .nothing
        case .send(let element):
            return .send(element)
        case .bound(let jid):
            state = .online
            return .online(jid)
        case .failed(let error):
            return fail(.bindingFailed(error))
        case .malformed:
            return violated(.badFormat)
        }
    }
}

// MARK: - Endings

extension ClientStream {
    /// The parser met what ends a stream.
    package mutating func inputFailed(_ error: StreamError) -> Action {
        switch takeState() {
        case .closing: return .disconnect
        case .closed: return .nothing
        default: return violated(error)
        }
    }

    /// The server's end tag came (RFC 6120 §4.4).
    package mutating func peerClosed() -> Action {
        switch takeState() {
        case .closing: .disconnect
        case .closed: .nothing
        default: .fail(.closedByServer, StreamEnding(awaitsPeer: false))
        }
    }

    /// A time limit passed: to get online, to answer, or to end.
    package mutating func timedOut() -> Action {
        switch takeState() {
        case .closing: return .disconnect
        case .closed: return .nothing
        case .idle, .securing: return .fail(.timedOut, nil)
        default: return fail(.timedOut, error: StreamError(.connectionTimeout))
        }
    }

    /// We end the stream in peace.
    package mutating func close() -> Action {
        guard !isOver else { return .nothing }
        switch takeState() {
        case .idle, .securing:
            return .disconnect
        default:
            state = .closing
            return .close(StreamEnding(awaitsPeer: true))
        }
    }

    /// The connection is gone.
    package mutating func disconnected() -> Action {
        switch takeState() {
        case .closing, .closed: .nothing
        default: .fail(.disconnected, nil)
        }
    }

    private mutating func violated(_ condition: StreamError.Condition) -> Action {
        violated(StreamError(condition))
    }

    private mutating func violated(_ error: StreamError) -> Action {
        fail(.protocolViolated(error), error: error)
    }

    /// Ends a stream that has been opened, for that reason.
    private mutating func fail(
        _ failure: ClientStreamFailure,
        last: Element? = nil,
        error: StreamError? = nil
    ) -> Action {
        state = .closing
        return .fail(failure, StreamEnding(last: last, error: error, awaitsPeer: true))
    }

    /// What only our own code can bring about.
    private mutating func unreachable(_ why: String) -> Action {
        assertionFailure(why)
        return fail(.protocolViolated(StreamError(.internalServerError)))
    }
}
