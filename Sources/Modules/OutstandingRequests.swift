import XMPP

/// Requests that the server sent on for others, until they are answered or too old.
///
/// Who is to answer is part of what is kept: an answer from anybody else is none.
struct OutstandingRequests<Purpose: Sendable>: Sendable {
    /// How long an answer is waited for; clients give up after a minute or less.
    static var patience: Duration { .seconds(30) }

    /// One that waits.
    struct Entry: Sendable {
        /// Who is to answer.
        let asked: JID
        /// For whom it was sent.
        let asker: JID
        let purpose: Purpose
    }

    /// Requests that may wait at once, and of one asker.
    private let maximum: Int
    private let ofOneMaximum: Int
    private var entries: [String: Entry] = [:]
    private var byAsker: [JID: Int] = [:]
    /// In the order of their times; those that were answered are passed over.
    private var deadlines: [(due: Instant, id: String)] = []
    private var counter: UInt64 = 0

    init(maximum: Int, ofOneMaximum: Int) {
        self.maximum = maximum
        self.ofOneMaximum = ofOneMaximum
    }

    var isEmpty: Bool { entries.isEmpty }

    /// When the next has waited too long.
    var due: Instant? { deadlines.first { entries[$0.id] != nil }?.due }

    /// Keeps a request; the id with which it is to be sent comes back.
    ///
    /// - Throws: `resource-constraint` where too many wait.
    mutating func add(
        asking asked: JID,
        for asker: JID,
        _ purpose: Purpose,
        at now: Instant
    ) throws(StanzaError) -> String {
        guard entries.count < maximum, byAsker[asker, default: 0] < ofOneMaximum else {
            throw StanzaError(.resourceConstraint, .wait, text: "too many requests wait")
        }
        if deadlines.count > 2 * maximum { deadlines.removeAll { entries[$0.id] == nil } }
        counter &+= 1
        // With the time: what was asked before a restart is not answered after it.
        let id = "forwarded-\(now.milliseconds)-\(counter)"
        entries[id] = Entry(asked: asked, asker: asker, purpose: purpose)
        byAsker[asker, default: 0] += 1
        deadlines.append((now + Self.patience, id))
        return id
    }

    /// The request that this answers, which no longer waits.
    mutating func take(answer: Stanza) -> Entry? {
        guard let id = answer.id, let entry = entries[id], entry.asked == answer.from else {
            return nil
        }
        forget(id)
        return entry
    }

    /// Those that have waited too long.
    mutating func expired(at now: Instant) -> [Entry] {
        let old = deadlines.prefix { $0.due <= now }
        deadlines.removeFirst(old.count)
        return old.compactMap { old in
            defer { forget(old.id) }
            return entries[old.id]
        }
    }

    /// Those, of the ones meant, that wait for someone who is gone.
    mutating func abandoned(by asked: JID, where isMeant: (Entry) -> Bool) -> [Entry] {
        let ids = deadlines.map(\.id).filter { id in
            guard let entry = entries[id], entry.asked == asked else { return false }
            return isMeant(entry)
        }
        return ids.compactMap { id in
            defer { forget(id) }
            return entries[id]
        }
    }

    private mutating func forget(_ id: String) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        let count = byAsker[entry.asker, default: 1] - 1
        byAsker[entry.asker] = count > 0 ? count : nil
        if entries.isEmpty { deadlines = [] }
    }
}
