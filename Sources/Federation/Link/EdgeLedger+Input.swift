import XMPP

// What the router says. Everything is checked before anything changes.

extension EdgeLedger {
    package mutating func received(_ inputs: [LinkInput], _ steps: inout [LinkStep]) {
        var departures: [Departure] = []
        func deliver() {
            if !departures.isEmpty { steps.append(.deliver(departures)) }
            departures = []
        }
        for input in inputs {
            do throws(StreamError) {
                if case .stanza(let stanza) = input {
                    if let departure = try take(stanza, &steps) { departures.append(departure) }
                } else {
                    deliver()
                    steps += try message(input)
                }
            } catch {
                deliver()
                return steps.append(.end(error))
            }
        }
        deliver()
    }

    /// What is to be delivered; what is returned may be so before others are delivered.
    private mutating func take(
        _ stanza: WrittenStanza,
        _ steps: inout [LinkStep]
    ) throws(StreamError) -> Departure? {
        switch phase {
        case .down: return nil
        case .greeting: throw StreamError(.notAuthorized)
        case .up: break
        }
        guard tickets.count < LinkLimits.stanzasMost else {
            throw StreamError(.resourceConstraint, text: "too many stanzas of unreported fate")
        }
        read += 1
        let ticket = base + read
        tickets.append(.held)
        guard let departure = Departure(stanza, ticket: ticket) else {
            tally.violations += 1
            let error = StanzaError(.notAllowed, text: "not a stanza for other domains")
            steps += returned([ticket], error)
            return nil
        }
        if let refusal = gate.refusal(of: departure.pair) {
            // Two configurations that differ are no reason to lose the others' stanzas.
            tally.violations += 1
            steps += returned([ticket], refusal)
            return nil
        }
        return departure
    }

    private mutating func message(_ input: LinkInput) throws(StreamError) -> [LinkStep] {
        guard case .element(let element) = input, element.namespace == LinkMessage.namespace
        else { throw StreamError(.unsupportedStanzaType) }
        return try message(LinkMessage(element))
    }

    private mutating func message(_ message: LinkMessage) throws(StreamError) -> [LinkStep] {
        switch (phase, message) {
        case (.down, _): return []
        case (.greeting, .state(let state)):
            guard let number = state.session else { throw Self.contradiction }
            return router == greeting && number == session
                ? try resume(state) : try begin(number, state)
        case (.up, .read(let count)):
            guard acknowledged <= count, count <= sentCount else { throw Self.contradiction }
            return acknowledge(through: count)
        default: throw StreamError(.badFormat, text: "a report of the link out of its turn")
        }
    }

    private static let contradiction = StreamError(
        .badFormat,
        text: "a report of the link that contradicts what was sent"
    )
}

// MARK: - Sessions

extension EdgeLedger {
    private mutating func resume(_ state: LinkState) throws(StreamError) -> [LinkStep] {
        guard acknowledged <= state.read, state.read <= sentCount,
            let numbers = state.withdrawn.numbers(through: read, most: LinkLimits.stanzasMost)
        else { throw Self.contradiction }
        let withdrawn = numbers.map { base + $0 }.filter { tickets[$0] != nil }
        guard withdrawn.allSatisfy({ tickets[$0] != .released }) else {
            throw Self.contradiction
        }
        for ticket in withdrawn { settled(ticket) }
        let steps = withdrawn.isEmpty ? [] : [LinkStep.withdraw(withdrawn)]
        return steps + acknowledge(through: state.read) + start() + report()
    }

    /// Begins another session than the one there was.
    ///
    /// The same router has given back, or counts as of unknown fate, what it was not told of:
    /// that must not be written. A router that was restarted knows of nothing, and nobody but this
    /// process can still send on what is here.
    private mutating func begin(
        _ number: UInt64,
        _ state: LinkState
    ) throws(StreamError) -> [LinkStep] {
        guard state.read == 0, state.withdrawn.isEmpty else { throw Self.contradiction }
        var steps: [LinkStep] = []
        let held = tickets.all.filter { $0.value != .released }.map(\.number)
        if !held.isEmpty { steps.append(router == greeting ? .withdraw(held) : .release(held)) }
        for case .stanza(let stanza, _) in sent.takeAll() {
            room.leave(stanza)
            tally.unknown += 1
            steps.append(.unknown(stanza.head))
        }
        // Reports were for the other session.
        waiting = LinkQueue(
            waiting.all.filter { if case .stanza = $0 { true } else { false } }
        )
        forgetReport()
        base += read
        tickets = NumberedQueue(next: base + 1)
        read = 0
        acknowledged = 0
        router = greeting
        session = number
        return steps + start()
    }

    private mutating func start() -> [LinkStep] {
        phase = .up
        var steps: [LinkStep] = [.write(.started)]
        for item in sent.all { steps.append(.write(item.bytes)) }
        for item in waiting.takeAll() { send(item, &steps) }
        return steps
    }
}

// MARK: - What the router has

extension EdgeLedger {
    private mutating func acknowledge(through count: UInt64) -> [LinkStep] {
        var released: [UInt64] = []
        var origins: [PeerID: LinkOrigin] = [:]
        while acknowledged < count, let item = sent.popFirst() {
            acknowledged += 1
            switch item {
            case .stanza(let stanza, let origin):
                room.leave(stanza)
                tally.settled += 1
                if let origin { origins[origin.peer] = origin }
            case .report(let declared, _):
                for ticket in declared where tickets[ticket] == .declared {
                    tickets[ticket] = .released
                    released.append(ticket)
                }
            }
        }
        var steps: [LinkStep] = released.isEmpty ? [] : [.release(released)]
        if !origins.isEmpty {
            steps.append(.handled(origins.values.sorted { $0.peer.number < $1.peer.number }))
        }
        return steps
    }
}
