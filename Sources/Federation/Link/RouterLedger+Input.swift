package import XMPP

// What the edge says. Everything is checked before anything changes.

extension RouterLedger {
    /// A whole child of the link's stream came.
    package mutating func received(_ element: Element) -> [LinkStep] {
        do throws(StreamError) {
            guard element.namespace == LinkMessage.namespace else { return try stanza(element) }
            return try message(LinkMessage(element))
        } catch {
            return [.end(error)]
        }
    }

    private mutating func stanza(_ element: Element) throws(StreamError) -> [LinkStep] {
        switch phase {
        case .down: return []
        case .greeting, .starting: throw StreamError(.notAuthorized)
        case .up: break
        }
        // One that may not pass is read all the same: it must not come again.
        read += 1
        do throws(StreamError) {
            let stanza = try gate.admit(element)
            guard gate.reaches(stanza) else {
                tally.violations += 1
                let domain = stanza.to?.domain ?? ""
                return [bounce(stanza, LinkGate.notServed(domain))]
            }
            guard let departure = Departure(stanza) else {
                throw StreamError(.improperAddressing)
            }
            return [.deliver(departure)]
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
        let withdrawn = kept.filter { $0.value.stage == .withdrawn }.map(\.key)
        return answer(LinkState(session: session, read: read, withdrawn: LinkRanges(withdrawn)))
    }

    /// Goes on behind the last stanza that the edge has: the others go again.
    private mutating func resume(after last: UInt64) {
        var again: [LinkedStanza] = []
        let lost = kept.filter { $0.key > last }.sorted { $0.key < $1.key }
        for (number, entry) in lost {
            kept[number] = nil
            if entry.stage == .withdrawn {
                room.leave(entry.stanza)
            } else {
                again.append(entry.stanza)
            }
        }
        sent = last
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
        let declared = Set(written)
        guard unknown.allSatisfy({ kept[$0]?.stage == .declared || declared.contains($0) }),
            Set(settled).isDisjoint(with: unknown)
        else { throw Self.contradiction }
        let unwritten = try numbers(fates.unwritten)
        guard unwritten.allSatisfy({ kept[$0]?.stage != .sent }),
            Set(unwritten).isDisjoint(with: written + settled + unknown)
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
        guard let entry = kept.removeValue(forKey: number) else { return nil }
        room.leave(entry.stanza)
        return entry
    }
}
