import Testing
import XMPP

@testable import Federation

/// A ``RemoteTable`` with a clock, and whoever runs its streams.
struct RemoteDialogue {
    typealias Action = RemoteTable.Action

    static let here = "one.example"
    static let second = "chat.one.example"
    static let there = "two.example"
    static let pair = DomainPair(local: here, remote: there)
    static let secondPair = DomainPair(local: second, remote: there)

    var table: RemoteTable
    var now = Instant(milliseconds: 1_000_000)
    /// When the table wants to be woken.
    var wake: Instant?

    init(
        policy: FederationPolicy = FederationPolicy(),
        jitter: Double = 0,
        _ change: (inout RemoteTable.Limits) -> Void = { _ in }
    ) {
        var limits = RemoteTable.Limits()
        change(&limits)
        table = RemoteTable(policy: policy, limits: limits, jitter: { jitter })
    }

    // MARK: Events

    mutating func tell(
        _ event: (inout RemoteTable, Instant) -> [Action]
    ) -> [Action] {
        event(&table, now).filter { action in
            guard case .wake(let due) = action else { return true }
            wake = due
            return false
        }
    }

    mutating func send(_ departures: Departure...) -> [Action] { send(departures) }

    mutating func send(_ departures: [Departure]) -> [Action] {
        tell { $0.send(departures, at: $1) }
    }

    mutating func prove(
        _ id: PeerID,
        _ pair: DomainPair = pair,
        _ direction: FederationDirection = .outgoing
    ) -> [Action] {
        tell { $0.authenticated(id, pair, .dialback, direction, at: $1) }
    }

    mutating func end(
        _ id: PeerID,
        _ failure: FederationFailure? = nil,
        _ remainder: LinkRemainder = .none
    ) -> [Action] {
        tell { $0.ended(id, failure, remainder, at: $1) }
    }

    mutating func settle(_ id: PeerID, _ count: Int) -> [Action] {
        tell { $0.settled(id, count, at: $1) }
    }

    mutating func drain(_ id: PeerID) -> [Action] {
        tell { $0.drained(id, at: $1) }
    }

    mutating func acknowledging(_ id: PeerID) {
        _ = tell { $0.acknowledging(id, at: $1) }
    }

    mutating func verify(_ question: DialbackQuestion, for id: PeerID) -> [Action] {
        tell { $0.verify(question, for: id, at: $1) }
    }

    mutating func answer(
        _ question: DialbackQuestion,
        _ verdict: DialbackVerdict
    ) -> [Action] {
        tell { $0.answered(question, verdict, at: $1) }
    }

    /// Lets time pass, and wakes the table whenever it wants to be.
    mutating func pass(_ duration: Duration) -> [Action] {
        let end = now + duration
        var actions: [Action] = []
        while let due = wake, due <= end {
            now = max(now, due)
            wake = nil
            actions += tell { $0.woke(at: $1) }
        }
        now = end
        return actions
    }

    // MARK: Beginnings

    /// A stream of a peer's that has opened.
    mutating func accept() -> PeerID {
        let id = table.nextID()
        _ = tell { $0.accepted(id, address: "192.0.2.1", at: $1) }
        return id
    }

    /// A stream of ours on its way, with one stanza that waits for it.
    mutating func connecting(_ departure: Departure = .stanza()) throws -> PeerID {
        try send(departure).connected
    }

    /// A stream of ours that has carried a stanza, which has arrived.
    mutating func ready() throws -> PeerID {
        let id = try connecting()
        _ = prove(id)
        _ = settle(id, 1)
        return id
    }

    /// The same without acknowledgements.
    mutating func readyWithoutAcknowledgements() throws -> PeerID {
        let id = try connecting()
        _ = prove(id)
        _ = drain(id)
        _ = drain(id)
        return id
    }
}

extension RemoteTable {
    /// What time is still to bring.
    var dutyCount: Int { schedule.count + rests.count }
}

extension Departure {
    /// A message whose ticket is its number.
    static func stanza(
        _ number: UInt64 = 0,
        from local: String = RemoteDialogue.here,
        to remote: String = RemoteDialogue.there,
        bytes: Int = 0
    ) -> Departure {
        let from = JID(normalizedLocal: "a", domain: local)
        let to = JID(normalizedLocal: "b", domain: remote)
        let text = Element.Node.text(String(repeating: "x", count: bytes))
        let stanza = Stanza(.message, from: from, to: to, children: bytes > 0 ? [text] : [])
        guard let departure = Departure(stanza, ticket: number) else {
            preconditionFailure("it has both addresses")
        }
        return departure
    }

    static func several(
        _ numbers: ClosedRange<UInt64>,
        from local: String = RemoteDialogue.here
    ) -> [Departure] {
        numbers.map { .stanza($0, from: local) }
    }
}

extension [RemoteTable.Action] {
    /// The one stream that is to be connected.
    var connected: PeerID {
        get throws {
            try #require(connects.count == 1, "\(self)")
            return connects[0]
        }
    }

    var connects: [PeerID] {
        compactMap { if case .connect(let id, _, _) = $0 { id } else { nil } }
    }

    var bounces: [StanzaError] {
        compactMap { if case .bounce(_, let error) = $0 { error } else { nil } }
    }

    /// The tickets of what is written, in that order.
    var written: [UInt64] {
        flatMap { action -> [UInt64] in
            guard case .write(_, let departures) = action else { return [] }
            return departures.map(\.ticket)
        }
    }
}
