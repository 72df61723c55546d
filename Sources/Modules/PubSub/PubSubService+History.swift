import Telemetry
import XMPP

/// What a node's samples came to of late, and when the next of it is to be stored.
struct NodePast: Sendable {
    var history: NodeHistory
    var due: Instant?
}

// Minutes and hours of the nodes that hold a host's samples (docs/protocol.md, Aggregates).
extension PubSubService {
    /// Counts a published sample in; payloads that are none have no part in it.
    mutating func remember(_ record: ItemRecord, on name: String) -> [PubSubEffect] {
        guard let policy = profile.history, profile.kind == .personal, let payload = record.payload,
            pasts[name] != nil || nodes[name].map(keepsHistory) == true,
            let sample = try? Sample(parsing: payload)
        else { return [] }
        var effects: [PubSubEffect] = []
        if pasts[name] == nil {
            let spread = Self.spread(owner.description + name)
            let history = NodeHistory(
                policy,
                at: record.published,
                spread: spread,
                isResumed: true
            )
            pasts[name] = NodePast(history: history)
            effects.append(resumption(of: name, at: record.published))
        }
        let changes = pasts[name]?.history.published(sample, at: record.published) ?? []
        scheduleHistory(of: name)
        return effects + stores(changes, on: name)
    }

    /// A period may be over.
    mutating func recordHistory(of name: String, at now: Instant) -> [PubSubEffect] {
        guard pasts[name] != nil else { return [] }
        pasts[name]?.due = nil
        let changes = pasts[name]?.history.passed(to: now) ?? []
        scheduleHistory(of: name)
        return stores(changes, on: name)
    }

    /// Goes on with what the store has of the hour under way.
    mutating func resumeHistory(of name: String, _ records: [HistoryRecord]) -> [PubSubEffect] {
        let changes = pasts[name]?.history.resume(records) ?? []
        scheduleHistory(of: name)
        return stores(changes, on: name) + announcement()
    }

    /// Adds to a question about a node's past what of it is under way, and stores what is over.
    mutating func recall(
        _ request: LoadRequest,
        of name: String,
        at now: Instant
    ) -> (request: LoadRequest, effects: [PubSubEffect]) {
        let changes = pasts[name]?.history.passed(to: now) ?? []
        let record = request.history.flatMap { pasts[name]?.history.underWay($0.resolution) }
        return (request.recalling(record, at: now), stores(changes, on: name))
    }

    /// Ends the minutes and hours under way before their time: the server stops.
    mutating func finishHistory(at now: Instant) -> [PubSubEffect] {
        var effects: [PubSubEffect] = []
        for name in pasts.keys.sorted() {
            effects += stores(pasts[name]?.history.finish(at: now) ?? [], on: name)
        }
        // Whatever comes after this goes on from the store.
        pasts = [:]
        return effects
    }

    /// One entry a node in the schedule, as samples come more often than periods end.
    private mutating func scheduleHistory(of name: String) {
        guard let past = pasts[name], past.due == nil, let due = past.history.due else { return }
        // Not all nodes at the same moment.
        let late = Self.spread(owner.description + name) % Self.spreadMilliseconds
        pasts[name]?.due = due
        schedule.add(.recordHistory(node: name), at: due + .milliseconds(late))
    }

    /// How late the last node is told that a period is over.
    private static var spreadMilliseconds: Int { 5_000 }

    /// A number that differs from name to name (FNV-1a).
    private static func spread(_ name: String) -> Int {
        let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return Int(hash)
    }

    private func stores(_ changes: [HistoryChange], on name: String) -> [PubSubEffect] {
        changes.map { .store(.history(owner: owner, node: name, $0), .behind) }
    }

    /// After a restart the minutes of the hour under way are in the store.
    private func resumption(of name: String, at now: Instant) -> PubSubEffect {
        var query = HistoryQuery(.minute, from: HistoryResolution.hour.start(of: now))
        query.limit = 60
        return .load(LoadRequest(node: name, items: [], purpose: .resume, history: query))
    }
}
