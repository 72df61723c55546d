import XMPP

/// What was written on a stream and is not known to have arrived, oldest first.
///
/// Positions count the stream's stanzas from its first, as ``LinkAcknowledgements`` does.
struct WrittenStanzas: Sendable {
    private var entries: [Departure] = []
    private(set) var bytes = 0
    /// Stanzas written in all.
    private(set) var written: UInt64 = 0
    /// Those, the oldest, that the peer has acknowledged.
    private var acknowledged: UInt64 = 0
    /// What `written` was when the socket last had nothing left to write.
    private var drained: UInt64 = 0
    /// Whether the peer acknowledges.
    private(set) var isAcknowledged = false
    /// Whether anything has arrived: the stream has been of use.
    private(set) var hasSettled = false

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    /// Whether something was written that the socket may still have.
    var isUndrained: Bool { drained < written }

    /// What else may be written.
    struct Room {
        private var stanzas = 0
        /// Of doubt; the last stanza may go over them.
        private var doubt = 0
        private var bytes = 0

        /// None.
        init() {}

        fileprivate init(stanzas: Int, doubt: Int, bytes: Int) {
            self.stanzas = stanzas
            self.doubt = doubt
            self.bytes = bytes
        }

        /// Takes the stanza in, or says that there is no room for it.
        mutating func take(_ departure: Departure) -> Bool {
            let size = departure.footprint
            guard stanzas > 0, doubt > 0, size <= bytes else { return false }
            stanzas -= 1
            doubt -= size
            bytes -= size
            return true
        }
    }

    /// What may be written, with no more than so many bytes in all.
    ///
    /// Without acknowledgements what counts is what the socket has taken: otherwise a window that
    /// is full would wait for evidence that only further writing brings.
    func room(_ limits: RemoteTable.Limits, bytes most: Int) -> Room {
        let ahead = isAcknowledged ? entries.count : Int(clamping: written - drained)
        let isEmpty = entries.isEmpty
        // One stanza alone may always be written.
        return Room(
            stanzas: max(limits.stanzasPerStream - ahead, isEmpty ? 1 : 0),
            doubt: max(limits.bytesPerStream - bytes, isEmpty ? 1 : 0),
            bytes: most
        )
    }

    mutating func append(_ departure: Departure) {
        entries.append(departure)
        bytes += departure.footprint
        written += 1
    }

    /// Takes back the newest, which were not written after all.
    mutating func takeBack(_ count: Int) -> ArraySlice<Departure> {
        let count = min(max(count, 0), entries.count)
        let taken = entries.suffix(count)
        entries.removeLast(count)
        bytes -= taken.footprint
        written -= UInt64(clamping: count)
        drained = min(drained, written)
        return taken
    }

    /// The peer acknowledges from now on: by that alone something arrives.
    mutating func becomeAcknowledged() { isAcknowledged = true }

    /// The peer has acknowledged so many more.
    mutating func acknowledge(_ count: Int) -> [Departure] {
        isAcknowledged = true
        acknowledged = min(acknowledged + UInt64(clamping: count), written)
        return settle(through: acknowledged)
    }

    /// The socket has nothing left to write: what it had when that was so the last time has gone
    /// to the peer's system.
    mutating func drain() -> [Departure] {
        let before = drained
        drained = written
        return settle(through: before)
    }

    /// Time has passed since the socket had nothing left, and the stream is still there.
    mutating func believe() -> [Departure] {
        isAcknowledged ? [] : settle(through: drained)
    }

    /// The stream has ended and left that in doubt: what has arrived, and what nobody knows of.
    mutating func end(_ remainder: LinkRemainder) -> (settled: [Departure], unknown: [Departure]) {
        let doubtful =
            switch remainder {
            case .none: 0
            case .unacknowledged(let count), .ofUnknownFate(let count): count
            }
        let settled = settle(entries.count - min(max(doubtful, 0), entries.count))
        return (settled, take(entries.count))
    }

    private mutating func settle(through position: UInt64) -> [Departure] {
        let before = written - UInt64(clamping: entries.count)
        guard position > before else { return [] }
        return settle(min(Int(clamping: position - before), entries.count))
    }

    private mutating func settle(_ count: Int) -> [Departure] {
        if count > 0 { hasSettled = true }
        return take(count)
    }

    private mutating func take(_ count: Int) -> [Departure] {
        guard count > 0 else { return [] }
        let taken = Array(entries.prefix(count))
        bytes -= taken.footprint
        entries.removeFirst(count)
        return taken
    }
}

extension Collection<Departure> {
    /// Bytes that they take while they wait.
    var footprint: Int { reduce(0) { $0 + $1.footprint } }
}
