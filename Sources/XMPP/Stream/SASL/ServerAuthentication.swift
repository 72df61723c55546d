/// The SASL negotiation of one stream, the server's side (RFC 6120 §6): as many exchanges as the
/// client may start, until one succeeds.
///
/// States, in order, over and over: idle; awaiting the first response of a mechanism that began
/// without one; a SCRAM exchange; waiting for a verdict on a password.
struct ServerAuthentication {
    /// Whether `<starttls/>` is on offer beside the mechanisms.
    let offersTLS: Bool
    private let identity: SASLIdentity
    private let pretence: ScramPretence
    private let isEncrypted: Bool
    private let allowed: [SASLMechanism]
    private let offered: [SASLMechanism]
    private let requiresTLS: Bool
    private let bindings: ChannelBindings
    private var state: State = .idle
    private var failures = 0

    private enum State {
        case idle
        case awaitingResponse(SASLMechanism)
        case scram(ScramServer)
        /// The account's secrets were asked for, by SCRAM or for a password.
        case lookingUp(Waiting)
        case verifying(JID)
    }

    /// What goes on once the secrets are there.
    private enum Waiting {
        case scram(ScramServer)
        case plain(JID, Password)
    }

    /// `domain` is the one whose accounts log in; `bindings` is nil without TLS.
    init(
        _ configuration: ServerStream.Configuration,
        domain: String,
        bindings: ChannelBindings?
    ) {
        switch configuration.peers {
        case .clients: identity = .account(of: domain)
        case .components: identity = .component
        }
        pretence = configuration.pretence
        isEncrypted = bindings != nil
        self.bindings = bindings ?? .none
        allowed = configuration.mechanisms
        switch configuration.security {
        case .startTLS(let isRequired):
            offersTLS = bindings == nil
            requiresTLS = offersTLS && isRequired
        case .direct, .plain:
            offersTLS = false
            requiresTLS = false
        }
        let canBind = self.bindings != .none
        let hidesPlain = bindings == nil
        let isClosed = requiresTLS
        offered = SASLMechanism.allCases.filter { mechanism in
            configuration.mechanisms.contains(mechanism) && !isClosed
                && (canBind || !mechanism.bindsChannel)
                && !(hidesPlain && mechanism == .plain)
        }
    }

    /// Base64 of more than this is no step of any mechanism that we speak; the parser's limit is
    /// what a stranger meets first.
    private static let encodedBytesMax = 8192

    /// The features of this phase (RFC 6120 §5.3.1, §6.3.3): TLS alone while it is required.
    var features: Element {
        var features = Element("features", Namespace.streams)
        if offersTLS {
            var startTLS = Element("starttls", Namespace.tls)
            if requiresTLS { startTLS.append(Element("required", Namespace.tls)) }
            features.append(startTLS)
        }
        if !offered.isEmpty {
            features.append(
                Element(
                    "mechanisms",
                    Namespace.sasl,
                    offered.map { Element("mechanism", Namespace.sasl, text: $0.rawValue) }
                )
            )
        }
        if offered.contains(where: \.bindsChannel) {
            features.append(ChannelBindings.feature(bindings.types))
        }
        return features
    }

    /// What comes of an event.
    enum Step: Equatable {
        case nothing
        case reply(Element)
        case lookUp(JID)
        case verify(PlainAttempt)
        case succeed(Element, JID)
        /// The last word, if any, and the stream ends.
        case giveUp(Element?, StreamError)
    }
}

// MARK: - Elements

extension ServerAuthentication {
    /// Whatever the client sends before it has authenticated.
    mutating func received(_ element: Element) -> Step {
        guard element.namespace == Namespace.sasl else {
            // RFC 6120 §4.9.3.12: nobody is served before we know who it is.
            let isStanza =
                element.namespace == Namespace.client
                && Stanza.Kind(rawValue: element.name) != nil
            return .giveUp(nil, StreamError(isStanza ? .notAuthorized : .unsupportedStanzaType))
        }
        do throws(SASLFailure) {
            return try negotiate(element)
        } catch {
            return failed(error)
        }
    }

    private mutating func negotiate(_ element: Element) throws(SASLFailure) -> Step {
        switch takeState() {
        case .lookingUp, .verifying:
            // A client waits for the answer (RFC 6120 §6.4): were another attempt let in now, the
            // verdict on this one could be taken for that one's.
            return .giveUp(nil, StreamError(.policyViolation))
        case .idle:
            switch element.name {
            case "auth": return try begin(element)
            case "abort": throw SASLFailure(.aborted)
            case "response": throw SASLFailure(.malformedRequest)
            default: return .giveUp(nil, StreamError(.unsupportedStanzaType))
            }
        case .awaitingResponse(let mechanism):
            return try start(mechanism, try Self.response(element))
        case .scram(let scram):
            return try advance(scram, try Self.response(element))
        }
    }

    /// The data of a `<response/>`; anything else ends the exchange.
    private static func response(_ element: Element) throws(SASLFailure) -> [UInt8] {
        switch element.name {
        case "response": return try decoded(element.text)
        case "abort": throw SASLFailure(.aborted)
        default: throw SASLFailure(.malformedRequest)
        }
    }

    /// RFC 6120 §6.4.2: `=` is the way to send nothing.
    private static func decoded(_ text: String) throws(SASLFailure) -> [UInt8] {
        if text == "=" { return [] }
        guard text.utf8.count <= encodedBytesMax else { throw SASLFailure(.malformedRequest) }
        guard let bytes = Base64.decode(text) else { throw SASLFailure(.incorrectEncoding) }
        return bytes
    }

    private mutating func begin(_ element: Element) throws(SASLFailure) -> Step {
        if requiresTLS { throw SASLFailure(.encryptionRequired) }
        guard let mechanism = element["mechanism"].flatMap(SASLMechanism.init(rawValue:)) else {
            throw SASLFailure(.invalidMechanism)
        }
        guard allowed.contains(mechanism) else { throw SASLFailure(.mechanismTooWeak) }
        if mechanism == .plain, !isEncrypted { throw SASLFailure(.encryptionRequired) }
        guard offered.contains(mechanism) else { throw SASLFailure(.invalidMechanism) }
        let text = element.text
        if text.isEmpty {
            // The client waits to be asked, with an empty challenge (RFC 6120 §6.4.2).
            state = .awaitingResponse(mechanism)
            return .reply(Element("challenge", Namespace.sasl))
        }
        return try start(mechanism, try Self.decoded(text))
    }

    private mutating func start(
        _ mechanism: SASLMechanism,
        _ message: [UInt8]
    ) throws(SASLFailure) -> Step {
        let channel = ScramServer.Channel(
            isOffered: offered.contains(where: \.bindsChannel),
            bindings: bindings
        )
        guard let scram = ScramServer(mechanism, channel: channel) else {
            return try startPlain(message)
        }
        return try advance(scram, message)
    }

    private mutating func startPlain(_ message: [UInt8]) throws(SASLFailure) -> Step {
        guard let plain = PlainMessage(reading: message) else {
            throw SASLFailure(.malformedRequest)
        }
        let account = try identity.jid(plain.username, actingAs: plain.authzid)
        guard let password = try? Password(plain.password) else {
            throw SASLFailure(.notAuthorized)
        }
        state = .lookingUp(.plain(account, password))
        return .lookUp(account)
    }

    private mutating func advance(
        _ exchange: ScramServer,
        _ message: [UInt8]
    ) throws(SASLFailure) -> Step {
        var scram = exchange
        switch try scram.received(message, as: identity) {
        case .lookUp(let account):
            state = .lookingUp(.scram(scram))
            return .lookUp(account)
        case .succeed(let proof, let account):
            return .succeed(
                Element("success", Namespace.sasl, text: Base64.encode(proof)),
                account
            )
        }
    }
}

// MARK: - Answers

extension ServerAuthentication {
    /// The account's secrets, or what stands for them.
    mutating func found(_ answer: CredentialsAnswer, token: String) -> Step {
        guard case .lookingUp(let waiting) = takeState() else { return .nothing }
        let credentials: ScramCredentials?
        switch answer {
        case .found(let known): credentials = known
        case .unknownAccount: credentials = nil
        case .unavailable: return failed(SASLFailure(.temporaryAuthFailure))
        }
        switch waiting {
        case .scram(var scram):
            guard
                let challenge = scram.found(credentials, pretence: pretence, token: token)
            else { return .nothing }
            state = .scram(scram)
            return .reply(
                Element("challenge", Namespace.sasl, text: Base64.encode(challenge))
            )
        case .plain(let account, let password):
            state = .verifying(account)
            let secrets = credentials?.sha256 ?? pretence.secrets(for: account, hash: .sha256)
            return .verify(PlainAttempt(password: password, secrets: secrets))
        }
    }

    /// The verdict on a password.
    mutating func verified(_ isCorrect: Bool) -> Step {
        guard case .verifying(let account) = takeState() else { return .nothing }
        guard isCorrect else { return failed(SASLFailure(.notAuthorized)) }
        return .succeed(Element("success", Namespace.sasl), account)
    }

    /// One attempt is over; the stream as well when there were too many.
    private mutating func failed(_ failure: SASLFailure) -> Step {
        state = .idle
        failures += 1
        if failures >= ServerStream.authenticationFailuresMax {
            return .giveUp(failure.element, StreamError(.policyViolation))
        }
        return .reply(failure.element)
    }

    private mutating func takeState() -> State {
        var taken = State.idle
        swap(&taken, &state)
        return taken
    }
}
