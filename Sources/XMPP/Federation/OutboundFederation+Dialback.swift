// MARK: - As the initiating server

extension OutboundFederation {
    /// Whether we may prove ourselves by a key.
    var maySendDialback: Bool { rule.sendsDialback && offersDialback }

    /// Proves the stream's first pair by a key, behind what else is to be said.
    mutating func prove(behind elements: [Element]) -> FederationAction {
        guard maySendDialback else { return fail(.noProofOffered) }
        state = .open
        proving.append(configuration.pair)
        return .send(elements + [request(configuration.pair)] + questions.map(Self.element))
    }

    /// Proves another domain of ours on a stream that is ready (XEP-0220 §2.5.1); the answer comes
    /// as an event.
    package mutating func prove(_ domain: String) -> FederationAction {
        guard !isOver else { return .nothing }
        guard isReady else { return unreachable("another domain before the first") }
        let pair = DomainPair(local: domain, remote: configuration.pair.remote)
        guard !pairs.contains(pair), !proving.contains(pair) else { return .nothing }
        guard pairs.count + proving.count < rule.limits.pairs else {
            return .tell(.refused(pair, .tooManyPairs))
        }
        guard maySendDialback else { return .tell(.refused(pair, .noProofOffered)) }
        proving.append(pair)
        return .send([request(pair)])
    }

    private func request(_ pair: DomainPair) -> Element {
        let key = configuration.keys.key(
            receiving: pair.remote,
            originating: pair.local,
            streamID: streamID
        )
        return DialbackMessage(.result, from: pair.local, to: pair.remote, .key(key)).element
    }

    /// The peer says what came of a key of ours.
    private mutating func receivedResult(_ message: DialbackMessage) -> FederationAction {
        let pair = DomainPair(local: message.to, remote: message.from)
        if case .key = message.content { return receivedKey(message) }
        guard let index = proving.firstIndex(of: pair) else { return .tell(.unsolicited(message)) }
        proving.remove(at: index)
        switch message.content {
        case .valid: return grant(pair)
        case .invalid: return refused(pair, .keyDenied)
        case .error(let error): return refused(pair, .verificationFailed(error))
        case .key: return .nothing
        }
    }

    /// A stream that carries no pair, and will carry none, is of no use.
    private mutating func refused(
        _ pair: DomainPair,
        _ failure: FederationFailure
    ) -> FederationAction {
        guard pairs.isEmpty else { return .tell(.refused(pair, failure)) }
        return fail(failure)
    }

    /// The peer wants to prove another domain of its own on a stream that we opened (XEP-0288
    /// §2.2), which we need not let it.
    ///
    /// The key would belong to an id that the peer itself has chosen, and not we: that it is fresh
    /// could not be seen. It is told so, and opens a stream of its own.
    private func receivedKey(_ message: DialbackMessage) -> FederationAction {
        guard isBidirectional else { return .tell(.unsolicited(message)) }
        let error = StanzaError(.notAcceptable, text: "open another stream for this pair")
        let pair = DomainPair(local: message.to, remote: message.from)
        return .tell(
            .rejected(pair, error),
            send: [message.answer(.error(error)).element]
        )
    }
}

// MARK: - As the receiving server, to the authoritative one

extension OutboundFederation {
    /// Asks the peer whether a key is its own, as soon as the stream is open.
    ///
    /// The answer comes as an event. Where the stream fails first, ``questions`` are those without
    /// an answer, and ``FederationFailure/verdict`` is the answer to each.
    package mutating func ask(_ question: DialbackQuestion) -> FederationAction {
        guard !questions.contains(question) else { return .nothing }
        // Answers do not name the key: of two for one stream nobody could say which was meant.
        let isAmbiguous = questions.contains {
            $0.pair == question.pair && $0.streamID == question.streamID
        }
        guard !isOver, !isAmbiguous, questions.count < Self.questionsMax else {
            return .tell(.answered(question, .timedOut))
        }
        questions.append(question)
        return state == .open ? .send([Self.element(question)]) : .nothing
    }

    static func element(_ question: DialbackQuestion) -> Element {
        DialbackMessage(
            .verify,
            from: question.pair.local,
            to: question.pair.remote,
            streamID: question.streamID,
            .key(question.key)
        )
        .element
    }

    private mutating func receivedAnswer(_ message: DialbackMessage) -> FederationAction {
        let pair = DomainPair(local: message.to, remote: message.from)
        let verdict: DialbackVerdict? =
            switch message.content {
            case .valid: .valid
            case .invalid: .invalid
            case .error: .notFound
            case .key: nil
            }
        let index = questions.firstIndex { $0.pair == pair && $0.streamID == message.streamID }
        guard let verdict, let index else { return .tell(.unsolicited(message)) }
        let event = FederationEvent.answered(questions.remove(at: index), verdict)
        guard configuration.purpose == .questions, questions.isEmpty else { return .tell(event) }
        return finish(nil, event: event)
    }
}

// MARK: - Elements of an open stream

extension OutboundFederation {
    mutating func receivedInSession(_ element: Element) throws(StreamError) -> FederationAction {
        if element.namespace == Namespace.streamManagement {
            return try session.receivedAcknowledgement(element, mayEnable: false)
        }
        guard let message = try DialbackMessage(element) else {
            throw StreamError(.unsupportedStanzaType)
        }
        switch message.kind {
        case .result: return receivedResult(message)
        case .verify: return receivedAnswer(message)
        }
    }
}
