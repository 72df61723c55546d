package import XMPP

/// What time brings.
extension RemoteTable {
    /// Does what is due; to be called when the newest ``Action/wake(_:)`` says.
    package mutating func woke(at now: Instant) -> [Action] {
        announced = nil
        while let duty = schedule.take(at: now) ?? rests.take(at: now) { perform(duty, at: now) }
        return take()
    }

    private mutating func perform(_ duty: RemoteSchedule.Duty, at now: Instant) {
        switch duty {
        case .ready(let id): tireOfOpening(id, at: now)
        case .idle(let id): restIdle(id, at: now)
        case .settle(let id): settleDoubt(id, at: now)
        case .proof(let pair): tireOfProof(pair, at: now)
        case .line(let pair): tireOfLine(pair, at: now)
        case .place: makePlaces(at: now)
        case .question(let question): tireOfQuestion(question, at: now)
        case .forget(let domain):
            domains[domain]?.backoff = nil
            tidy(domain)
        case .forgetPair(let pair):
            pairs[pair]?.backoff = nil
            tidy(pair)
        case .stop: endStop()
        }
    }
}
