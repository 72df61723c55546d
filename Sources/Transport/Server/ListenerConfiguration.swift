package import XMPP

/// Where a listener listens and what it speaks.
package struct ListenerConfiguration: Sendable {
    /// An address or a name; `::` is every address of both kinds.
    package var host: String
    /// 0 lets the system choose.
    package var port: Int
    /// Of what kind the streams are, how they are secured, what is offered.
    package var stream: AcceptedStream.Configuration
    package var limits: ConnectionLimits
    /// Who has been wrong too often to try again at once; nil lets everybody try.
    package var attempts: AttemptGuard?

    package init(
        host: String,
        port: Int,
        stream: AcceptedStream.Configuration,
        limits: ConnectionLimits = ConnectionLimits()
    ) {
        self.host = host
        self.port = port
        self.stream = stream
        self.limits = limits
    }
}

/// What one connection may cost.
package struct ConnectionLimits: Sendable {
    /// Of a stanza before the log-in.
    package var beforeLogin = XMLLimits.beforeAuthentication
    /// Of a stanza after it.
    package var afterLogin = XMLLimits.client
    /// From the connection to the session, whatever is sent meanwhile.
    package var login = Duration.seconds(60)
    /// Silence after which a client is asked whether it is there (XEP-0199); nil never asks.
    package var pingAfter: Duration? = .seconds(15)
    /// Silence after which it is gone (RFC 6120 §4.6); nil waits for ever.
    package var goneAfter: Duration? = .seconds(30)
    /// How long the peer's own end tag is waited for after ours.
    package var closing = Duration.seconds(5)
    /// Bytes a second that are read in the long run, and at once; nil reads all.
    package var rate: ByteRate? = ByteRate()
    /// Stanzas a second that are read, however small; nil reads all.
    package var stanzaRate: StanzaRate?
    /// Bytes that wait for a peer that reads slowly.
    package var outboundBytes = 1024 * 1024

    package init() {}
}

/// How much a peer may send.
package struct ByteRate: Sendable, Hashable {
    /// In the long run: twenty times what a busy chat needs.
    package var bytesPerSecond: Int
    /// At once: a roster or a large avatar.
    package var burst: Int

    package init(bytesPerSecond: Int = 20_000, burst: Int = 200_000) {
        self.bytesPerSecond = max(bytesPerSecond, 1)
        self.burst = max(burst, 1)
    }
}

/// How many stanzas a peer may send.
package struct StanzaRate: Sendable, Hashable {
    /// In the long run; as many may come at once.
    package var stanzasPerSecond: Int

    package init(stanzasPerSecond: Int) {
        self.stanzasPerSecond = max(stanzasPerSecond, 1)
    }
}

/// What is left of a ``ByteRate`` or a ``StanzaRate``: a bucket that fills with time and empties
/// with what is read.
///
/// It may go below nothing, by what one read brings; then nothing is read until it is full enough.
struct ReadingBudget {
    private let perSecond: Int
    private let burst: Int
    private var left: Int
    private var countedAtNanoseconds: Int64

    init(_ rate: ByteRate, atNanoseconds now: Int64) {
        self.init(perSecond: rate.bytesPerSecond, burst: rate.burst, now)
    }

    init(_ rate: StanzaRate, atNanoseconds now: Int64) {
        self.init(perSecond: rate.stanzasPerSecond, burst: rate.stanzasPerSecond, now)
    }

    private init(perSecond: Int, burst: Int, _ now: Int64) {
        self.perSecond = perSecond
        self.burst = burst
        left = burst
        countedAtNanoseconds = now
    }

    /// Takes what was read; false when no more should be.
    mutating func take(_ count: Int, atNanoseconds now: Int64) -> Bool {
        refill(now)
        left = max(left &- count, -Int.max / 2)
        return left > 0
    }

    /// How long to wait until there is a tenth of a second's worth again; zero if there is.
    mutating func nanosecondsToWait(atNanoseconds now: Int64) -> Int64 {
        refill(now)
        guard left <= 0 else { return 0 }
        let wanted = Double(perSecond) / 10 - Double(left)
        return Int64(min(wanted / Double(perSecond) * 1e9, 3600e9))
    }

    private mutating func refill(_ now: Int64) {
        let elapsed = Double(now &- countedAtNanoseconds)
        let gained = Int(min(max(elapsed, 0) / 1e9 * Double(perSecond), 1e15))
        // What is less than one stays in the clock.
        guard gained > 0 else { return }
        left = min(left &+ gained, burst)
        // No more than what has elapsed.
        let counted = Int64(Double(gained) / Double(perSecond) * 1e9)
        countedAtNanoseconds = min(countedAtNanoseconds &+ counted, now)
    }
}
