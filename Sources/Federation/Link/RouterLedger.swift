package import XMPP

/// What the router knows of the stanzas that it has sent over a link, through all connections of
/// the link.
///
/// A stanza is kept until its fate is known. Where a connection breaks and the same two processes
/// meet again they go on where they were; where the other process was restarted, what it had not
/// declared as written is sent to the new one, and what it had is of unknown fate.
///
/// Phases of a connection, in order: down; greeting, until the edge has said what it holds;
/// starting, until it has read our answer; up. Only in the last one stanzas go. What comes while
/// the link is down is ignored.
package struct RouterLedger: Sendable {
    enum Phase: Sendable {
        case down, greeting, starting, up
    }

    /// What the router knows of one stanza that it has sent.
    enum Stage: Sendable {
        case sent
        /// The edge may write it, or has.
        case declared
        /// It was given back to its sender while the link was down; the edge does not know yet.
        case withdrawn
    }

    struct Kept: Sendable {
        let stanza: LinkedStanza
        var stage: Stage
    }

    let gate: LinkGate
    let absence: StanzaError
    var phase = Phase.down
    /// Since when nothing can be sent.
    var downSince: Instant
    /// The process at the other end of the present connection.
    var greeting = ""
    /// The process with which the session is.
    var edge: String?
    /// Counts the sessions of this process.
    var session: UInt64 = 0
    var waiting = LinkQueue<LinkedStanza>()
    /// By their numbers in the session.
    var kept = NumberedQueue<Kept>(next: 1)
    /// The highest number of which the edge has spoken: so far it has read.
    var mentioned: UInt64 = 0
    /// Stanzas and reports read in the session, and how many of them were acknowledged.
    var read: UInt64 = 0
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
        text: "the server-to-server process is not connected"
    )

    /// Stanzas sent in the session.
    var sent: UInt64 { kept.next - 1 }

    /// Whether stanzas go over the link at the moment.
    package var isUp: Bool { phase == .up }

    /// What became of our stanzas.
    package var counters: LinkCounters {
        var counters = tally
        counters.waiting = waiting.count
        counters.underWay = kept.count
        return counters
    }
}

// MARK: - Our stanzas

extension RouterLedger {
    /// Sends a stanza, now or as soon as the link is up; without room for it, it comes back.
    package mutating func offer(_ stanza: Stanza, now: Instant, _ steps: inout [LinkStep]) {
        guard !room.isFull else { return steps.append(bounce(stanza, LinkRoom.full)) }
        let stanza = LinkedStanza(stanza, since: now)
        if let refusal = room.enter(stanza) { return steps.append(bounce(stanza.head, refusal)) }
        guard phase == .up else { return waiting.append(stanza) }
        steps.append(send(stanza))
    }

    private mutating func send(_ stanza: LinkedStanza) -> LinkStep {
        kept.append(Kept(stanza: stanza, stage: .sent))
        return .write(stanza.bytes)
    }

    /// The edge holds the same session now: what waits goes.
    mutating func started() -> [LinkStep] {
        phase = .up
        return waiting.takeAll().map { send($0) }
    }

    mutating func bounce(_ stanza: Stanza, _ error: StanzaError) -> LinkStep {
        tally.bounced += 1
        return .bounce(stanza.withoutContent, error)
    }

    mutating func lose(_ stanza: LinkedStanza) -> LinkStep {
        room.leave(stanza)
        tally.unknown += 1
        return .unknown(stanza.head)
    }
}

// MARK: - Connections

extension RouterLedger {
    /// An authenticated connection to that process is there; it replaces any other.
    ///
    /// The other side speaks first.
    @discardableResult
    package mutating func connected(to instance: String, now: Instant) -> [LinkStep] {
        disconnected(now: now)
        phase = .greeting
        greeting = instance
        return []
    }

    /// The connection is gone.
    package mutating func disconnected(now: Instant) {
        if phase == .up { downSince = now }
        phase = .down
    }

    /// Acknowledges what was read: to be called behind all that came in at once.
    ///
    /// The edge waits for it before it writes what it has declared.
    package mutating func acknowledge() -> [LinkStep] {
        guard phase == .up, read > acknowledged else { return [] }
        acknowledged = read
        return [.write(.read(read))]
    }
}

// MARK: - Time

extension RouterLedger {
    /// Whether stanzas that were sent can still be taken back: the edge hears of it when it
    /// connects, before it hears that it may write them.
    private var mayWithdraw: Bool { phase == .down || phase == .greeting }

    /// When to call ``tick(now:)`` next; nil while there is nothing to wait for.
    package var deadline: Instant? {
        guard phase != .up else { return nil }
        var times: [Instant] = []
        if let first = waiting.first { times.append(due(first)) }
        if mayWithdraw, kept.contains(where: { $0.stage == .sent }) {
            times.append(downSince + room.limits.waiting)
        }
        if phase == .down, edge != nil { times.append(downSince + room.limits.resumption) }
        return times.min()
    }

    private func due(_ stanza: LinkedStanza) -> Instant {
        max(stanza.since, downSince) + room.limits.waiting
    }

    /// Gives back what has waited for too long, and forgets a session that nobody takes up again.
    package mutating func tick(now: Instant) -> [LinkStep] {
        guard phase != .up else { return [] }
        var steps: [LinkStep] = []
        if mayWithdraw, downSince + room.limits.waiting <= now { steps += withdraw() }
        while let first = waiting.first, due(first) <= now {
            guard let stanza = waiting.popFirst() else { break }
            room.leave(stanza)
            steps.append(bounce(stanza.head, absence))
        }
        if phase == .down, edge != nil, downSince + room.limits.resumption <= now {
            steps += forget()
        }
        return steps
    }

    private mutating func withdraw() -> [LinkStep] {
        var steps: [LinkStep] = []
        for (number, entry) in kept.all where entry.stage == .sent {
            kept[number]?.stage = .withdrawn
            steps.append(bounce(entry.stanza.head, absence))
        }
        return steps
    }

    /// Ends the session: what the edge may have written is of unknown fate.
    private mutating func forget() -> [LinkStep] {
        let steps = loseKept(resending: false)
        edge = nil
        return steps
    }

    /// Empties what is kept: what may have been written is of unknown fate.
    ///
    /// What was not declared is as well, or waits again, in its order.
    mutating func loseKept(resending: Bool) -> [LinkStep] {
        var steps: [LinkStep] = []
        var again: [LinkedStanza] = []
        for (_, entry) in kept.all {
            switch entry.stage {
            case .withdrawn: room.leave(entry.stanza)
            case .sent where resending: again.append(entry.stanza)
            case .sent, .declared: steps.append(lose(entry.stanza))
            }
        }
        kept = NumberedQueue(next: 1)
        mentioned = 0
        waiting = LinkQueue(again + waiting.all)
        return steps
    }
}
