import Modules

/// Whoever hands changes to the writer by the batch, as an event loop does.
package protocol StoreClient: AnyObject, Sendable {
    /// What became of changes under tickets, in the order of the tickets.
    ///
    /// Called once a transaction on the writer's thread; on the caller's where the store is closed.
    func stored(_ outcomes: [StoreOutcome])
}

/// What became of changes that were handed over under tickets.
package enum StoreOutcome: Sendable, Hashable {
    /// All that was not refused, through this ticket, is durable.
    case committed(through: UInt64)
    case refused(UInt64, StoreError)
}

/// Changes that a client has for the writer, in order: gathered, so that handing them over costs
/// one lock and one look at the clock.
package struct StoreBatch: Sendable {
    /// What stays or fails together.
    struct Part: Sendable {
        /// Nil for changes that may come behind, of which nothing is told.
        let ticket: UInt64?
        /// Where its changes end in ``StoreBatch/changes``.
        let end: Int
    }

    private(set) var changes: [StoreChange] = []
    private(set) var parts: [Part] = []

    package init() {}

    package var isEmpty: Bool { parts.isEmpty }

    /// Adds a change that may come behind.
    package mutating func add(_ change: StoreChange) {
        changes.append(change)
        parts.append(Part(ticket: nil, end: changes.count))
    }

    /// Adds changes that are to be durable before whoever asked is answered, all or none.
    ///
    /// A client's tickets count up.
    package mutating func add(_ changes: some Sequence<StoreChange>, ticket: UInt64) {
        self.changes.append(contentsOf: changes)
        parts.append(Part(ticket: ticket, end: self.changes.count))
    }
}

/// Gathers outcomes, so that each client is told once.
struct StoreAnswers {
    private var clients: [(client: any StoreClient, outcomes: [StoreOutcome])] = []

    mutating func add(
        _ ticket: UInt64,
        _ result: Result<Void, StoreError>,
        to client: any StoreClient
    ) {
        guard let index = clients.firstIndex(where: { $0.client === client }) else {
            return clients.append((client, [Self.outcome(ticket, result)]))
        }
        if case .success = result, case .committed? = clients[index].outcomes.last {
            clients[index].outcomes.removeLast()
        }
        clients[index].outcomes.append(Self.outcome(ticket, result))
    }

    private static func outcome(
        _ ticket: UInt64,
        _ result: Result<Void, StoreError>
    ) -> StoreOutcome {
        switch result {
        case .success: .committed(through: ticket)
        case .failure(let error): .refused(ticket, error)
        }
    }

    /// Tells all, and has nothing left to tell.
    mutating func tell() {
        for (client, outcomes) in clients { client.stored(outcomes) }
        clients = []
    }
}
