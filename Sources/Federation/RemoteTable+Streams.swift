package import XMPP

/// Which stream a pair goes on.
extension RemoteTable {
    /// A peer has opened a stream, with a number from ``nextID()``.
    package mutating func accepted(
        _ id: PeerID,
        address: String?,
        at now: Instant
    ) -> [Action] {
        guard streams[id] == nil else { return [] }
        streams[id] = RemoteStream(.theirs, since: now, address: address)
        if isStopping { close(id, StreamError(.systemShutdown)) }
        return take()
    }

    /// The pair is proven on the stream.
    package mutating func authenticated(
        _ id: PeerID,
        _ pair: DomainPair,
        _ proof: FederationProof,
        _ direction: FederationDirection,
        at now: Instant
    ) -> [Action] {
        guard let stream = streams[id], stream.phase != .closing, !stream.pairs.contains(pair)
        else { return [] }
        streams[id]?.pairs.append(pair)
        streams[id]?.proof = proof
        streams[id]?.direction = direction
        streams[id]?.lastActive = now
        if domains[pair.remote]?.streams.contains(id) != true {
            domains[pair.remote, default: RemoteDomain()].streams.append(id)
        }
        // Whatever was wrong, the domain is there.
        domains[pair.remote]?.backoff?.lift(at: now)
        if stream.phase == .opening { opened(id, pair.remote, at: now) }
        if direction != .incoming { use(id, for: pair, at: now) }
        return take()
    }

    /// The peer does not let us send for the pair on a stream that goes on for others: the pair
    /// gets a stream of its own, on which our certificate may do what a key did not.
    package mutating func refused(
        _ id: PeerID,
        _ pair: DomainPair,
        _ failure: FederationFailure,
        at now: Instant
    ) -> [Action] {
        guard pairs[pair]?.way == .proving(id) else { return [] }
        schedule.cancel(.proof(pair))
        connectOrWait(for: pair, at: now)
        return take()
    }

    private mutating func opened(_ id: PeerID, _ domain: String, at now: Instant) {
        streams[id]?.phase = .open
        guard streams[id]?.isOurs == true else { return }
        schedule.cancel(.ready(id))
        rests.set(.idle(id), at: now + limits.idleTime)
        counts.connecting -= 1
        if domains[domain]?.underway == id { domains[domain]?.underway = nil }
        for local in domains[domain]?.locals ?? [] {
            let pair = DomainPair(local: local, remote: domain)
            if pairs[pair]?.way == .waiting { findWay(for: pair, at: now) }
        }
        advanceLine(at: now)
    }

    /// Sends for the pair on a stream that carries it, unless it has one already.
    private mutating func use(_ id: PeerID, for pair: DomainPair, at now: Instant) {
        add(pair)
        if case .open? = pairs[pair]?.way { return }
        // Nothing of the pair was written elsewhere, so nothing can be overtaken.
        schedule.cancel(.proof(pair))
        schedule.cancel(.line(pair))
        pairs[pair]?.way = .open(id)
        pairs[pair]?.backoff = nil
        schedule.cancel(.forgetPair(pair))
        flush(pair, at: now)
    }
}

// MARK: - Finding a way

extension RemoteTable {
    /// A stream on which the pair is proven and goes our way.
    func openStream(for pair: DomainPair) -> PeerID? {
        domains[pair.remote]?.streams.first {
            streams[$0]?.carriesOurs == true && streams[$0]?.pairs.contains(pair) == true
        }
    }

    /// Finds a way for a pair for which something waits, or begins to make one.
    mutating func findWay(for pair: DomainPair, at now: Instant) {
        guard !isStopping, pairs[pair]?.waiting.isEmpty == false else { return }
        if let id = openStream(for: pair) { return use(id, for: pair, at: now) }
        let domain = domains[pair.remote]
        if let id = domain?.streams.first(where: { streams[$0]?.mayProve == true }) {
            pairs[pair]?.way = .proving(id)
            schedule.set(.proof(pair), at: now + limits.readyTime)
            return act(.prove(id, domain: pair.local))
        }
        let isAnotherInLine = domain?.locals.contains {
            pairs[DomainPair(local: $0, remote: pair.remote)]?.way == .inLine
        }
        if domain?.underway != nil || isAnotherInLine == true {
            pairs[pair]?.way = .waiting
        } else {
            connectOrWait(for: pair, at: now)
        }
    }

    /// Connects for the pair, at once or when it is its turn.
    mutating func connectOrWait(for pair: DomainPair, at now: Instant) {
        if mayConnect { return connect(for: pair, at: now) }
        pairs[pair]?.way = .inLine
        line.append(pair)
        schedule.set(.line(pair), at: now + limits.lineTime)
        if counts.streams >= limits.streams { makePlaces(at: now, 1) }
    }

    /// Closes streams that have carried nothing for a while, for those that wait in line.
    mutating func makePlaces(at now: Instant, _ wanted: Int? = nil) {
        var missing = wanted ?? (line.count - lineStart)
        while missing > 0 {
            // They are ordered by when they began to rest, as far as that is known.
            let rested = now + (limits.idleTime - limits.spareTime)
            guard case .idle(let id)? = rests.take(at: rested), let stream = streams[id] else {
                // Sooner or later one of them will have rested.
                return schedule.set(.place, at: now + limits.spareTime / 2)
            }
            if stream.isBusy {
                rests.set(.idle(id), at: now + limits.idleTime)
            } else if stream.lastActive + limits.spareTime > now {
                rests.set(.idle(id), at: stream.lastActive + limits.idleTime)
            } else {
                close(id, nil)
                missing -= 1
            }
        }
    }

    private var mayConnect: Bool {
        counts.connecting < limits.connecting && counts.streams < limits.streams
    }

    private mutating func connect(for pair: DomainPair, at now: Instant) {
        let id = open(pair, .stanzas, at: now)
        pairs[pair]?.way = .proving(id)
        if domains[pair.remote]?.underway == nil { domains[pair.remote]?.underway = id }
        counts.streams += 1
        counts.connecting += 1
        schedule.set(.ready(id), at: now + limits.readyTime)
    }

    /// Begins a stream of ours.
    mutating func open(
        _ pair: DomainPair,
        _ purpose: OutboundFederation.Purpose,
        at now: Instant
    ) -> PeerID {
        let id = nextID()
        streams[id] = RemoteStream(.ours(pair.remote, purpose), since: now)
        domains[pair.remote, default: RemoteDomain()].streams.append(id)
        act(.connect(id, pair, purpose))
        return id
    }

    /// Connects for those in front of the line, as many as may be.
    mutating func advanceLine(at now: Instant) {
        while lineStart < line.count {
            let pair = line[lineStart]
            if pairs[pair]?.way == .inLine {
                guard mayConnect else { break }
                schedule.cancel(.line(pair))
                connect(for: pair, at: now)
            }
            lineStart += 1
        }
        // Once half of it is behind us, so that each is moved once.
        if lineStart * 2 >= line.count {
            line.removeFirst(lineStart)
            lineStart = 0
        }
    }

    /// The pair has been in line for too long, and with it those that count on it.
    mutating func tireOfLine(_ pair: DomainPair, at now: Instant) {
        guard pairs[pair]?.way == .inLine else { return }
        let error = StanzaError(
            .resourceConstraint,
            text: "too many connections to other domains are being made"
        )
        giveUp(pair, error, at: now)
        let locals = domains[pair.remote]?.underway == nil ? domains[pair.remote]?.locals : nil
        for local in locals ?? [] {
            let other = DomainPair(local: local, remote: pair.remote)
            if pairs[other]?.way == .waiting { giveUp(other, error, at: now) }
        }
        advanceLine(at: now)
    }

    /// Bounces what waits for the pair.
    mutating func giveUp(_ pair: DomainPair, _ error: StanzaError, at now: Instant) {
        pairs[pair]?.way = .idle
        bounce(takeWaiting(for: pair), error)
        tidy(pair)
    }
}

extension RemoteStream {
    /// Whether another domain of ours can be proven on it.
    fileprivate var mayProve: Bool { isOurs && phase == .open }
}
