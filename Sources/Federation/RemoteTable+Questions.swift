package import XMPP

/// Dialback's questions, which we ask of authoritative servers for the streams of others (XEP-0220
/// §2.2.2).
extension RemoteTable {
    /// A stream's peer wants to prove a pair: the domain's own server has to be asked.
    package mutating func verify(
        _ question: DialbackQuestion,
        for id: PeerID,
        at now: Instant
    ) -> [Action] {
        guard questions[question] == nil, streams[id] != nil else { return [] }
        guard !isStopping, let stream = streamForQuestion(question.pair, at: now) else {
            act(.verified(id, question, .timedOut))
            return take()
        }
        questions[question] = (asker: id, stream: stream)
        streams[id]?.asked.insert(question)
        streams[stream]?.questions.insert(question)
        domains[question.pair.remote]?.questions += 1
        schedule.set(.question(question), at: now + limits.answerTime)
        act(.ask(stream, question))
        return take()
    }

    /// The authoritative server has answered.
    package mutating func answered(
        _ question: DialbackQuestion,
        _ verdict: DialbackVerdict,
        at now: Instant
    ) -> [Action] {
        guard let stream = answer(question, verdict) else { return [] }
        if verdict == .valid || verdict == .invalid {
            domains[question.pair.remote]?.backoff?.lift(at: now)
        }
        // A stream for questions closes behind the last answer of its own accord.
        if streams[stream]?.isForQuestions == true, streams[stream]?.questions.isEmpty == true {
            streams[stream]?.phase = .closing
        }
        return take()
    }

    /// Nobody has answered.
    mutating func tireOfQuestion(_ question: DialbackQuestion, at now: Instant) {
        guard let stream = answer(question, .timedOut) else { return }
        guard streams[stream]?.isForQuestions == true, streams[stream]?.questions.isEmpty == true
        else { return }
        act(.close(stream, nil))
        end(stream, nil, .none, at: now)
    }

    /// Hands the answer to whoever waits for it; it returns the stream that was asked on.
    @discardableResult
    mutating func answer(_ question: DialbackQuestion, _ verdict: DialbackVerdict) -> PeerID? {
        guard let known = questions.removeValue(forKey: question) else { return nil }
        schedule.cancel(.question(question))
        streams[known.stream]?.questions.remove(question)
        domains[question.pair.remote]?.questions -= 1
        if let asker = known.asker {
            streams[asker]?.asked.remove(question)
            act(.verified(asker, question, verdict))
        }
        return known.stream
    }

    // MARK: - On which stream

    /// A stream that takes another question for the pair's other domain; nil when that would be
    /// too much.
    ///
    /// Ours alone: on a stream that the peer has opened nothing it says answers us (CVE-2012-3525).
    private mutating func streamForQuestion(_ pair: DomainPair, at now: Instant) -> PeerID? {
        let domain = domains[pair.remote]
        guard questions.count < limits.questions,
            domain?.questions ?? 0 < limits.questionsPerDomain
        else { return nil }
        let known = domain?.streams.first { streams[$0]?.takesQuestion == true }
        if let known { return known }
        guard counts.questionStreams < limits.questionStreams else { return nil }
        let isStranger = !hasBusiness(with: pair.remote)
        guard !isStranger || counts.strangers < limits.strangers else { return nil }
        let id = open(pair, .questions, at: now)
        counts.questionStreams += 1
        if isStranger {
            counts.strangers += 1
            streams[id]?.isToStranger = true
        }
        return id
    }

    /// Whether we send to the domain, or it to us.
    private func hasBusiness(with domain: String) -> Bool {
        guard let domain = domains[domain] else { return false }
        return domain.stanzas > 0
            || domain.streams.contains { streams[$0]?.isForQuestions == false }
    }
}

extension RemoteStream {
    fileprivate var takesQuestion: Bool {
        guard questions.count < OutboundFederation.questionsMax else { return false }
        return isOurs && phase == .open || isForQuestions && phase == .opening
    }
}
