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

    /// What one caller handed over.
    struct Submission {
        /// nil where a later change took the place.
        var changes: [StoreChange?]
        var completion: StoreWriter.Completion
        /// There was no room for its changes.
        var isRefused = false
    }

    private(set) var submissions: [Submission] = []
    private(set) var changeCount = 0
    private(set) var byteCount = 0
    /// When the oldest change that stays behind is due.
    private(set) var due: ContinuousClock.Instant?
    private var isUrgent = false
    private var replaceable: [StoreChange.Item: Place] = [:]

    private struct Place {
        var submission: Int
        var change: Int
    }

    /// Whether the writer should begin, `now`.
    func isReady(at now: ContinuousClock.Instant) -> Bool {
        if isUrgent || byteCount > Self.bytesMaximum / 2 || changeCount > Self.changesMaximum / 2 {
            return true
        }
        return due.map { $0 <= now } ?? false
    }

    /// Adds a submission; false when there is no room.
    mutating func add(
        _ changes: [StoreChange],
        _ durability: Durability,
        at now: ContinuousClock.Instant,
        completion: @escaping StoreWriter.Completion
    ) -> Bool {
        let bytes = changes.reduce(0) { $0 + $1.byteCount }
        guard changeCount + changes.count <= Self.changesMaximum,
            byteCount + bytes <= Self.bytesMaximum
        else { return false }
        submissions.append(Submission(changes: changes, completion: completion))
        changeCount += changes.count
        byteCount += bytes
        switch durability {
        case .immediate, .none: isUrgent = true
        case .behind:
            due = due ?? now + Self.gatheringTime
            for index in changes.indices { replace(with: changes[index], at: index) }
        }
        return true
    }

    /// Keeps the place of a submission for which there was no room: its failure is told in the
    /// order of the others, since whoever asked counts on that.
    mutating func refuse(_ completion: @escaping StoreWriter.Completion) {
        submissions.append(Submission(changes: [], completion: completion, isRefused: true))
        isUrgent = true
    }

    /// Takes all that waits.
    mutating func take() -> [Submission] {
        let taken = submissions
        self = StoreQueue()
        return taken
    }

    /// Drops the waiting change that this one overwrites.
    ///
    /// The later place is kept: whatever was asked between the two, as a retraction, comes before
    /// it either way.
    private mutating func replace(with change: StoreChange, at index: Int) {
        guard let item = change.item else { return }
        let old = replaceable.removeValue(forKey: item)
        if change.isReplaceable {
            replaceable[item] = Place(submission: submissions.count - 1, change: index)
        }
        guard let old else { return }
        if let dropped = submissions[old.submission].changes[old.change] {
            changeCount -= 1
            byteCount -= dropped.byteCount
        }
        submissions[old.submission].changes[old.change] = nil
    }
}
