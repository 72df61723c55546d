package import Federation
package import XMPP

/// What streams between servers are run for: it knows which goes where.
///
/// Every function is called on the connection's event loop, in the order of what came.
package protocol PeerOwner: Sendable {
    /// A server has connected; the answer is what its stream is called from here on.
    func accepted(_ connection: PeerConnection) -> PeerID

    /// A stream of ours begins on a connection that was made.
    func opened(_ connection: PeerConnection)

    /// Stanzas of pairs that are proven, in order: all that one read brought. When they are taken
    /// care of, ``PeerConnection/handled(through:)`` lets the peer forget them.
    func received(_ stanzas: [Arrival], on connection: PeerConnection)

    /// Answers of ours to what could not be delivered: to be routed as any other stanza of ours.
    func answered(_ stanza: Stanza, on connection: PeerConnection)

    /// The peer shows a key; only its authoritative server can say whether it is good
    /// (``PeerConnection/verified(_:_:)``).
    func asked(_ question: DialbackQuestion, on connection: PeerConnection)

    /// What the stream has come to.
    func happened(_ event: FederationEvent, on connection: PeerConnection)

    /// The peer acknowledges what is sent from here on (XEP-0198).
    func acknowledging(_ connection: PeerConnection)

    /// All that was written so far is with the peer's system, which has acknowledged the bytes.
    func drained(_ connection: PeerConnection)

    /// The stream begins to end: nothing more can be sent on it, and what was may still be
    /// acknowledged. Called once, before anything that the owner could answer by sending.
    func closing(_ connection: PeerConnection, _ failure: FederationFailure?)

    /// The stream is over; the last call. `failure` is nil where it ended in peace, or where the
    /// peer that had opened it ended it.
    func ended(
        _ connection: PeerConnection,
        _ failure: FederationFailure?,
        _ remainder: LinkRemainder
    )
}

/// What streams between servers have in common, whoever opens them.
package struct PeerConfiguration: Sendable {
    /// The domain that answers where a header names none of ours.
    package var domain: String
    /// Which domains are ours and may be reached, normalised.
    package var serves: @Sendable (String) -> Bool
    /// Which domains no other server may be: those, and others of ours.
    package var isOurs: @Sendable (String) -> Bool
    package var policy: FederationPolicy
    package var keys: DialbackKeys
    package var limits = PeerLimits()
    /// Whether streams may go both ways (XEP-0288).
    package var isBidirectional = true
    /// Whether acknowledgements are offered and asked for (XEP-0198).
    package var acknowledges = true
    /// Whether nobody in this process reads what stanzas hold
    /// (``XMLStreamParser/passesStanzas``).
    package var passesStanzas = false

    package init(
        domain: String,
        serves: @escaping @Sendable (String) -> Bool,
        policy: FederationPolicy,
        keys: DialbackKeys
    ) {
        self.domain = domain
        self.serves = serves
        isOurs = serves
        self.policy = policy
        self.keys = keys
    }
}

/// What one stream between servers may cost.
package struct PeerLimits: Sendable, Hashable {
    /// Of a stanza before the first pair is proven.
    package var beforeProof = XMLLimits.beforeAuthentication
    /// Of a stanza after it.
    package var afterProof = XMLLimits.server
    /// From the connection to the first proof, whatever is sent meanwhile.
    package var negotiation = Duration.seconds(30)
    /// How long the peer's own end tag is waited for after ours.
    package var closing = Duration.seconds(5)
    /// Bytes a second that are read in the long run, and at once; nil reads all.
    package var rate: ByteRate? = ByteRate(bytesPerSecond: 1 << 20, burst: 4 << 20)
    /// Bytes that wait for a peer that reads slowly: past that the stream ends.
    package var outboundBytes = 4 << 20
    /// The same before the first proof, when there are headers, questions and answers only.
    package var outboundBytesBeforeProof = 64 * 1024
    /// How long bytes may be on their way without the peer's system taking them.
    package var unsent = Duration.seconds(60)

    package init() {}
}
