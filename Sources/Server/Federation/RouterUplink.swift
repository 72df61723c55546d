import Federation
import Logging
import XMPP

/// The uplink of a gateway in the router's own process: the ``LoopHost`` of its loop.
final class RouterUplink: Uplink {
    private let host: LoopHost
    private let gate: LinkGate
    private let log: Logger

    init(_ host: LoopHost, gate: LinkGate, log: Logger) {
        self.host = host
        self.gate = gate
        self.log = log
    }

    func deliver(_ stanzas: [Arrival], from origin: LinkOrigin) -> Bool {
        take(stanzas.compactMap(\.stanza))
        return true
    }

    private func take(_ stanzas: [Stanza]) {
        // The streams see to it; whatever is wrong there must not let a stranger be one of ours.
        let taken = stanzas.filter(gate.lets)
        if taken.count < stanzas.count {
            log.error("a stanza from outside in the name of a domain of ours was dropped")
        }
        host.assumeIsolated { $0.take([.outside(taken)]) }
    }

    var isFull: Bool { false }

    func willWrite(_ departures: [Departure]) {}

    func writable(_ departures: [Departure]) -> Int { departures.count }

    func settled(_ departures: [Departure]) {}

    func lost(_ departures: [Departure]) {
        take(departures.compactMap { $0.head?.answeredByLoss })
    }

    func bounced(_ departures: [Departure], _ error: StanzaError) {
        take(departures.compactMap { $0.head?.bounced(error) })
    }

    func returned(_ departures: [Departure]) {
        bounced(
            departures,
            StanzaError(.remoteServerTimeout, text: "this server is shutting down")
        )
    }
}

extension Stanza {
    /// The error to send back, where one may be sent (RFC 6120 §8.3.1, RFC 6121 §8.1.1.3).
    func bounced(_ error: StanzaError) -> Stanza? {
        guard !isError, kind == .message || isRequest else { return nil }
        return failure(error)
    }

    /// What its sender hears of a stanza that was written and of which nobody knows whether it
    /// arrived: who asked for something is told that there is no answer; of all else an error
    /// would be a guess.
    var answeredByLoss: Stanza? {
        guard isRequest else { return nil }
        return failure(
            StanzaError(
                .remoteServerTimeout,
                text: "the connection was lost before an answer came"
            )
        )
    }
}
