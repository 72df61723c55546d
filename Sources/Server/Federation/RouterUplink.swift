import Federation
import Logging
import XMPP

/// The uplink of a gateway in the router's own process: the ``LoopHost`` of its loop.
final class RouterUplink: Uplink {
    private let host: LoopHost
    /// Which domains are served by this process, and so are nobody else's.
    private let isLocal: @Sendable (String) -> Bool
    private let log: Logger

    init(
        _ host: LoopHost,
        isLocal: @escaping @Sendable (String) -> Bool,
        log: Logger
    ) {
        self.host = host
        self.isLocal = isLocal
        self.log = log
    }

    func deliver(_ stanzas: [Stanza], _ handled: @escaping @Sendable () -> Void) {
        var taken = stanzas
        // The streams see to it; whatever is wrong there must not let a stranger be one of ours.
        taken.removeAll { $0.from.map { isLocal($0.domain) } ?? true }
        if taken.count < stanzas.count {
            log.error("a stanza from outside in the name of a domain of ours was dropped")
        }
        host.assumeIsolated { $0.take([.outside(taken)]) }
        handled()
    }

    func willWrite(_ departures: [Departure]) {}

    func settled(_ departures: [Departure]) {}

    func lost(_ departures: [Departure]) {}

    func returned(_ departures: [Departure]) {
        let error = StanzaError(.remoteServerTimeout, text: "this server is shutting down")
        deliver(departures.compactMap { $0.stanza.bounced(error) }) {}
    }
}
