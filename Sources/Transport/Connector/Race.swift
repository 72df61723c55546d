import NIOCore

/// Which address to try when, of a list of targets whose addresses come in one by one; the first
/// connection wins (RFC 8305).
///
/// Targets are tried in their order, the addresses of each by turns from both families, IPv6 first.
/// An attempt begins when the one before has failed, or after ``stagger``. Nothing here waits:
/// events come with the time, and what is to be done goes back.
struct Race {
    /// An attempt to connect.
    struct Attempt: Hashable {
        let id: Int
        /// The target's place in the list.
        let target: Int
        let address: IPAddress
    }

    /// What is to be done.
    enum Action: Equatable {
        case start(Attempt)
        /// Call ``woken(at:)`` then, and not at the time said before.
        case wake(at: NIODeadline)
        /// Close these attempts: they have lost.
        case drop([Int])
        /// There is nothing left to try.
        case lost
    }

    /// Between the starts of two attempts (RFC 8305 §5).
    static let stagger = TimeAmount.milliseconds(250)
    /// How long a target with IPv4 addresses waits for those of IPv6 (RFC 8305 §3).
    static let resolutionDelay = TimeAmount.milliseconds(50)
    /// How long the addresses of a target that comes first are waited for while others are known.
    static let patience = TimeAmount.milliseconds(250)
    /// Attempts for one target: one that lists many addresses must not take the others' turns.
    static let mostPerTarget = 4
    /// Attempts in all.
    static let most = 16

    private struct Entry {
        /// Nil until they are known.
        var v4: [IPAddress]?
        var v6: [IPAddress]?
        var knownAt: NIODeadline?
        var tried = 0
        var triedLast: IPAddress.Family?

        var isPending: Bool { v4 == nil || v6 == nil }
        var hasNext: Bool {
            tried < Race.mostPerTarget && (v4?.isEmpty == false || v6?.isEmpty == false)
        }

        mutating func next() -> IPAddress? {
            let wantsV6 = triedLast != .v6
            let address =
                wantsV6 ? take(&v6) ?? take(&v4) : take(&v4) ?? take(&v6)
            tried += 1
            triedLast = address?.family
            return address
        }

        private func take(_ addresses: inout [IPAddress]?) -> IPAddress? {
            guard let first = addresses?.first else { return nil }
            addresses?.removeFirst()
            return first
        }
    }

    private enum Candidate {
        case target(Int)
        case later(NIODeadline)
        case none
    }

    private var entries: [Entry]
    private let patienceEnds: NIODeadline
    private var running: Set<Int> = []
    private var started = 0
    private var mayStartAt: NIODeadline
    private var isOver = false

    /// A race for that many targets, whose addresses are still to come.
    init(targets: Int, at now: NIODeadline) {
        entries = Array(repeating: Entry(), count: targets)
        patienceEnds = now + Self.patience
        mayStartAt = now
    }

    /// The addresses of a target of one family are known, or that it has none.
    mutating func found(
        _ addresses: [IPAddress],
        _ family: IPAddress.Family,
        of target: Int,
        at now: NIODeadline
    ) -> [Action] {
        guard entries.indices.contains(target) else { return [] }
        switch family {
        case .v4: entries[target].v4 = entries[target].v4 ?? addresses
        case .v6: entries[target].v6 = entries[target].v6 ?? addresses
        }
        entries[target].knownAt = entries[target].knownAt ?? now
        return advance(at: now)
    }

    /// The time that was asked for has come.
    mutating func woken(at now: NIODeadline) -> [Action] {
        advance(at: now)
    }

    /// An attempt has failed.
    mutating func failed(_ id: Int, at now: NIODeadline) -> [Action] {
        guard running.remove(id) != nil else { return [] }
        mayStartAt = now
        return advance(at: now)
    }

    /// An attempt has connected: the others have lost, or it had lost before.
    mutating func connected(_ id: Int) -> (isWinner: Bool, [Action]) {
        guard !isOver, running.remove(id) != nil else { return (false, []) }
        return (true, end())
    }

    /// Nobody wants the connection any more.
    mutating func end() -> [Action] {
        isOver = true
        defer { running = [] }
        return running.isEmpty ? [] : [.drop(running.sorted())]
    }

    private mutating func advance(at now: NIODeadline) -> [Action] {
        guard !isOver else { return [] }
        var actions: [Action] = []
        while true {
            let candidate = candidate(at: now)
            if case .none = candidate {
                if running.isEmpty, !isPending {
                    isOver = true
                    actions.append(.lost)
                }
                return actions
            }
            if !running.isEmpty, now < mayStartAt { return actions + [.wake(at: mayStartAt)] }
            switch candidate {
            case .target(let target):
                guard let address = entries[target].next() else { continue }
                let attempt = Attempt(id: started, target: target, address: address)
                started += 1
                running.insert(attempt.id)
                mayStartAt = now + Self.stagger
                actions.append(.start(attempt))
            case .later(let time): return actions + [.wake(at: time)]
            case .none: return actions
            }
        }
    }

    private var isPending: Bool {
        started < Self.most && entries.contains { $0.isPending && $0.tried < Self.mostPerTarget }
    }

    private func candidate(at now: NIODeadline) -> Candidate {
        guard started < Self.most else { return .none }
        for (index, entry) in entries.enumerated() {
            if entry.hasNext {
                if entry.tried == 0, entry.v6 == nil, let knownAt = entry.knownAt,
                    now < knownAt + Self.resolutionDelay
                {
                    return .later(knownAt + Self.resolutionDelay)
                }
                return .target(index)
            }
            let mayCome = entry.isPending && entry.tried < Self.mostPerTarget
            let hasOthers = entries[(index + 1)...].contains(where: \.hasNext)
            if mayCome, hasOthers, now < patienceEnds { return .later(patienceEnds) }
        }
        return .none
    }
}
