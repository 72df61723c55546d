import Federation
import Logging
import NIOCore
import Platform
import Synchronization
import XMPP

/// The uplink of a gateway whose router is another process: a link to it.
final class EdgeUplink: Uplink {
    let link: Link<EdgeLedger>
    private let side: GatewaySide

    init(_ name: String, on loop: any EventLoop, gate: LinkGate, log: Logger) {
        side = GatewaySide()
        link = Link(
            to: name,
            on: loop,
            EdgeLedger(gate: gate, now: .now),
            side: side,
            log: log
        )
    }

    /// Gives it its gateway, before the first connection of either.
    func begin(_ gateway: Gateway) {
        side.gateway.withLock { $0 = gateway }
    }

    private func change(_ event: @Sendable (inout EdgeLedger, inout [LinkStep]) -> Void) {
        link.assumeIsolated { $0.change(event) }
    }

    func deliver(_ stanzas: [Arrival], from origin: LinkOrigin) -> Bool {
        let now = Instant.now
        change { ledger, steps in
            for (index, stanza) in stanzas.enumerated() {
                let isLast = index == stanzas.count - 1
                ledger.offer(stanza, from: isLast ? origin : nil, now: now, &steps)
            }
        }
        return false
    }

    var isFull: Bool { link.assumeIsolated { $0.look(\.isFull) } }

    func willWrite(_ departures: [Departure]) {
        change { ledger, _ in
            for departure in departures { ledger.declare(departure.ticket) }
        }
    }

    func writable(_ departures: [Departure]) -> Int {
        link.assumeIsolated { link in
            link.look { ledger in
                departures.firstIndex { !ledger.mayWrite($0.ticket) } ?? departures.count
            }
        }
    }

    func settled(_ departures: [Departure]) {
        change { ledger, _ in
            for departure in departures { ledger.settled(departure.ticket) }
        }
    }

    func lost(_ departures: [Departure]) {
        change { ledger, _ in
            for departure in departures { ledger.unknown(departure.ticket) }
        }
    }

    func bounced(_ departures: [Departure], _ error: StanzaError) {
        change { $1 += $0.returned(departures.map(\.ticket), error) }
    }

    /// The router keeps them for the process that comes after this one.
    func returned(_ departures: [Departure]) {
        change { ledger, _ in
            for departure in departures { ledger.leave(departure.ticket) }
        }
    }
}

/// What is at the end of a process for other servers: its gateway.
private final class GatewaySide: LinkSide {
    let gateway = Mutex<Gateway?>(nil)

    private func enter(_ work: @Sendable (isolated Gateway) -> Void) {
        guard let gateway = gateway.withLock({ $0 }) else { return }
        gateway.assumeIsolated { work($0) }
    }

    func deliver(_ departures: [Departure]) { enter { $0.send(departures) } }

    // The router's alone.
    func route(_ stanzas: [Stanza]) {}

    func bounce(_ stanzas: [(head: Stanza, error: StanzaError)]) {
        enter { $0.send(stanzas.compactMap { $0.head.bounced($0.error) }) }
    }

    func lost(_ heads: [Stanza]) {
        enter { $0.send(heads.compactMap(\.answeredByLoss)) }
    }

    func release(_ tickets: [UInt64]) { enter { $0.released() } }

    func withdraw(_ tickets: [UInt64]) { enter { $0.withdraw(tickets) } }

    func handled(_ origins: [LinkOrigin]) { enter { $0.handled(origins) } }
}
