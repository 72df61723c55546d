package import XMPP

/// One connection of a link between two processes of a server, at either end of it, from the
/// header to the last end tag.
///
/// Whoever runs it feeds one event at a time and does what the returned ``LinkAction`` says before
/// the next one. It knows no socket, no clock and no chance. The stanzas are the ledgers'
/// (``RouterLedger``, ``EdgeLedger``), whose lives are longer than a connection's.
///
/// States, in order:
/// 1. idle: the connection is not there yet; securing, where there is TLS;
/// 2. awaiting the peer's header;
/// 3. awaiting its hello, which says which run of its process it is;
/// 4. awaiting its proof; the side that opened the connection proves itself first, so that
///    strangers at a listener are shown nothing that the secret has part in;
/// 5. session: elements go to the ledger, and who hears nothing asks;
/// 6. closing: our end tag is out; 7. closed.
///
/// After closing everything is ignored but the peer's end tag.
package struct LinkStream: ~Copyable {
    private enum State {
        case idle
        case securing
        case awaitingHeader
        case awaitingHello(name: String, nonce: String)
        case awaitingProof(LinkTranscript)
        case session
        case closing
        case closed
    }

    private let configuration: Configuration
    private let nonce: String
    private var state = State.idle
    private var channelBinding: [UInt8] = []
    /// When the peer was heard last, and when it was asked for a sign since then.
    private var heard: Instant?
    private var asked: Instant?

    /// `nonce` must never have been used before: the default is one that nobody can guess.
    package init(_ configuration: Configuration, nonce: String = Random.token()) {
        self.configuration = configuration
        self.nonce = nonce
    }

    /// Whether the peer is authenticated, and the stream not closing.
    package var isReady: Bool {
        if case .session = state { true } else { false }
    }

    private var isOver: Bool {
        switch state {
        case .closing, .closed: true
        default: false
        }
    }
}

extension LinkStream {
    /// Who we are, and whom we take.
    package struct Configuration: Sendable {
        /// Our name among the server's processes.
        package var name: String
        /// This run of our process: drawn by chance when it starts.
        package var instance: String
        /// Which side opened the connection.
        package var role: Role
        /// The secrets of the links, by the names of the processes at their other ends.
        package var secrets: [String: LinkSecret]
        /// Whether TLS begins before the first byte.
        ///
        /// On a Unix socket whoever runs the stream has
        /// looked at the peer's user instead.
        package var usesTLS: Bool
        package var heartbeat = Heartbeat()

        package init(
            name: String,
            instance: String,
            role: Role,
            secrets: [String: LinkSecret],
            usesTLS: Bool
        ) {
            self.name = name
            self.instance = instance
            self.role = role
            self.secrets = secrets
            self.usesTLS = usesTLS
        }
    }

    package enum Role: Sendable, Hashable {
        /// We opened the connection, to the process of that name.
        case opens(to: String)
        case accepts
    }

    /// How soon it is noticed that the peer is gone.
    package struct Heartbeat: Sendable, Hashable {
        /// Silence after which the peer is asked for a sign.
        package var silence = Duration.seconds(15)
        /// How long it may take for one.
        package var answer = Duration.seconds(15)

        package init() {}
    }
}

// MARK: - Up to the proofs

extension LinkStream {
    /// The connection is there.
    package mutating func connected() -> LinkAction {
        guard case .idle = state else { return .nothing }
        if configuration.usesTLS {
            state = .securing
            return .startTLS
        }
        return begin()
    }

    /// The handshake is done; `channelBinding` is `tls-exporter` (RFC 9266).
    ///
    /// Nobody need look at the peer's certificate: who is in the middle cannot prove itself.
    package mutating func tlsEstablished(_ channelBinding: [UInt8]) -> LinkAction {
        guard case .securing = state else { return .nothing }
        guard !channelBinding.isEmpty else {
            state = .closed
            return .disconnect(.notAuthenticated)
        }
        self.channelBinding = channelBinding
        return begin()
    }

    private mutating func begin() -> LinkAction {
        state = .awaitingHeader
        guard case .opens(let peer) = configuration.role else { return .nothing }
        return .open(header(to: peer), hello: hello)
    }

    private func header(to peer: String?) -> StreamHeader {
        StreamHeader(namespace: Namespace.server, to: peer, from: configuration.name, id: nonce)
    }

    private var hello: Element {
        var hello = LinkMessage.element("hello")
        hello["instance"] = configuration.instance
        return hello
    }

    /// The peer's header came.
    package mutating func opened(_ header: StreamHeader) -> LinkAction {
        switch state {
        case .closing, .closed: return .nothing
        case .awaitingHeader: break
        case .idle, .securing, .awaitingHello, .awaitingProof, .session:
            return violated(StreamError(.badFormat))
        }
        if let error = problem(header) { return violated(error) }
        guard let name = header.from, let nonce = header.id else {
            return violated(StreamError(.badFormat))
        }
        // Who sends our own nonce back has it from us.
        guard nonce != self.nonce, isExpected(name, at: header.to) else { return unproven() }
        state = .awaitingHello(name: name, nonce: nonce)
        switch configuration.role {
        case .opens: return .nothing
        case .accepts: return .open(self.header(to: name), hello: hello)
        }
    }

    private func problem(_ header: StreamHeader) -> StreamError? {
        guard header.namespace == Namespace.server else { return StreamError(.invalidNamespace) }
        guard header.version == "1.0" else { return StreamError(.unsupportedVersion) }
        guard let name = header.from, LinkName.isName(name) else {
            return StreamError(.improperAddressing)
        }
        guard let nonce = header.id, LinkName.isToken(nonce) else {
            return StreamError(.badFormat, text: "the stream's id is no nonce")
        }
        return nil
    }

    /// Whether the peer is whom we called, or calls whom we are.
    ///
    /// Whether its name is known is not said before its proof.
    private func isExpected(_ name: String, at called: String?) -> Bool {
        guard name != configuration.name else { return false }
        switch configuration.role {
        // A header that only an error follows names nobody.
        case .opens(let peer):
            return name == peer && (called == nil || called == configuration.name)
        case .accepts: return called == configuration.name
        }
    }
}

// MARK: - Elements

extension LinkStream {
    /// Whether it is the ledger's alone: what ``received(_:now:)`` would pass.
    package func passes(_ input: borrowing LinkInput) -> Bool {
        guard case .session = state else { return false }
        switch input {
        case .stanza: return true
        case .element(let element):
            return element.namespace != LinkMessage.namespace
                && element.namespace != Namespace.streams
        }
    }

    /// A whole child of the stream came.
    package mutating func received(_ input: consuming LinkInput, now: Instant) -> LinkAction {
        if case .session = state, case .stanza = input {
            heard(now: now)
            return .pass(input)
        }
        switch input {
        case .stanza: return violated(StreamError(.notAuthorized))
        case .element(let element): return received(element, now: now)
        }
    }

    /// A whole child of the stream came that is no stanza on its way through.
    package mutating func received(_ element: consuming Element, now: Instant) -> LinkAction {
        switch state {
        case .closing, .closed: return .nothing
        case .idle, .securing, .awaitingHeader: return violated(StreamError(.badFormat))
        case .awaitingHello, .awaitingProof, .session: break
        }
        heard(now: now)
        if element.matches("error", Namespace.streams) {
            let error = StreamError(reading: element)
            state = .closed
            return .close(StreamEnding(awaitsPeer: false), .streamFailed(error))
        }
        switch state {
        case .session: return receivedInSession(element)
        case .awaitingHello(let name, let nonce): return receivedHello(element, name, nonce)
        case .awaitingProof(let transcript): return receivedProof(element, transcript, now: now)
        case .idle, .securing, .awaitingHeader, .closing, .closed: return .nothing
        }
    }

    private mutating func receivedHello(
        _ element: Element,
        _ name: String,
        _ nonce: String
    ) -> LinkAction {
        guard element.matches("hello", LinkMessage.namespace) else {
            return violated(StreamError(.notAuthorized))
        }
        guard let instance = element["instance"], LinkName.isToken(instance) else {
            return violated(StreamError(.badFormat, text: "a hello without an instance"))
        }
        let peer = LinkTranscript.End(name: name, nonce: nonce, instance: instance)
        let own = LinkTranscript.End(
            name: configuration.name,
            nonce: self.nonce,
            instance: configuration.instance
        )
        switch configuration.role {
        case .accepts:
            let transcript = LinkTranscript(
                opener: peer,
                accepter: own,
                channelBinding: channelBinding
            )
            state = .awaitingProof(transcript)
            return .nothing
        case .opens:
            let transcript = LinkTranscript(
                opener: own,
                accepter: peer,
                channelBinding: channelBinding
            )
            guard let secret = configuration.secrets[name] else { return unproven() }
            state = .awaitingProof(transcript)
            return .send(Self.element(transcript.proof(of: .opener, secret)))
        }
    }

    private static func element(_ proof: [UInt8]) -> Element {
        Element("proof", LinkMessage.namespace, text: Base64.encode(proof))
    }

    private mutating func receivedProof(
        _ element: Element,
        _ transcript: LinkTranscript,
        now: Instant
    ) -> LinkAction {
        guard element.matches("proof", LinkMessage.namespace) else {
            return violated(StreamError(.notAuthorized))
        }
        let isOpener = configuration.role != .accepts
        let peer = isOpener ? transcript.accepter : transcript.opener
        guard let secret = configuration.secrets[peer.name],
            let proof = Base64.decode(element.text),
            transcript.isProven(proof, by: isOpener ? .accepter : .opener, secret)
        else { return unproven() }
        state = .session
        let answer = isOpener ? nil : Self.element(transcript.proof(of: .accepter, secret))
        return .ready(LinkPeer(name: peer.name, instance: peer.instance), send: answer)
    }

    private mutating func receivedInSession(_ element: Element) -> LinkAction {
        if element.matches("ask", LinkMessage.namespace) {
            return .answer(LinkMessage.element("answer"))
        }
        if element.matches("answer", LinkMessage.namespace) { return .nothing }
        return .pass(.element(element))
    }
}

// MARK: - Signs of life

extension LinkStream {
    /// Something came from the peer, if not yet a whole element.
    package mutating func heard(now: Instant) {
        heard = now
        asked = nil
    }

    /// When to call ``tick(now:)`` next; nil outside of a session.
    package var deadline: Instant? {
        guard case .session = state, let heard else { return nil }
        return asked.map { $0 + configuration.heartbeat.answer }
            ?? heard + configuration.heartbeat.silence
    }

    /// Asks a peer that is silent, and gives up one that stays so.
    package mutating func tick(now: Instant) -> LinkAction {
        guard let deadline, deadline <= now else { return .nothing }
        guard asked == nil else { return timedOut() }
        asked = now
        return .send(LinkMessage.element("ask"))
    }
}

// MARK: - Endings

extension LinkStream {
    /// The parser met what ends a stream.
    package mutating func inputFailed(_ error: StreamError) -> LinkAction {
        switch state {
        case .closed: return .nothing
        case .closing: return disconnect(nil)
        default: return violated(error)
        }
    }

    /// The ledger says that the peer sent what it must not.
    package mutating func violated(_ error: StreamError) -> LinkAction {
        finish(error, .protocolViolated(error))
    }

    /// The peer's end tag came.
    package mutating func peerClosed() -> LinkAction {
        switch state {
        case .closed: return .nothing
        case .closing: return disconnect(nil)
        case .idle, .securing, .awaitingHeader: return disconnect(.closedByPeer)
        case .awaitingHello, .awaitingProof, .session:
            state = .closed
            return .close(StreamEnding(awaitsPeer: false), .closedByPeer)
        }
    }

    /// A time limit passed: to be ready, to answer, or to end.
    package mutating func timedOut() -> LinkAction {
        if case .closing = state { return disconnect(nil) }
        return finish(StreamError(.connectionTimeout), .timedOut)
    }

    /// We end the stream: `system-shutdown` …, or nil to end it in peace.
    package mutating func close(_ error: StreamError? = nil) -> LinkAction {
        if case .closing = state { return .nothing }
        return finish(error, nil)
    }

    /// The connection is gone.
    package mutating func disconnected() -> LinkAction {
        switch state {
        case .closed: return .nothing
        case .closing:
            state = .closed
            return .nothing
        default: return disconnect(.disconnected)
        }
    }

    private mutating func disconnect(_ failure: LinkFailure?) -> LinkAction {
        state = .closed
        return .disconnect(failure)
    }

    /// What is wrong with a proof, or a name, is not said.
    private mutating func unproven() -> LinkAction {
        finish(StreamError(.notAuthorized), .notAuthenticated)
    }

    private mutating func finish(_ error: StreamError?, _ failure: LinkFailure?) -> LinkAction {
        switch state {
        case .closing, .closed: return .nothing
        case .idle, .securing: return disconnect(failure)
        case .awaitingHeader:
            // Who opened the stream has written its header; who accepts it has not.
            let header = configuration.role == .accepts ? header(to: nil) : nil
            state = .closing
            return .close(StreamEnding(header: header, error: error, awaitsPeer: true), failure)
        case .awaitingHello, .awaitingProof, .session:
            state = .closing
            return .close(StreamEnding(error: error, awaitsPeer: true), failure)
        }
    }
}
