/// The server's side of an external component's stream (XEP-0114), from its header to its last end
/// tag.
///
/// It is run as a ``ServerStream`` is, and says what is to be done in the same words: of
/// ``ServerStream/Action`` it never wants TLS, secrets or a restart. Its session is the component's
/// domain.
package struct ComponentStream {
    /// What a listener for components knows.
    package struct Configuration: Sendable {
        /// The secret of a component, by its domain, normalised; nil for what is none.
        ///
        /// It is asked for each stream, since components come and go.
        package var secret: @Sendable (String) -> [UInt8]?
        /// Direct TLS or none: XEP-0114 has no `<starttls/>`.
        package var security: ServerStream.Security
        /// How streams of the later protocol (XEP-0225) are served, which their header tells from
        /// this one's; nil where they are not.
        package var successor: ServerStream.Configuration?

        package init(
            security: ServerStream.Security,
            secret: @escaping @Sendable (String) -> [UInt8]?
        ) {
            self.secret = secret
            self.security = security
        }
    }

    private enum State {
        case securing
        case awaitingHeader
        case awaitingHandshake(domain: String, id: String)
        case proving(Proof)
        case attaching(domain: String)
        case session(JID)
        case closing
        case closed
    }

    /// What a component has shown, before it is judged.
    private struct Proof {
        let domain: String
        let id: String
        let given: String
    }

    private let configuration: Configuration
    private let token: @Sendable () -> String
    private var state: State
    private var bindings: ChannelBindings?

    /// A stream whose connection is there; with direct TLS its handshake is still to come.
    ///
    /// `token` gives stream ids, which must be unpredictable: who knew the next could use a
    /// handshake again (XEP-0114 §5).
    package init(
        _ configuration: Configuration,
        token: @escaping @Sendable () -> String = Random.token
    ) {
        self.configuration = configuration
        self.token = token
        state = configuration.security == .direct ? .securing : .awaitingHeader
    }

    /// The component's domain, once it is attached.
    package var jid: JID? {
        if case .session(let jid) = state { jid } else { nil }
    }

    private var isOver: Bool {
        switch state {
        case .closing, .closed: true
        default: false
        }
    }

    /// What a component sends for a stream of that id: the SHA-1 of id and secret in lower-case
    /// hexadecimal digits (XEP-0114 §3).
    package static func handshake(id: String, secret: [UInt8]) -> String {
        Hex.encode(Digest.sha1(Array(id.utf8) + secret))
    }
}

// MARK: - Headers

extension ComponentStream {
    /// TLS is there; the component's header follows.
    package mutating func tlsEstablished(_ bindings: ChannelBindings) {
        guard case .securing = state else { return }
        self.bindings = bindings
        state = .awaitingHeader
    }

    /// What the stream is instead, if its first header is one of XEP-0225, which has the namespace
    /// of clients.
    func successor(for header: StreamHeader) -> ServerStream? {
        guard case .awaitingHeader = state, header.namespace == Namespace.client,
            let configuration = configuration.successor
        else { return nil }
        var stream = ServerStream(configuration, token: token)
        if let bindings { stream.tlsEstablished(bindings) }
        return stream
    }

    /// The component's header came.
    package mutating func opened(_ header: StreamHeader) -> ServerStream.Action {
        switch state {
        case .closing, .closed: return .nothing
        case .securing: return .disconnect
        case .awaitingHandshake, .proving, .attaching, .session:
            return finish(StreamError(.badFormat))
        case .awaitingHeader: break
        }
        guard header.namespace == Namespace.component else {
            return finish(StreamError(.invalidNamespace), header: ourHeader(nil))
        }
        guard let to = header.to, let address = try? JID(to), address.isDomain else {
            return finish(StreamError(.improperAddressing), header: ourHeader(nil))
        }
        guard configuration.secret(address.domain) != nil else {
            return finish(
                StreamError(.hostUnknown, text: "no component of that name is configured here"),
                header: ourHeader(address.domain)
            )
        }
        let ours = ourHeader(address.domain)
        state = .awaitingHandshake(domain: address.domain, id: ours.id ?? "")
        return .open(ours, features: nil)
    }

    /// XEP-0114 §3: no version, since no features follow.
    private func ourHeader(_ domain: String?) -> StreamHeader {
        StreamHeader(namespace: Namespace.component, from: domain, id: token(), version: nil)
    }
}

// MARK: - Elements

extension ComponentStream {
    /// A whole child of the stream came.
    package mutating func received(_ element: consuming Element) -> ServerStream.Action {
        switch state {
        case .session(let jid):
            do throws(StreamError) {
                guard element.namespace == Namespace.client else {
                    throw StreamError(.unsupportedStanzaType)
                }
                guard let from = element["from"], let sender = try? JID(from),
                    sender.domain == jid.domain
                else { throw StreamError(.invalidFrom) }
                return try Self.stanza(element, of: sender, language: nil)
            } catch {
                return finish(error)
            }
        case .awaitingHandshake(let domain, let id): return authenticate(element, domain, id)
        case .closing, .closed: return .nothing
        case .securing: return .disconnect
        case .awaitingHeader, .proving, .attaching: return finish(StreamError(.badFormat))
        }
    }

    private mutating func authenticate(
        _ element: Element,
        _ domain: String,
        _ id: String
    ) -> ServerStream.Action {
        guard element.matches("handshake", Namespace.client) else {
            return finish(StreamError(.notAuthorized))
        }
        state = .proving(Proof(domain: domain, id: id, given: element.text))
        return .attempt(name: JID(normalizedLocal: nil, domain: domain))
    }

    /// The answer to ``ServerStream/Action/attempt(name:)``.
    package mutating func attemptAnswered(_ isAllowed: Bool) -> ServerStream.Action {
        guard case .proving(let proof) = state else { return .nothing }
        guard isAllowed else {
            return finish(
                StreamError(.policyViolation, text: "too many wrong secrets; try again later")
            )
        }
        guard let secret = configuration.secret(proof.domain) else {
            return finish(StreamError(.hostUnknown))
        }
        let wanted = Self.handshake(id: proof.id, secret: secret)
        guard constantTimeEqual(Array(proof.given.utf8), Array(wanted.utf8)) else {
            return finish(StreamError(.notAuthorized))
        }
        state = .attaching(domain: proof.domain)
        return .bind(account: JID(normalizedLocal: nil, domain: proof.domain), resource: nil)
    }

    /// What may be routed: from the component's own domain, as was seen, to somebody; `language` is
    /// the stream's.
    static func stanza(
        _ element: Element,
        of sender: JID,
        language: String?
    ) throws(StreamError) -> ServerStream.Action {
        guard element["to"] != nil else { throw StreamError(.improperAddressing) }
        let read: Stanza?
        do throws(StanzaError) {
            read = try Stanza(element)
        } catch {
            return ServerSession.refuse(element, error, to: sender)
        }
        guard var read else { throw StreamError(.unsupportedStanzaType) }
        // RFC 6120 §8.1.5; left out for iq, which programs read.
        if let language, read.kind != .iq, read.language == nil { read.language = language }
        return ServerSession.checked(read)
    }
}

// MARK: - Answers

extension ComponentStream {
    /// The component is attached: stanzas for its domain come here.
    package mutating func bound(_ jid: JID) -> ServerStream.Action {
        guard case .attaching = state else { return .nothing }
        state = .session(jid)
        return .send(Element("handshake", Namespace.client))
    }

    /// Another connection has the domain, and keeps it.
    package mutating func bindFailed(_ error: StanzaError) -> ServerStream.Action {
        guard case .attaching = state else { return .nothing }
        return finish(StreamError(.conflict, text: error.text))
    }
}

// MARK: - Endings

extension ComponentStream {
    /// The parser met what ends a stream.
    package mutating func inputFailed(_ error: StreamError) -> ServerStream.Action { end(error) }

    /// The component's end tag came.
    package mutating func peerClosed() -> ServerStream.Action {
        switch state {
        case .closed: return .nothing
        case .closing, .securing:
            state = .closed
            return .disconnect
        case .awaitingHeader:
            state = .closed
            return .close(StreamEnding(header: ourHeader(nil), awaitsPeer: false))
        case .awaitingHandshake, .proving, .attaching, .session:
            state = .closed
            return .close(StreamEnding(awaitsPeer: false))
        }
    }

    /// A time limit passed.
    package mutating func timedOut() -> ServerStream.Action {
        end(StreamError(.connectionTimeout))
    }

    /// We end the stream; nil ends it in peace.
    package mutating func close(_ error: StreamError?) -> ServerStream.Action {
        isOver ? .nothing : end(error)
    }

    /// The connection is gone.
    package mutating func disconnected() {
        state = .closed
    }

    private mutating func end(_ error: StreamError?) -> ServerStream.Action {
        switch state {
        case .closed: return .nothing
        case .securing, .closing:
            state = .closed
            return .disconnect
        case .awaitingHeader: return finish(error, header: ourHeader(nil))
        case .awaitingHandshake, .proving, .attaching, .session: return finish(error)
        }
    }

    private mutating func finish(
        _ error: StreamError?,
        header: StreamHeader? = nil
    ) -> ServerStream.Action {
        state = .closing
        return .close(StreamEnding(header: header, error: error, awaitsPeer: true))
    }
}
