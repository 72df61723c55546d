package import XMPP

/// The routing between servers as a value: which stanzas go to which other domain on which stream,
/// and what becomes of those that cannot (RFC 6120 §10.4).
///
/// Whoever runs the streams feeds what happens and does what the returned actions say, in their
/// order, before the next event. The table knows no socket, no clock and no chance but the jitter
/// that it is given.
///
/// - A pair of domains goes on one stream as long as that lasts, so that nothing overtakes
///   (RFC 6120 §10.1): on one that we opened to the domain, which our other domains share once they
///   are proven on it (XEP-0220 §2.5), or on the peer's own where that goes both ways (XEP-0288).
/// - What cannot be written yet waits. What waits for a stream that fails is bounced, and for a
///   while behind that everything at once.
/// - What was written is kept until it is known to have arrived, and is never sent again: what a
///   stream's end leaves in doubt is reported as such.
///
/// Every bounce is an action, also of a presence or an error, which nobody must be told about:
/// whoever performs them decides what becomes of the stanza.
package struct RemoteTable: Sendable {
    /// What is to be done.
    package enum Action: Sendable, Equatable {
        /// Find the domain's server and open a stream for the pair; then ``authenticated``, or
        /// ``ended``.
        case connect(PeerID, DomainPair, OutboundFederation.Purpose)
        /// Prove another domain of ours on the stream; then ``authenticated`` or ``refused``.
        case prove(PeerID, domain: String)
        /// Write the stanzas. Each event returns at most one for a stream.
        case write(PeerID, [Departure])
        /// Ask on the stream; it may not be open yet. The answer comes by ``answered``.
        case ask(PeerID, DialbackQuestion)
        /// The answer to a question that the stream's peer made us ask.
        case verified(PeerID, DialbackQuestion, DialbackVerdict)
        /// Ask the peer what has arrived.
        case requestAcknowledgement(PeerID)
        /// End the stream, or the attempt to connect; where something was written on it, say with
        /// ``ended`` what the end has left in doubt.
        case close(PeerID, StreamError?)
        /// The stanza was not written, and will not be.
        case bounce(Departure, StanzaError)
        /// The stanzas have arrived.
        case settled([Departure])
        /// The stanzas were written, and nobody knows whether they have arrived.
        case unknown([Departure])
        /// The stanzas were not written, for we stop: somebody else may have more luck.
        case returned([Departure])
        /// Call ``woke(at:)`` then; a newer one is always an earlier one.
        case wake(Instant)
    }

    let policy: FederationPolicy
    let limits: Limits
    let jitter: @Sendable () -> Double

    var pairs: [DomainPair: RemotePair] = [:]
    var domains: [String: RemoteDomain] = [:]
    var streams: [PeerID: RemoteStream] = [:]
    /// Who asks a question, as far as it is still there, and on which stream.
    var questions: [DialbackQuestion: (asker: PeerID?, stream: PeerID)] = [:]
    var schedule = RemoteSchedule()
    /// When streams of ours are idle: apart, because the one that has rested longest is wanted.
    var rests = RemoteSchedule()
    /// The earliest time for which a wake was asked for.
    var announced: Instant?
    /// Pairs that wait for their turn to connect; those that do not any more are passed over.
    var line: [DomainPair] = []
    var lineStart = 0
    var counts = Counts()
    var isStopping = false
    private var lastNumber: UInt64 = 0

    /// What the event under way has come to so far.
    private var actions: [Action] = []
    private var writes: [(stream: PeerID, departures: [Departure])] = []
    private var writePlaces: [PeerID: Int] = [:]

    /// What limits are held against.
    struct Counts: Sendable, Equatable {
        /// Streams of ours for stanzas, and those of them that are on their way.
        var streams = 0
        var connecting = 0
        var questionStreams = 0
        var strangers = 0
        /// Stanzas that wait.
        var waiting = 0
        /// Bytes of stanzas that wait, and of those in doubt.
        var bytes = 0
    }

    /// A table of no domains.
    ///
    /// `jitter` is asked for a number from 0 up to 1 whenever a pause begins.
    package init(
        policy: FederationPolicy,
        limits: Limits = Limits(),
        jitter: @escaping @Sendable () -> Double = { 0 }
    ) {
        self.policy = policy
        self.limits = limits
        self.jitter = jitter
    }

    /// The number of a stream that a peer opens, for ``accepted(_:address:at:)``.
    package mutating func nextID() -> PeerID {
        lastNumber += 1
        return PeerID(lastNumber)
    }

    /// Whether there is no stream, nothing waits, and nothing is asked.
    package var isQuiet: Bool {
        streams.isEmpty && questions.isEmpty && counts.waiting == 0
    }
}

// MARK: - Stanzas

extension RemoteTable {
    /// Stanzas of ours for other domains; those of a pair in their order.
    package mutating func send(_ departures: [Departure], at now: Instant) -> [Action] {
        if isStopping { return departures.isEmpty ? [] : [.returned(departures)] }
        var rest = departures[...]
        while let departure = rest.first {
            rest = write(rest, at: now)
            guard rest.first === departure else { continue }
            send(departure, at: now)
            rest.removeFirst()
        }
        return take()
    }

    /// Writes stanzas of one pair that need not wait; what is left of all.
    private mutating func write(
        _ departures: ArraySlice<Departure>,
        at now: Instant
    ) -> ArraySlice<Departure> {
        guard let pair = departures.first?.pair, case .open(let id)? = pairs[pair]?.way,
            pairs[pair]?.waiting.isEmpty == true, let stream = streams[id]
        else { return departures }
        var room = stream.room(limits, bytes: limits.bytes - counts.bytes)
        let count = departures.prefix { departure in
            departure.pair == pair && isShort(departure) && room.take(departure)
        }.count
        guard count > 0 else { return departures }
        write(departures.prefix(count), on: id, at: now)
        return departures.dropFirst(count)
    }

    private func isShort(_ departure: Departure) -> Bool {
        departure.bytes.count <= limits.stanzaBytes
    }

    private mutating func send(_ departure: Departure, at now: Instant) {
        let pair = departure.pair
        let way = pairs[pair]?.way ?? .idle
        if way == .idle, let error = refusal(of: pair, at: now) {
            return act(.bounce(departure, error))
        }
        guard isShort(departure) else {
            let error = StanzaError(.policyViolation, text: "too long for another server")
            return act(.bounce(departure, error))
        }
        guard departure.footprint <= limits.bytes - counts.bytes else {
            return bounce(departure, "too much waits for other domains")
        }
        wait(departure, at: now)
        if way == .idle { findWay(for: pair, at: now) }
        if case .open(let id) = way { streams[id]?.isHolding = true }
    }

    /// Why nothing is tried for a pair.
    private func refusal(of pair: DomainPair, at now: Instant) -> StanzaError? {
        guard policy.rule(for: pair.remote).isAllowed else {
            return FederationFailure.blocked.bounce
        }
        if openStream(for: pair) != nil { return nil }
        if let pause = pairs[pair]?.backoff, now < pause.until { return pause.refusal }
        if let pause = domains[pair.remote]?.backoff, now < pause.until { return pause.refusal }
        guard domains[pair.remote] != nil || domains.count < limits.domains else {
            return StanzaError(.resourceConstraint, text: "too many other domains are in use")
        }
        return nil
    }

    /// Puts a stanza behind those of its pair that wait, where there is room.
    private mutating func wait(_ departure: Departure, at now: Instant) {
        let pair = departure.pair
        let bytes = departure.footprint
        let domain = domains[pair.remote] ?? RemoteDomain()
        // One stanza alone may be as long as any.
        let isFull =
            domain.stanzas >= limits.stanzasPerDomain
            || domain.stanzas > 0 && bytes > limits.bytesPerDomain - domain.bytes
        guard !isFull else {
            return bounce(departure, "too much waits for \(pair.remote)")
        }
        add(pair)
        pairs[pair]?.waiting.append(departure)
        lighten(pair, by: -1, -bytes)
    }

    /// So much less waits for the pair.
    mutating func lighten(_ pair: DomainPair, by stanzas: Int, _ bytes: Int) {
        domains[pair.remote]?.stanzas -= stanzas
        domains[pair.remote]?.bytes -= bytes
        counts.waiting -= stanzas
        counts.bytes -= bytes
    }

    private mutating func bounce(_ departure: Departure, _ text: String) {
        act(.bounce(departure, StanzaError(.resourceConstraint, text: text)))
    }

    /// Writes what waits for the pair on its stream, as much as may be in doubt.
    mutating func flush(_ pair: DomainPair, at now: Instant) {
        guard case .open(let id)? = pairs[pair]?.way, let waiting = pairs[pair]?.waiting,
            !waiting.isEmpty
        else { return }
        guard var room = streams[id]?.room(limits) else { return }
        let written = waiting.prefix { room.take($0) }
        if !written.isEmpty {
            write(written, on: id, at: now)
            pairs[pair]?.waiting.removeFirst(written.count)
            lighten(pair, by: written.count, written.footprint)
        }
        if written.count < waiting.count { streams[id]?.isHolding = true }
    }

    /// Takes everything that waits for the pair out of the table.
    mutating func takeWaiting(for pair: DomainPair) -> [Departure] {
        guard let waiting = pairs[pair]?.waiting, !waiting.isEmpty else { return [] }
        pairs[pair]?.waiting = []
        lighten(pair, by: waiting.count, waiting.footprint)
        return waiting
    }

    private mutating func write(
        _ departures: ArraySlice<Departure>,
        on id: PeerID,
        at now: Instant
    ) {
        // Taken out and put back, so that what it keeps is not copied.
        guard var stream = streams.removeValue(forKey: id) else { return }
        for departure in departures { stream.written.append(departure) }
        stream.lastActive = now
        streams[id] = stream
        counts.bytes += departures.footprint
        watch(id, at: now)
        if let place = writePlaces[id] {
            writes[place].departures += departures
        } else {
            writePlaces[id] = writes.count
            writes.append((id, Array(departures)))
        }
    }
}

extension RemoteStream {
    /// What may be written now, with no more than so many bytes in all.
    func room(_ limits: RemoteTable.Limits, bytes: Int = .max) -> WrittenStanzas.Room {
        phase == .open ? written.room(limits, bytes: bytes) : WrittenStanzas.Room()
    }
}

// MARK: - What is known of

extension RemoteTable {
    /// Makes a place for a pair, and for its domain.
    mutating func add(_ pair: DomainPair) {
        guard pairs[pair] == nil else { return }
        pairs[pair] = RemotePair()
        domains[pair.remote, default: RemoteDomain()].locals.append(pair.local)
    }

    /// Forgets a pair that nothing is known of any more, and then its domain.
    mutating func tidy(_ pair: DomainPair) {
        if pairs[pair]?.isOfInterest == false {
            pairs[pair] = nil
            domains[pair.remote]?.locals.removeAll { $0 == pair.local }
        }
        tidy(pair.remote)
    }

    mutating func tidy(_ domain: String) {
        if domains[domain]?.isOfInterest == false { domains[domain] = nil }
    }
}

// MARK: - Actions

extension RemoteTable {
    mutating func act(_ action: Action) {
        actions.append(action)
    }

    mutating func bounce(_ departures: [Departure], _ error: StanzaError) {
        for departure in departures { act(.bounce(departure, error)) }
    }

    /// All that the event has come to.
    ///
    /// What is written comes first: an event that ends a stream writes nothing on it.
    mutating func take() -> [Action] {
        var result = writes.map { Action.write($0.stream, $0.departures) }
        result += actions
        if let due = [schedule.next, rests.next].compactMap(\.self).min(),
            announced.map({ due < $0 }) ?? true
        {
            announced = due
            result.append(.wake(due))
        }
        actions = []
        writes = []
        writePlaces = [:]
        return result
    }
}
