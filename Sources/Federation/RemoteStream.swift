import XMPP

/// What a ``RemoteTable`` knows of one stream.
struct RemoteStream: Sendable {
    enum Origin: Sendable, Equatable {
        /// We open it, to that domain.
        case ours(String, OutboundFederation.Purpose)
        case theirs
    }

    enum Phase: Sendable, Equatable {
        /// No pair is proven yet.
        case opening
        case open
        /// Its end has begun: nothing more may be written, what was written may still arrive.
        case closing
    }

    let origin: Origin
    let since: Instant
    /// Where it comes from, for people.
    let address: String?
    var phase = Phase.opening
    /// The pairs that are proven, in that order.
    var pairs: [DomainPair] = []
    var proof: FederationProof?
    var direction: FederationDirection
    /// When something last came or went.
    var lastActive: Instant
    /// What was written and is in doubt.
    var written = WrittenStanzas()
    /// Since when an answer is waited for: of the peer, which was asked what has arrived, or of
    /// the socket, which has something to write.
    var doubtSince: Instant?
    /// Whether stanzas wait because too much is in doubt.
    var isHolding = false
    /// Questions that were asked on it.
    var questions: Set<DialbackQuestion> = []
    /// Questions that are asked for it: the pairs that its peer wants to prove.
    var asked: Set<DialbackQuestion> = []
    /// Whether it is one of the ``RemoteTable/Limits/strangers``.
    var isToStranger = false
    /// Why its end has begun.
    var failure: FederationFailure?

    init(_ origin: Origin, since: Instant, address: String? = nil) {
        self.origin = origin
        self.since = since
        self.address = address
        direction = origin == .theirs ? .incoming : .outgoing
        lastActive = since
    }

    /// Whether we opened it for stanzas.
    var isOurs: Bool {
        if case .ours(_, .stanzas) = origin { true } else { false }
    }

    /// Whether it is for questions alone.
    var isForQuestions: Bool {
        if case .ours(_, .questions) = origin { true } else { false }
    }

    /// Whether something on it is not done yet.
    var isBusy: Bool { !written.isEmpty || !questions.isEmpty }

    /// Whether we may send on it for the pairs that are proven.
    var carriesOurs: Bool { phase == .open && direction != .incoming }
}
