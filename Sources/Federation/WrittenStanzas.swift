import XMPP

/// What was written on a stream and is not known to have arrived, oldest first.
///
/// Positions count the stream's stanzas from its first, as ``LinkAcknowledgements`` does.
struct WrittenStanzas: Sendable {
    /// One stanza that waits or is in doubt, and what it takes.
    struct Entry: Sendable {
        let departure: Departure
        let bytes: Int

        init(_ departure: Departure) {
            self.departure = departure
            bytes = departure.stanza.footprint
        }

        /// Whether the stanza has no more bytes than that when it is written.
        ///
        /// An escape takes six bytes for one, and addresses have 6,142 at most, so that short ones
        /// need not be written to know.
        func isWritten(within most: Int) -> Bool {
            6 * (bytes + 6_142) <= most
                || departure.stanza.serialized(in: Namespace.server).count <= most
        }
    }

    private var entries: [Entry] = []
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

    /// Whether more may be written.
    ///
    /// Without acknowledgements what counts is what the socket has taken: otherwise a window that
    /// is full would wait for evidence that only further writing brings.
    func hasRoom(_ limits: RemoteTable.Limits) -> Bool {
        if entries.isEmpty { return true }
        let ahead = isAcknowledged ? entries.count : Int(clamping: written - drained)
        guard ahead < limits.stanzasPerStream else { return false }
        return bytes < limits.bytesPerStream
    }

    mutating func append(_ entry: Entry) {
        entries.append(entry)
        bytes += entry.bytes
        written += 1
    }

    /// Takes back the newest, which were not written after all.
    mutating func takeBack(_ count: Int) -> ArraySlice<Entry> {
        let count = min(max(count, 0), entries.count)
        let taken = entries.suffix(count)
        entries.removeLast(count)
        bytes -= taken.reduce(0) { $0 + $1.bytes }
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
        let taken = entries.prefix(count).map(\.departure)
        bytes -= entries.prefix(count).reduce(0) { $0 + $1.bytes }
        entries.removeFirst(count)
        return taken
    }
}

extension Stanza {
    /// Bytes that a stanza takes while it waits, more or less: what its sender could make long,
    /// and a fixed part for the rest.
    var footprint: Int {
        var bytes = 200 + (id?.utf8.count ?? 0) + (type?.utf8.count ?? 0)
        bytes += language?.utf8.count ?? 0
        for child in children { bytes += child.footprint }
        return bytes
    }
}

extension Element.Node {
    fileprivate var footprint: Int {
        switch self {
        case .text(let text): 16 + text.utf8.count
        case .raw(let raw): 64 + raw.bytes.count
        case .element(let element): element.footprint
        }
    }
}

extension Element {
    fileprivate var footprint: Int {
        var bytes = 100 + name.utf8.count + namespace.utf8.count
        for attribute in attributes {
            bytes += 48 + attribute.name.utf8.count + attribute.value.utf8.count
            bytes += attribute.namespace.utf8.count
        }
        for child in children { bytes += child.footprint }
        return bytes
    }
}
