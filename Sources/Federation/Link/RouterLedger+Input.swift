import XMPP

// What the edge says. Everything is checked before anything changes.

extension RouterLedger {
    package mutating func received(_ inputs: [LinkInput], _ steps: inout [LinkStep]) {
        var stanzas: [Stanza] = []
        func route() {
            if !stanzas.isEmpty { steps.append(.route(stanzas)) }
            stanzas = []
        }
        for input in inputs {
            do throws(StreamError) {
                guard case .element(let element) = input else {
                    throw StreamError(.unsupportedStanzaType)
                }
                if element.namespace != LinkMessage.namespace {
                    if let stanza = try stanza(element, &steps) { stanzas.append(stanza) }
                } else {
                    route()
                    steps += try message(LinkMessage(element))
                }
            } catch {
                route()
                return steps.append(.end(error))
            }
        }
        route()
    }

    /// What is to be routed; what comes back may do so before others are routed.
    private mutating func stanza(
        _ element: Element,
        _ steps: inout [LinkStep]
    ) throws(StreamError) -> Stanza? {
        switch phase {
        case .down: return nil
        case .greeting, .starting: throw StreamError(.notAuthorized)
        case .up: break
        }
        // One that may not pass is read all the same: it must not come again.
        read += 1
        do throws(StreamError) {
            switch try gate.admit(element) {
            case .misaddressed(let head, let error):
                if let head { steps.append(bounce(head, error)) }
            case .stanza(let stanza) where gate.reaches(stanza): return stanza
            case .stanza(let stanza):
                tally.violations += 1
                let domain = stanza.to?.domain ?? ""
                steps.append(bounce(stanza, LinkGate.notServed(domain)))
            }
            return nil
        } catch {
            tally.violations += 1
            throw error
        }
    }

    private mutating func message(_ message: LinkMessage) throws(StreamError) -> [LinkStep] {
        switch (phase, message) {
        case (.down, _): return []
        case (.greeting, .state(let state)): return try greeted(state)
        case (.starting, .started): return started()
        case (.up, .fates(let fates)): return try learn(fates)
        case (.up, .returned(let stanzas, let error)):
            return try returned(stanzas, error)
        default: throw StreamError(.badFormat, text: "a report of the link out of its turn")
        }
    }
}

// MARK: - Sessions

extension RouterLedger {
    private mutating func greeted(_ state: LinkState) throws(StreamError) -> [LinkStep] {
        guard state.withdrawn.isEmpty else { throw Self.contradiction }
        guard edge == greeting, state.session == session else { return begin() }
        guard mentioned <= state.read, state.read <= sent else { throw Self.contradiction }
        resume(after: state.read)
        let withdrawn = kept.all.filter { $0.value.stage == .withdrawn }.map(\.number)
        return answer(LinkState(session: session, read: read, withdrawn: LinkRanges(withdrawn)))
    }

    /// Goes on behind the last stanza that the edge has: the others go again.
    private mutating func resume(after last: UInt64) {
        var again: [LinkedStanza] = []
        for (_, entry) in kept.take(after: last) {
            if entry.stage == .withdrawn {
                room.leave(entry.stanza)
            } else {
                again.append(entry.stanza)
            }
        }
        waiting = LinkQueue(again + waiting.all)
    }

    /// Begins a session.
    ///
    /// A process that was restarted has written what it had declared, at most. The same process
    /// without our session has been with another router meanwhile, and may have written everything
    /// that it had read.
    private mutating func begin() -> [LinkStep] {
        let steps = loseKept(resending: edge != greeting)
        session += 1
        edge = greeting
        read = 0
        return steps + answer(LinkState(session: session))
    }

    private mutating func answer(_ state: LinkState) -> [LinkStep] {
        phase = .starting
        acknowledged = read
        return [.write(.state(state))]
    }

    static let contradiction = StreamError(
        .badFormat,
        text: "a report of the link that contradicts what was sent"
    )
}

// MARK: - Fates

extension RouterLedger {
    private mutating func learn(_ fates: LinkFates) throws(StreamError) -> [LinkStep] {
        let written = try numbers(fates.written)
        let settled = try numbers(fates.settled)
        let unknown = try numbers(fates.unknown)
        guard written.allSatisfy({ kept[$0]?.stage != .declared }) else {
            throw Self.contradiction
        }
        // What was not declared was not written, and so is not of unknown fate.
        guard fates.settled.isDisjoint(with: fates.unknown),
            unknown.allSatisfy({ kept[$0]?.stage == .declared || fates.written.contains($0) })
        else { throw Self.contradiction }
        let unwritten = try numbers(fates.unwritten)
        guard unwritten.allSatisfy({ kept[$0]?.stage != .sent }),
            fates.unwritten.isDisjoint(with: fates.written),
            fates.unwritten.isDisjoint(with: fates.settled),
            fates.unwritten.isDisjoint(with: fates.unknown)
        else { throw Self.contradiction }
        read += 1
        for number in unwritten where kept[number]?.stage == .declared {
            kept[number]?.stage = .sent
        }
        for number in written where kept[number]?.stage == .sent {
            kept[number]?.stage = .declared
        }
        for number in settled {
            if let entry = take(number), entry.stage != .withdrawn { tally.settled += 1 }
        }
        var steps: [LinkStep] = []
        for number in unknown {
            guard let entry = take(number), entry.stage != .withdrawn else { continue }
            tally.unknown += 1
            steps.append(.unknown(entry.stanza.head))
        }
        note(fates.written, fates.settled, fates.unknown, fates.unwritten)
        return steps
    }

    private mutating func returned(
        _ stanzas: LinkRanges,
        _ error: StanzaError
    ) throws(StreamError) -> [LinkStep] {
        let numbers = try numbers(stanzas)
        read += 1
        note(stanzas)
        var steps: [LinkStep] = []
        for number in numbers {
            guard let entry = take(number), entry.stage != .withdrawn else { continue }
            steps.append(bounce(entry.stanza.head, error))
        }
        return steps
    }

    /// The numbers of a report, where all are of stanzas whose fate is not known yet.
    private func numbers(_ ranges: LinkRanges) throws(StreamError) -> [UInt64] {
        guard let numbers = ranges.numbers(through: sent, most: kept.count),
            numbers.allSatisfy({ kept[$0] != nil })
        else { throw Self.contradiction }
        return numbers
    }

    private mutating func note(_ reports: LinkRanges...) {
        for report in reports { mentioned = max(mentioned, report.ranges.last?.upperBound ?? 0) }
    }

    private mutating func take(_ number: UInt64) -> Kept? {
        guard let entry = kept.remove(number) else { return nil }
        room.leave(entry.stanza)
        return entry
    }
}
