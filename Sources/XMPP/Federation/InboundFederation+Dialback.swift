extension InboundFederation {
    /// A step of dialback came (XEP-0220 §2.2).
    mutating func receivedDialback(_ message: DialbackMessage) -> FederationAction {
        switch (message.kind, message.content) {
        case (.result, .key(let key)): prove(message, key)
        case (.verify, .key(let key)): answer(message, key)
        // We ask nothing on a stream that another opened, so nothing here answers us. To believe
        // it would let anybody be anybody (CVE-2012-3525, CVE-2012-4669, CVE-2012-4672).
        case (_, .valid), (_, .invalid), (_, .error): .tell(.unsolicited(message))
        }
    }

    // MARK: As the receiving server

    /// The peer wants to prove a pair by a key: only the authoritative server can say.
    private mutating func prove(_ message: DialbackMessage, _ key: String) -> FederationAction {
        let pair = DomainPair(local: message.to, remote: message.from)
        if let error = refusal(of: pair) {
            // It has cost nothing, and leaves the stream to the other pairs.
            let result = Self.result(pair, .error(error))
            return .tell(.rejected(pair, error), send: [result])
        }
        if pairs.contains(pair) { return .send([message.answer(.valid).element]) }
        let question = DialbackQuestion(pair: pair, streamID: streamID, key: key)
        pending.append(question)
        return .verify(question)
    }

    /// Why nobody is asked about a pair (XEP-0220 §2.4).
    private func refusal(of pair: DomainPair) -> StanzaError? {
        guard configuration.serves(pair.local) else {
            return StanzaError(.itemNotFound, text: "\(pair.local) is not served here")
        }
        guard !configuration.isOurs(pair.remote) else {
            return StanzaError(.notAcceptable, text: "\(pair.remote) is served here")
        }
        let wanted = configuration.policy.rule(for: pair.remote)
        guard wanted.isAllowed else {
            return StanzaError(.policyViolation, text: "\(pair.remote) is blocked here")
        }
        guard isEncrypted || !wanted.needsTLS, !mustSecure else {
            return StanzaError(.policyViolation, text: "TLS comes first")
        }
        guard wanted.authentication == .dialback else {
            return StanzaError(
                .notAuthorized,
                text: "\(pair.remote) has to show a certificate that is trusted here"
            )
        }
        if pairs.contains(pair) { return nil }
        // Two keys for one pair would have one answer too many.
        guard !pending.contains(where: { $0.pair == pair }) else {
            return StanzaError(.resourceConstraint, text: "a key for this pair is being verified")
        }
        let limits = rule.limits
        guard pairs.count + pending.count < limits.pairs else {
            return StanzaError(.resourceConstraint, text: "\(limits.pairs) pairs are enough")
        }
        guard pending.count < limits.pendingVerifications else {
            return StanzaError(
                .resourceConstraint,
                text: "\(limits.pendingVerifications) keys are being verified"
            )
        }
        return nil
    }

    /// The answer to ``FederationAction/verify(_:)``.
    package mutating func verified(
        _ question: DialbackQuestion,
        _ verdict: DialbackVerdict
    ) -> FederationAction {
        guard state == .open, let index = pending.firstIndex(of: question) else { return .nothing }
        pending.remove(at: index)
        let pair = question.pair
        switch verdict {
        case .valid:
            session.accept(pair)
            let result = Self.result(pair, .valid)
            return .tell(.authenticated(pair, .dialback, direction), send: [result])
        case .invalid:
            // XEP-0220 §2.2.1: a stream that has proven nothing ends; one that has may be that of
            // a server which is wrong about one of its domains.
            let error = StanzaError(.forbidden, text: "\(pair.remote) denies the key")
            guard pairs.isEmpty else { return reject(pair, error) }
            return finish(nil, last: Self.result(pair, .invalid), event: .rejected(pair, error))
        case .notFound:
            return reject(pair, StanzaError(.remoteServerNotFound))
        case .timedOut:
            return reject(pair, StanzaError(.remoteServerTimeout))
        }
    }

    /// An error of dialback's own leaves the stream to the other pairs, but not for ever: each may
    /// have made us connect to somebody.
    private mutating func reject(_ pair: DomainPair, _ error: StanzaError) -> FederationAction {
        failures += 1
        let result = Self.result(pair, .error(error))
        let event = FederationEvent.rejected(pair, error)
        guard failures >= rule.limits.failures else { return .tell(event, send: [result]) }
        return finish(StreamError(.policyViolation), last: result, event: event)
    }

    private static func result(_ pair: DomainPair, _ content: DialbackMessage.Content) -> Element {
        DialbackMessage(.result, from: pair.local, to: pair.remote, content).element
    }

    // MARK: As the authoritative server

    /// Somebody asks whether a key is ours.
    ///
    /// A wrong one is no failure of whoever asks: an impostor has shown it to them.
    private func answer(_ message: DialbackMessage, _ key: String) -> FederationAction {
        let content: DialbackMessage.Content
        if mustSecure {
            content = .error(StanzaError(.policyViolation, text: "TLS comes first"))
        } else if !configuration.serves(message.to) {
            content = .error(
                StanzaError(.itemNotFound, text: "\(message.to) is not served here")
            )
        } else {
            let isValid = configuration.keys.isValid(
                key,
                receiving: message.from,
                originating: message.to,
                streamID: message.streamID ?? ""
            )
            content = isValid ? .valid : .invalid
        }
        return .send([message.answer(content).element])
    }
}

extension FederationEvent {
    /// A step of dialback that answers nothing of ours.
    static func unsolicited(_ message: DialbackMessage) -> FederationEvent {
        let pair = "from \(message.from) to \(message.to)"
        return .ignored("a dialback \(message.kind.rawValue) that nobody asked for, \(pair)")
    }
}
