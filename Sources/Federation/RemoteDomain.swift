import XMPP

/// What a ``RemoteTable`` knows of one other domain.
struct RemoteDomain: Sendable {
    /// Our domains that have something to do with it.
    var locals: [String] = []
    /// Streams that we open to it, and those of its own that have proven a pair, in that order.
    var streams: [PeerID] = []
    /// The stream for stanzas that is on its way; pairs wait for it.
    var underway: PeerID?
    /// What waits, over all pairs.
    var stanzas = 0
    var bytes = 0
    /// Questions that wait for its answers.
    var questions = 0
    var backoff: Backoff?
    /// Why the last stream that failed did.
    var lastFailure: FederationFailure?

    init(_ streams: [PeerID] = []) {
        self.streams = streams
    }

    /// Whether anything is known that counts for what comes.
    var isOfInterest: Bool {
        !locals.isEmpty || !streams.isEmpty || questions > 0 || backoff != nil
    }
}

/// What a ``RemoteTable`` knows of a domain of ours and another one.
struct RemotePair: Sendable {
    enum Way: Sendable, Equatable {
        /// There is none, and nothing waits for one.
        case idle
        /// In line, for there are as many connections on their way as may be.
        case inLine
        /// The stream that is on its way may do for this pair too.
        case waiting
        /// The pair is being proven on the stream.
        case proving(PeerID)
        /// What is sent goes on that stream as long as it lasts.
        case open(PeerID)
    }

    var way = Way.idle
    /// In the order in which they came.
    var waiting: [Departure] = []
    var backoff: Backoff?

    var isOfInterest: Bool { way != .idle || !waiting.isEmpty || backoff != nil }
}

/// The pause behind failures.
struct Backoff: Sendable {
    /// Failures without a success between them.
    private(set) var count = 0
    private(set) var failure: FederationFailure
    /// When it was tried the last time.
    private(set) var tried: Instant
    /// When the next stanza makes a new attempt.
    private(set) var until: Instant
    /// When nobody needs to know any more.
    ///
    /// As long behind the pause as that was: if a failure were forgotten at its end, the next would
    /// be the first again.
    private(set) var forgotten: Instant

    /// The failure after `earlier`; `chance` is at least 0 and below 1.
    init(
        after earlier: Backoff?,
        _ failure: FederationFailure,
        at now: Instant,
        _ limits: RemoteTable.Limits,
        chance: Double
    ) {
        count = (earlier?.count ?? 0) + 1
        self.failure = failure
        tried = now
        let doublings = min(count - 1, 30)
        let whole = min(limits.backoffFirst * (1 << doublings), limits.backoffMost)
        // Servers that failed together do not come back together.
        let pause = whole - whole * min(max(chance, 0), 1) / 4
        until = now + pause
        forgotten = until + pause
    }

    /// The domain has shown that it is there: the next stanza tries again.
    mutating func lift(at now: Instant) { until = min(until, now) }

    /// What the sender of a stanza is told that nobody tried to send.
    var refusal: StanzaError {
        var error = failure.bounce
        let times = "(tried at \(tried.toSeconds); next attempt from \(until.toSeconds))"
        error.text = "\(failure.summary) \(times)"
        return error
    }
}

extension FederationFailure {
    /// What the senders of the stanzas that waited are told.
    func bounce(at now: Instant) -> StanzaError {
        var error = bounce
        error.text = "\(summary) (tried at \(now.toSeconds))"
        return error
    }

    /// Whether it says something of one domain of ours only: the next one may fare better.
    var isOfPair: Bool {
        switch self {
        case .keyDenied, .verificationFailed, .certificateRefused, .noProofOffered, .tooManyPairs:
            true
        case .blocked, .unreachable, .tlsUnavailable, .tlsFailed, .certificateUntrusted,
            .streamFailed, .protocolViolated, .closedByPeer, .timedOut, .disconnected:
            false
        }
    }
}

extension Instant {
    /// As text for people, who need no milliseconds.
    fileprivate var toSeconds: String { dateTime.prefix(19) + "Z" }
}
