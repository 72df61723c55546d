package import XMPP

/// What the process towards other domains, the edge, knows of the stanzas on a link, through all
/// connections of the link.
///
/// Of each stanza of the router's it says what becomes of it: that it is about to be written to a
/// peer (`declare`), and then that it has arrived, or need not (`settled`), or that nobody knows
/// (`unknown`), or that it goes back (`returned`). A declared stanza may be written when the router
/// knows that, not before (``LinkStep/release(_:)``).
///
/// Of its own stanzas, those of peers, it keeps each until the router has it.
///
/// Phases of a connection, in order: down; greeting, until the router has answered; up.
package struct EdgeLedger: Sendable {
    enum Phase: Sendable {
        case down, greeting, up
    }

    /// What has become of one of the router's stanzas here.
    enum Stage: Sendable {
        case held
        /// To be declared in the next report.
        case declaring
        case declared
        case released
    }

    /// What goes to the router in order, each counted once.
    enum Item: Sendable {
        case stanza(LinkedStanza, LinkOrigin?)
        case report(declared: [UInt64], [UInt8])

        var bytes: [UInt8] {
            switch self {
            case .stanza(let stanza, _): stanza.bytes
            case .report(_, let bytes): bytes
            }
        }
    }

    let gate: LinkGate
    let absence: StanzaError
    var phase = Phase.down
    var downSince: Instant
    /// The process at the other end of the present connection.
    var greeting = ""
    /// The process with which the session is, and its number there.
    var router: String?
    var session: UInt64?
    /// Tickets of earlier sessions: those of this one come behind.
    var base: UInt64 = 0
    /// Stanzas read in the session.
    var read: UInt64 = 0
    var tickets = NumberedQueue<Stage>(next: 1)
    /// What the next report says.
    var declaring: [UInt64] = []
    var settling: [UInt64] = []
    var doubting: [UInt64] = []
    var undeclaring: [UInt64] = []
    var waiting = LinkQueue<Item>()
    var sent = LinkQueue<Item>()
    /// Items of the session that the router has.
    var acknowledged: UInt64 = 0
    var room: LinkRoom
    var tally = LinkCounters()

    /// `absence` is the error with which stanzas come back that have waited for too long.
    package init(
        gate: LinkGate,
        limits: LinkLimits = LinkLimits(),
        absence: StanzaError = Self.absence,
        now: Instant
    ) {
        self.gate = gate
        self.absence = absence
        room = LinkRoom(limits)
        downSince = now
    }

    package static let absence = StanzaError(
        .remoteServerTimeout,
        text: "the server's router is not connected"
    )

    /// Whether stanzas go over the link at the moment.
    package var isUp: Bool { phase == .up }

    /// Whether nothing more should be read from peers.
    package var isFull: Bool { room.isFull }

    /// Items sent in the session.
    var sentCount: UInt64 { acknowledged + UInt64(clamping: sent.count) }

    /// What became of the stanzas of peers; `underWay` counts those of the router's that are here.
    package var counters: LinkCounters {
        var counters = tally
        counters.waiting = room.stanzas
        counters.underWay = tickets.count
        return counters
    }
}

// MARK: - Stanzas of peers

extension EdgeLedger {
    /// Sends a peer's stanza to the router, now or as soon as the link is up; without room for it,
    /// it comes back.
    package mutating func offer(
        _ arrival: Arrival,
        from origin: LinkOrigin?,
        now: Instant,
        _ steps: inout [LinkStep]
    ) {
        let stanza = LinkedStanza(arrival, since: now)
        if let refusal = room.enter(stanza) { return steps.append(bounce(stanza.head, refusal)) }
        send(.stanza(stanza, origin), &steps)
    }

    mutating func send(_ item: Item, _ steps: inout [LinkStep]) {
        guard phase == .up else { return waiting.append(item) }
        sent.append(item)
        steps.append(.write(item.bytes))
    }

    private mutating func bounce(_ stanza: Stanza, _ error: StanzaError) -> LinkStep {
        tally.bounced += 1
        return .bounce(stanza, error)
    }
}

// MARK: - What becomes of the router's stanzas

extension EdgeLedger {
    /// The stanza is about to be written to its peer; ``LinkStep/release(_:)`` says when it may.
    package mutating func declare(_ ticket: UInt64) {
        guard tickets[ticket] == .held else { return }
        tickets[ticket] = .declaring
        declaring.append(ticket)
    }

    /// Whether the stanza may be written: the router knows that it is about to be, or holds it no
    /// more and has not taken it back.
    package func mayWrite(_ ticket: UInt64) -> Bool {
        tickets[ticket].map { $0 == .released } ?? true
    }

    /// The stanza has arrived, or is of a kind of which nobody needs to know.
    package mutating func settled(_ ticket: UInt64) {
        guard tickets.remove(ticket) != nil else { return }
        settling.append(ticket)
    }

    /// The stanza was written, and nobody knows whether it has arrived.
    package mutating func unknown(_ ticket: UInt64) {
        guard let stage = tickets[ticket] else { return }
        // A stanza that was never released was not written.
        guard stage == .released else { return assertionFailure("unknown before it was released") }
        tickets[ticket] = nil
        doubting.append(ticket)
    }

    /// The stanza was not written and will not be by this process: whatever was declared, it is
    /// for the next one.
    package mutating func leave(_ ticket: UInt64) {
        guard let stage = tickets[ticket], stage != .held else { return }
        tickets[ticket] = .held
        if stage != .declaring { undeclaring.append(ticket) }
    }

    /// The stanzas go back to their senders.
    ///
    /// The router writes the errors, so that none is lost and none comes twice where this process
    /// ends in the middle.
    package mutating func returned(_ tickets: [UInt64], _ error: StanzaError) -> [LinkStep] {
        let known = tickets.filter { self.tickets.remove($0) != nil }
        guard !known.isEmpty else { return [] }
        return tell(.returned(numbers(known), error), declared: [])
    }

    /// Tells the router what `declare`, `settled` and `unknown` have gathered: to be called behind
    /// all that came in at once.
    package mutating func report() -> [LinkStep] {
        let declared = declaring.filter { tickets[$0] == .declaring }
        for ticket in declared { tickets[ticket] = .declared }
        let fates = LinkFates(
            written: numbers(declared),
            settled: numbers(settling),
            unknown: numbers(doubting),
            unwritten: numbers(undeclaring)
        )
        forgetReport()
        guard fates != LinkFates() else { return [] }
        return tell(.fates(fates), declared: declared)
    }

    mutating func forgetReport() {
        declaring.removeAll(keepingCapacity: true)
        settling.removeAll(keepingCapacity: true)
        doubting.removeAll(keepingCapacity: true)
        undeclaring.removeAll(keepingCapacity: true)
    }

    private mutating func tell(_ message: LinkMessage, declared: [UInt64]) -> [LinkStep] {
        var steps: [LinkStep] = []
        send(.report(declared: declared, message.bytes), &steps)
        return steps
    }

    /// As the session counts them.
    private func numbers(_ tickets: [UInt64]) -> LinkRanges {
        LinkRanges(tickets.compactMap { $0 > base ? $0 - base : nil })
    }
}

// MARK: - Connections and time

extension EdgeLedger {
    /// An authenticated connection to that process is there; it replaces any other.
    package mutating func connected(to instance: String, now: Instant) -> [LinkStep] {
        disconnected(now: now)
        phase = .greeting
        greeting = instance
        let holds = router == instance
        return [
            .write(.state(LinkState(session: holds ? session : nil, read: holds ? read : 0)))
        ]
    }

    /// The connection is gone.
    package mutating func disconnected(now: Instant) {
        if phase == .up { downSince = now }
        phase = .down
    }

    /// When to call ``tick(now:)`` next; nil while there is nothing to wait for.
    package var deadline: Instant? {
        guard phase != .up else { return nil }
        for case .stanza(let stanza, _) in waiting.all { return due(stanza) }
        return nil
    }

    private func due(_ stanza: LinkedStanza) -> Instant {
        max(stanza.since, downSince) + room.limits.waiting
    }

    /// Gives back to the peers what has waited for too long and was never sent.
    package mutating func tick(now: Instant) -> [LinkStep] {
        guard let deadline, deadline <= now else { return [] }
        var steps: [LinkStep] = []
        var rest: [Item] = []
        for item in waiting.takeAll() {
            if case .stanza(let stanza, _) = item, due(stanza) <= now {
                room.leave(stanza)
                steps.append(bounce(stanza.head, absence))
            } else {
                rest.append(item)
            }
        }
        waiting = LinkQueue(rest)
        return steps
    }
}
