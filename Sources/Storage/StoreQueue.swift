import Modules

/// Changes that wait for the writer, in order.
///
/// A change that may come *behind* waits until others gathered, and gives way to a later one that
/// overwrites the same thing. One that must be durable before a reply takes all that waits along.
struct StoreQueue {
    /// How long a change may stay behind: what a crash can lose (docs/protocol.md).
    static let gatheringTime = Duration.seconds(1)
    /// Changes that may wait: about a second of a disk that lags.
    static let changesMaximum = 100_000
    /// Bytes of payload that may wait.
    static let bytesMaximum = 64 << 20

    /// What stays or fails together, and who is told.
    struct Submission {
        /// Where its changes end in ``StoreQueue/changes``; they begin where those before it end.
        var end: Int
        var reply: Reply
        /// There was no room for its changes.
        var isRefused = false
    }

    enum Reply {
        case nobody
        case ticket(UInt64, any StoreClient)
        case completion(StoreWriter.Completion)
    }

    private(set) var submissions: [Submission] = []
    /// Of all submissions; ``StoreChange/superseded`` where a later change took the place.
    private(set) var changes: [StoreChange] = []
    private(set) var changeCount = 0
    private(set) var byteCount = 0
    /// When the oldest change that stays behind is due.
    private(set) var due: ContinuousClock.Instant?
    private var isUrgent = false
    /// Where the changes are that may be superseded.
    private var replaceable: [StoreChange.Item: Int] = [:]

    /// Whether the writer should begin, `now`.
    func isReady(at now: ContinuousClock.Instant) -> Bool {
        if isUrgent || byteCount > Self.bytesMaximum / 2 || changeCount > Self.changesMaximum / 2 {
            return true
        }
        return due.map { $0 <= now } ?? false
    }

    /// Adds a batch, part by part: those for which there is no room are refused in their place,
    /// since whoever asked counts on the order.
    mutating func add(
        _ batch: StoreBatch,
        for client: any StoreClient,
        at now: ContinuousClock.Instant
    ) {
        var start = 0
        for part in batch.parts {
            let reply = part.ticket.map { Reply.ticket($0, client) } ?? .nobody
            let durability: Durability = part.ticket == nil ? .behind : .immediate
            add(batch.changes[start..<part.end], durability, at: now, reply)
            start = part.end
        }
    }

    /// Adds a submission, or the refusal of it where there is no room.
    mutating func add(
        _ added: ArraySlice<StoreChange>,
        _ durability: Durability,
        at now: ContinuousClock.Instant,
        _ reply: Reply
    ) {
        let bytes = added.reduce(0) { $0 + $1.byteCount }
        guard changeCount + added.count <= Self.changesMaximum,
            byteCount + bytes <= Self.bytesMaximum
        else {
            submissions.append(Submission(end: changes.count, reply: reply, isRefused: true))
            isUrgent = true
            return
        }
        changes.append(contentsOf: added)
        submissions.append(Submission(end: changes.count, reply: reply))
        changeCount += added.count
        byteCount += bytes
        switch durability {
        case .immediate, .none: isUrgent = true
        case .behind:
            due = due ?? now + Self.gatheringTime
            for index in changes.indices.suffix(added.count) { replace(at: index) }
        }
    }

    /// Takes all that waits.
    mutating func take() -> StoreQueue {
        let taken = self
        self = StoreQueue()
        return taken
    }

    /// Drops the waiting change that this one overwrites.
    ///
    /// The later place is kept: whatever was asked between the two, as a retraction, comes before
    /// it either way.
    private mutating func replace(at index: Int) {
        guard let item = changes[index].item else { return }
        let old = replaceable.removeValue(forKey: item)
        if changes[index].isReplaceable { replaceable[item] = index }
        guard let old else { return }
        changeCount -= 1
        byteCount -= changes[old].byteCount
        changes[old] = .superseded
    }
}
