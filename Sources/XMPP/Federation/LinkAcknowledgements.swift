/// Which stanzas of a stream between servers have arrived (XEP-0198 §4, without resumption), or
/// how many nobody can say that of.
///
/// Both directions are counted from the first stanza of the stream, in 64 bits, so that positions
/// never repeat; on the wire a count starts when acknowledgements do, and is 32 bits wide. The
/// stanzas themselves are with whoever sent them, oldest first.
///
/// States, in order: off; asked for, by the side that opened the stream; on. A refusal leads back
/// to off.
package struct LinkAcknowledgements: Sendable, Equatable {
    private enum State: Equatable {
        case off
        /// Our count runs, the peer's not yet.
        case asked
        case on
    }

    private var state = State.off
    /// Stanzas written.
    package private(set) var sent: UInt64 = 0
    /// The oldest of them, that are known to have arrived.
    package private(set) var settled: UInt64 = 0
    /// Stanzas read.
    package private(set) var received: UInt64 = 0
    /// The oldest of them, that we have taken responsibility for.
    private var handled: UInt64 = 0
    /// What `sent` and `received` were when the counts on the wire began.
    private var sentBefore: UInt64 = 0
    private var receivedBefore: UInt64 = 0
    /// The peer's count, of 64 bits.
    private var acknowledged: UInt64 = 0
    /// What `sent` was when the peer was last asked.
    private var asked: UInt64 = 0

    package init() {}

    /// Stanzas between two requests: few enough that little is kept, enough that requests are
    /// lost among them.
    package static let stanzasPerRequest = 50
    /// Unacknowledged stanzas at which the sender should hold back: a tenth of a second's at the
    /// most that a stream carries, so that a peer which stumbles for a moment holds nothing up.
    package static let unacknowledgedMax = 10_000

    /// Whether the peer acknowledges what we send.
    package var areOn: Bool { state == .on }

    /// Whether the sender should hold back until more is acknowledged.
    package var isFull: Bool { state != .off && sent - settled >= Self.unacknowledgedMax }

    /// What is not known to have arrived.
    package var remainder: LinkRemainder {
        let count = Int(clamping: sent - settled)
        if count == 0 { return .none }
        return state == .on ? .unacknowledged(count) : .ofUnknownFate(count)
    }
}

/// The newest stanzas of a stream that has ended, as far as nobody knows that they arrived.
package enum LinkRemainder: Sendable, Hashable {
    case none
    /// The peer has acknowledged all but that many. It may have some of these all the same: only
    /// resumption could tell.
    case unacknowledged(Int)
    /// There were no acknowledgements: so many were written since the last sign of the peer.
    case ofUnknownFate(Int)
}

// MARK: - Counting

extension LinkAcknowledgements {
    /// So many stanzas were written; true when the peer should be asked for its count.
    mutating func wrote(_ stanzas: Int) -> Bool {
        sent += UInt64(clamping: stanzas)
        guard state == .on, sent - asked >= Self.stanzasPerRequest else { return false }
        asked = sent
        return true
    }

    /// So many stanzas were read.
    mutating func read(_ stanzas: Int = 1) {
        received += UInt64(clamping: stanzas)
    }

    /// All up to the position `received` had then are handled: stored, delivered, or sent on.
    mutating func handle(through position: UInt64) {
        handled = max(handled, min(position, received))
    }

    /// All up to the position `sent` had then have arrived, by other evidence than
    /// acknowledgements: the peer has answered something that was sent behind them, say.
    mutating func settle(through position: UInt64) {
        settled = max(settled, min(position, sent))
    }
}

// MARK: - The wire

extension LinkAcknowledgements {
    /// What comes of an element of the peer's.
    enum Step: Equatable {
        case nothing
        case send(Element)
        /// So many more, the oldest, have arrived.
        case settled(Int)
    }

    /// Asks for acknowledgements: the counts of what we send begin (XEP-0198 §4).
    mutating func enable() -> Element {
        state = .asked
        sentBefore = sent
        asked = sent
        return Element("enable", Namespace.streamManagement)
    }

    /// Reads what the peer says of acknowledgements; `mayEnable` is false before it has
    /// authenticated, and where it did not open the stream.
    mutating func received(
        _ element: Element,
        mayEnable: Bool
    ) throws(StreamError) -> Step {
        switch (element.name, state) {
        case ("enable", .off):
            guard mayEnable else { return .send(Self.unexpected) }
            state = .on
            sentBefore = sent
            asked = sent
            receivedBefore = received
            return .send(Element("enabled", Namespace.streamManagement))
        case ("enabled", .asked):
            state = .on
            receivedBefore = received
            return .nothing
        case ("failed", .asked):
            state = .off
            return .nothing
        case ("resume", _):
            // Nothing of a stream outlives it.
            return .send(Self.unexpected)
        case ("r", .on):
            return .send(acknowledgement)
        case ("a", .on):
            return .settled(try acknowledged(element["h"]))
        default:
            throw StreamError(.unsupportedStanzaType)
        }
    }

    private static let unexpected = Element(
        "failed",
        Namespace.streamManagement,
        [Element("unexpected-request", Namespace.stanzaErrors)]
    )

    /// Asks the peer for its count, where there is something to ask about.
    mutating func request() -> Element? {
        guard state == .on, sent > settled else { return nil }
        asked = sent
        return Element("r", Namespace.streamManagement)
    }

    /// Our count, to end a stream with; nil without acknowledgements.
    var last: Element? { state == .on ? acknowledgement : nil }

    private var acknowledgement: Element {
        // What was read before the counts began, and is not handled yet, counts for nothing.
        let count = max(handled, receivedBefore) - receivedBefore
        var element = Element("a", Namespace.streamManagement)
        element["h"] = String(UInt32(truncatingIfNeeded: count))
        return element
    }

    private mutating func acknowledged(_ text: String?) throws(StreamError) -> Int {
        guard let text, let count = UInt32(text) else { throw StreamError(.badFormat) }
        // Counts wrap around (XEP-0198 §4): the step from one to the next does not.
        let step = UInt64(count &- UInt32(truncatingIfNeeded: acknowledged))
        let written = sent - sentBefore
        guard acknowledged + step <= written else { throw Self.tooHigh(count, written) }
        acknowledged += step
        let before = settled
        settle(through: sentBefore + acknowledged)
        return Int(clamping: settled - before)
    }

    /// XEP-0198 §6: a peer that has seen more than there was counts something else.
    private static func tooHigh(_ count: UInt32, _ written: UInt64) -> StreamError {
        let sent = UInt32(truncatingIfNeeded: written)
        var detail = Element("handled-count-too-high", Namespace.streamManagement)
        detail["h"] = String(count)
        detail["send-count"] = String(sent)
        return StreamError(
            .undefinedCondition,
            text: "you acknowledged \(count) stanzas, \(sent) were sent",
            detail: detail
        )
    }
}
