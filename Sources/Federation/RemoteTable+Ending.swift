package import XMPP

/// What becomes of stanzas, pairs and questions when a stream ends.
extension RemoteTable {
    /// A stream has begun to end: nothing more can be written on it, and what was written may
    /// still be acknowledged until ``ended``.
    ///
    /// To be said before anything else is, or a stanza could be handed to a stream that takes none
    /// any more.
    package mutating func closing(
        _ id: PeerID,
        _ failure: FederationFailure?,
        at now: Instant
    ) -> [Action] {
        guard let stream = streams[id] else { return [] }
        if stream.phase == .opening, stream.origin != .theirs {
            // Nothing was written: what waits for it need not wait for the rest.
            end(id, failure ?? .disconnected, .none, at: now)
        } else if stream.phase != .closing {
            shut(id)
            streams[id]?.failure = failure
        }
        return take()
    }

    /// A stream has ended, or a connection did not come to be: why, where that is a failure, and
    /// what of the stanzas written on it is in doubt.
    package mutating func ended(
        _ id: PeerID,
        _ failure: FederationFailure?,
        _ remainder: LinkRemainder,
        at now: Instant
    ) -> [Action] {
        guard let stream = streams[id] else { return [] }
        var failure = failure ?? stream.failure
        // Whatever the reason, to come again at once would be a loop.
        if stream.isOurs, stream.phase == .opening { failure = failure ?? .disconnected }
        end(id, failure, remainder, at: now)
        return take()
    }

    /// Begins to end a stream.
    mutating func close(_ id: PeerID, _ error: StreamError?) {
        guard streams[id]?.phase != .closing else { return }
        act(.close(id, error))
        shut(id)
        if error?.condition == .connectionTimeout { streams[id]?.failure = .timedOut }
    }

    private mutating func shut(_ id: PeerID) {
        streams[id]?.phase = .closing
        cancelDuties(of: id)
    }

    private mutating func cancelDuties(of id: PeerID) {
        schedule.cancel(.ready(id))
        rests.cancel(.idle(id))
        schedule.cancel(.settle(id))
    }

    /// A stream of ours is not ready in time.
    mutating func tireOfOpening(_ id: PeerID, at now: Instant) {
        act(.close(id, StreamError(.connectionTimeout)))
        end(id, .timedOut, .none, at: now)
    }
}

// MARK: - The end of a stream

extension RemoteTable {
    /// Takes a stream out of the table.
    mutating func end(
        _ id: PeerID,
        _ failure: FederationFailure?,
        _ remainder: LinkRemainder,
        at now: Instant
    ) {
        guard var stream = streams.removeValue(forKey: id) else { return }
        cancelDuties(of: id)
        counts.bytes -= stream.written.bytes
        let (settled, unknown) = stream.written.end(remainder)
        if !settled.isEmpty { act(.settled(settled)) }
        if !unknown.isEmpty { act(.unknown(unknown)) }
        for question in stream.asked { questions[question]?.asker = nil }
        for question in stream.questions.sorted(by: { $0.key < $1.key }) {
            answer(question, failure?.verdict ?? .timedOut)
        }
        let touched = touchedPairs(of: id, stream)
        let remotes = remotes(of: stream)
        for domain in remotes {
            domains[domain]?.streams.removeAll { $0 == id }
            if let failure { domains[domain]?.lastFailure = failure }
        }
        switch stream.origin {
        case .ours(let domain, .stanzas):
            endOurs(id, stream, domain, touched, failure, at: now)
        case .ours(_, .questions):
            counts.questionStreams -= 1
            if stream.isToStranger { counts.strangers -= 1 }
        case .theirs:
            for pair in touched { findOtherWay(for: pair, at: now) }
        }
        if isStopping { returnWaiting() }
        for domain in remotes { tidy(domain) }
        advanceLine(at: now)
    }

    private func remotes(of stream: RemoteStream) -> Set<String> {
        var remotes = Set(stream.pairs.map(\.remote))
        if case .ours(let domain, _) = stream.origin { remotes.insert(domain) }
        return remotes
    }

    /// The pairs that go on the stream, or were to be proven on it.
    private func touchedPairs(of id: PeerID, _ stream: RemoteStream) -> [DomainPair] {
        var candidates = stream.pairs
        if case .ours(let domain, _) = stream.origin {
            candidates =
                (domains[domain]?.locals ?? []).map { DomainPair(local: $0, remote: domain) }
        }
        return candidates.filter {
            pairs[$0]?.way == .open(id) || pairs[$0]?.way == .proving(id)
        }
    }

    private mutating func endOurs(
        _ id: PeerID,
        _ stream: RemoteStream,
        _ domain: String,
        _ touched: [DomainPair],
        _ failure: FederationFailure?,
        at now: Instant
    ) {
        counts.streams -= 1
        if stream.pairs.isEmpty { counts.connecting -= 1 }
        let wasUnderway = domains[domain]?.underway == id
        if wasUnderway { domains[domain]?.underway = nil }
        // A server that takes us and then takes nothing from us would have us come again and
        // again: that counts as a failure, too.
        let isFailure = failure != nil && !stream.written.hasSettled
        if isFailure, let failure {
            fail(touched, of: domain, failure, at: now)
        } else {
            for pair in touched { findOtherWay(for: pair, at: now) }
        }
        if wasUnderway { releaseWaiting(for: domain, failure, at: now) }
    }

    /// The stream that carried a pair, or was to, is gone: what waits takes another.
    private mutating func findOtherWay(for pair: DomainPair, at now: Instant) {
        schedule.cancel(.proof(pair))
        pairs[pair]?.way = .idle
        findWay(for: pair, at: now)
        tidy(pair)
    }
}

// MARK: - Failures

extension RemoteTable {
    /// Gives up what waits for the pairs, and remembers the failure: of the domain, unless it says
    /// something of those pairs alone or the domain can be reached all the same.
    private mutating func fail(
        _ touched: [DomainPair],
        of domain: String,
        _ failure: FederationFailure,
        at now: Instant
    ) {
        let isOfPairs = failure.isOfPair || isReached(domain)
        if !isOfPairs { pause(domain, failure, at: now) }
        for pair in touched {
            schedule.cancel(.proof(pair))
            if isOfPairs { pause(pair, failure, at: now) }
            giveUp(pair, failure.bounce(at: now), at: now)
        }
    }

    /// Whether some stream carries stanzas of ours to the domain.
    private func isReached(_ domain: String) -> Bool {
        domains[domain]?.streams.contains { streams[$0]?.carriesOurs == true } == true
    }

    /// The stream that pairs were waiting for is gone: where the domain could not be reached they
    /// fail with it, else they find another way.
    private mutating func releaseWaiting(
        for domain: String,
        _ failure: FederationFailure?,
        at now: Instant
    ) {
        let isPaused = domains[domain]?.backoff.map { now < $0.until } ?? false
        for local in domains[domain]?.locals ?? [] {
            let pair = DomainPair(local: local, remote: domain)
            guard pairs[pair]?.way == .waiting else { continue }
            if isPaused, let failure {
                giveUp(pair, failure.bounce(at: now), at: now)
            } else {
                pairs[pair]?.way = .idle
                findWay(for: pair, at: now)
            }
        }
    }

    private mutating func pause(_ domain: String, _ failure: FederationFailure, at now: Instant) {
        let earlier = domains[domain]?.backoff
        let pause = Backoff(after: earlier, failure, at: now, limits, chance: jitter())
        domains[domain]?.backoff = pause
        schedule.set(.forget(domain), at: pause.forgotten)
    }

    private mutating func pause(_ pair: DomainPair, _ failure: FederationFailure, at now: Instant) {
        let earlier = pairs[pair]?.backoff
        let pause = Backoff(after: earlier, failure, at: now, limits, chance: jitter())
        pairs[pair]?.backoff = pause
        schedule.set(.forgetPair(pair), at: pause.forgotten)
    }

    /// The peer has said nothing of a key for a pair on a stream that goes on for others.
    mutating func tireOfProof(_ pair: DomainPair, at now: Instant) {
        guard case .proving? = pairs[pair]?.way else { return }
        pause(pair, .timedOut, at: now)
        giveUp(pair, FederationFailure.timedOut.bounce(at: now), at: now)
    }
}
