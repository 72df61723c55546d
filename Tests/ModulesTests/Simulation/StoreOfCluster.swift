import XMPP

@testable import Modules

/// A store that commits later, some of it at once, and now and then refuses.
struct StoreOfCluster {
    enum Done {
        case outcome(shard: Int, ticket: UInt64, isDone: Bool)
        case reading(JID, [NodeRecord])
    }

    private struct Submission {
        var changes: [Change]
        var shard = 0
        var ticket: UInt64?
        /// Who is to be read again behind all that was asked before.
        var owner: JID?
    }

    private var queue: [Submission] = []
    private var content = StoreModel()
    /// Once in how many times a change is refused; nil for never.
    var refusal: Int?
    /// Payloads that have ever been kept.
    private(set) var kept: Set<[UInt8]> = []

    var isEmpty: Bool { queue.isEmpty }

    func records(of owner: JID) -> [NodeRecord] {
        content.records.values.filter { $0.owner == owner }.sorted { $0.node < $1.node }
    }

    mutating func submit(_ changes: [Change], from shard: Int, ticket: UInt64?) {
        queue.append(Submission(changes: changes, shard: shard, ticket: ticket))
    }

    mutating func read(_ owner: JID) {
        queue.append(Submission(changes: [], owner: owner))
    }

    func payloads(_ owner: JID, _ node: String, _ ids: [String]) -> [String: [UInt8]] {
        let record = content.records[.init(owner: owner, node: node)]
        var payloads: [String: [UInt8]] = [:]
        for item in record?.items ?? [] where ids.contains(item.id) {
            if case .bytes(let bytes) = item.payload { payloads[item.id] = bytes }
        }
        return payloads
    }

    /// Commits some of what waits.
    mutating func work(_ dice: inout SeededDice) -> [Done] {
        var done: [Done] = []
        for _ in 0..<min(queue.count, dice.roll(4) + 1) {
            let submission = queue.removeFirst()
            if let owner = submission.owner {
                done.append(.reading(owner, records(of: owner)))
                continue
            }
            let isRefused =
                submission.ticket != nil && (refusal.map { dice.happens(onceIn: $0) } ?? false)
            let isDone = !isRefused && apply(submission.changes)
            guard let ticket = submission.ticket else { continue }
            done.append(.outcome(shard: submission.shard, ticket: ticket, isDone: isDone))
        }
        return done
    }

    /// All of the changes or none.
    private mutating func apply(_ changes: [Change]) -> Bool {
        var next = content
        var payloads: [[UInt8]] = []
        for case .pubsub(let change) in changes {
            guard has(whatItNeeds: change, next) else { return false }
            next.apply(change)
            if case .saveItem(_, _, let item, _) = change, let payload = item.payload {
                payloads.append(payload)
            }
        }
        content = next
        kept.formUnion(payloads)
        return true
    }

    /// Whether there is the node that a row belongs to.
    private func has(whatItNeeds change: PubSubChange, _ content: StoreModel) -> Bool {
        switch change {
        case .setAffiliation(_, _, _, .none): true
        case .saveItem(let owner, let node, _, _), .saveSubscription(let owner, let node, _),
            .setAffiliation(let owner, let node, _, _):
            content.records[.init(owner: owner, node: node)] != nil
        default: true
        }
    }
}
