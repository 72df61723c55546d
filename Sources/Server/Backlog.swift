import Modules
import XMPP

/// What waits for a client that reads more slowly than it is sent to, in order.
///
/// Of an item that comes again only the newest is kept, at the place of the one that it replaces;
/// what a retraction or a purge makes superfluous is dropped. Events wait as the bytes that all who
/// get them share, so that a slow reader costs no copy.
struct Backlog {
    /// Events that may wait: the state of a large fleet, each item once.
    static let eventsMaximum = 100_000
    /// Bytes of them: the same, of a thousand bytes and some an item.
    static let eventBytesMaximum = 128 * 1024 * 1024

    /// One thing to be sent.
    enum Piece {
        case bytes([UInt8])
        case event(EventBytes, Letter.Target)
        /// The stream's end, in peace: behind all that came before it.
        case end

        /// What an event takes that newer ones may make superfluous.
        fileprivate var eventBytes: Int {
            guard case .event(let event, _) = self, event.subject.kind != .other else { return 0 }
            return event.body.count
        }
    }

    private struct Key: Hashable {
        let subject: EventSubject
        let isBare: Bool
        let own: [UInt8]
    }

    private struct NodeKey: Hashable {
        let owner: JID?
        let node: String

        init(_ subject: EventSubject) {
            owner = subject.owner
            node = subject.node
        }
    }

    private struct Entry {
        /// Nil where it is sent, or dropped.
        var piece: Piece?
        /// Of an item where the one of its node stands that came before it.
        var previous: Int?
    }

    private var pieces: [Entry] = []
    /// Entries before it are sent already.
    private var front = 0
    /// Where each item that waits stands in `pieces`.
    private var places: [Key: Int] = [:]
    /// Where the newest of each item stands, whichever subscriptions it is for.
    private var newest: [EventSubject: Int] = [:]
    /// Where the last item of each node stands, from which the others are found: a purge looks at
    /// those of its node alone, each once.
    private var lastOfNode: [NodeKey: Int] = [:]
    private var eventCount = 0
    private var eventBytes = 0
    /// Entries of `pieces` that are not sent and not dropped.
    private var waiting = 0
    /// Bytes that nothing can replace.
    private(set) var byteCount = 0
    /// Events that a newer one made superfluous.
    private(set) var coalesced = 0
    /// Items that purges looked at: their work.
    private(set) var looks = 0

    var isEmpty: Bool { front == pieces.count }
    /// Entries that are held, those included that are sent or dropped.
    var length: Int { pieces.count }

    /// Whether more waits than is allowed, of which `bytes` may be what cannot be replaced.
    func isOver(_ bytes: Int) -> Bool {
        byteCount > bytes || eventCount > Self.eventsMaximum
            || eventBytes > Self.eventBytesMaximum
    }

    mutating func add(_ bytes: [UInt8]) {
        byteCount += bytes.count
        append(.bytes(bytes))
    }

    mutating func addEnd() {
        append(.end)
    }

    mutating func add(_ event: EventBytes, to target: Letter.Target) {
        var previous: Int?
        switch event.subject.kind {
        case .item:
            let key = Key(subject: event.subject, isBare: target.isBare, own: target.own)
            if let place = places[key] {
                if newest[event.subject] == place {
                    eventBytes += event.body.count - (pieces[place].piece?.eventBytes ?? 0)
                    pieces[place].piece = .event(event, target)
                    coalesced += 1
                    return
                }
                // For other subscriptions one came between, which this one may not overtake.
                drop(key)
            }
            makeRoom()
            places[key] = pieces.count
            newest[event.subject] = pieces.count
            previous = lastOfNode.updateValue(pieces.count, forKey: NodeKey(event.subject))
        case .retracted(let id):
            let item = event.subject.item(id)
            drop(Key(subject: item, isBare: target.isBare, own: target.own))
        case .emptied: dropItems(of: NodeKey(event.subject))
        case .other: byteCount += event.body.count
        }
        eventCount += 1
        let piece = Piece.event(event, target)
        eventBytes += piece.eventBytes
        append(piece, after: previous)
    }

    private mutating func append(_ piece: Piece, after previous: Int? = nil) {
        makeRoom()
        waiting += 1
        pieces.append(Entry(piece: piece, previous: previous))
    }

    /// Closes the gaps where they are most of it: who reads as fast as it is sent to, but always a
    /// little behind, would else leave ever more of them.
    private mutating func makeRoom() {
        guard pieces.count >= 1_024, pieces.count > 2 * waiting else { return }
        var kept: [Entry] = []
        kept.reserveCapacity(waiting + 1)
        lastOfNode = [:]
        for (place, entry) in pieces.enumerated() {
            guard let piece = entry.piece else { continue }
            var previous: Int?
            if case .event(let event, let target) = piece, case .item = event.subject.kind {
                let key = Key(subject: event.subject, isBare: target.isBare, own: target.own)
                if places[key] == place { places[key] = kept.count }
                if newest[event.subject] == place { newest[event.subject] = kept.count }
                previous = lastOfNode.updateValue(kept.count, forKey: NodeKey(event.subject))
            }
            kept.append(Entry(piece: piece, previous: previous))
        }
        pieces = kept
        front = 0
    }

    /// Takes the oldest.
    mutating func next() -> Piece? {
        while front < pieces.count {
            let piece = pieces[front].piece
            pieces[front].piece = nil
            front += 1
            guard let piece else { continue }
            waiting -= 1
            count(out: piece)
            if case .event(let event, _) = piece, newest[event.subject] == front - 1 {
                newest[event.subject] = nil
                let node = NodeKey(event.subject)
                if lastOfNode[node] == front - 1 { lastOfNode[node] = nil }
            }
            if front == pieces.count {
                pieces = []
                lastOfNode = [:]
                front = 0
            }
            return piece
        }
        return nil
    }

    private mutating func count(out piece: Piece) {
        switch piece {
        case .bytes(let bytes): byteCount -= bytes.count
        case .event(let event, let target):
            eventCount -= 1
            eventBytes -= piece.eventBytes
            switch event.subject.kind {
            case .item:
                places[Key(subject: event.subject, isBare: target.isBare, own: target.own)] = nil
            case .other: byteCount -= event.body.count
            case .retracted, .emptied: break
            }
        case .end: break
        }
    }

    private mutating func dropItems(of node: NodeKey) {
        var next = lastOfNode.removeValue(forKey: node)
        // What stands before the front is sent.
        while let place = next, place >= front {
            looks += 1
            if case .event(let event, let target)? = pieces[place].piece {
                drop(Key(subject: event.subject, isBare: target.isBare, own: target.own))
            }
            next = pieces[place].previous
        }
    }

    private mutating func drop(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        eventBytes -= pieces[place].piece?.eventBytes ?? 0
        pieces[place].piece = nil
        waiting -= 1
        if newest[key.subject] == place { newest[key.subject] = nil }
        eventCount -= 1
        coalesced += 1
    }
}
