import Federation
import Logging
import NIOCore
import Platform
import XMPP

/// The router's end of a link: a way out, behind which is a process for other servers or for
/// components.
final class RouterLink: Route {
    let link: Link<RouterLedger>

    init(_ name: String, _ host: LoopHost, gate: LinkGate, log: Logger) {
        link = Link(
            to: name,
            on: host.loop,
            RouterLedger(gate: gate, now: .now),
            side: RouterSide(host: host),
            log: log
        )
    }

    func send(_ stanzas: [Stanza]) {
        if link.loop.inEventLoop {
            link.assumeIsolated { $0.offer(stanzas) }
        } else {
            let link = link
            link.loop.execute { link.assumeIsolated { $0.offer(stanzas) } }
        }
    }
}

extension Link where Ledger == RouterLedger {
    fileprivate func offer(_ stanzas: [Stanza]) {
        let now = Instant.now
        change { ledger, steps in
            for stanza in stanzas { ledger.offer(stanza, now: now, &steps) }
        }
    }
}

/// What is at the router's end: the ``LoopHost`` of the loop.
private struct RouterSide: LinkSide {
    let host: LoopHost

    func route(_ stanzas: [Stanza]) {
        guard !stanzas.isEmpty else { return }
        host.assumeIsolated { $0.take([.outside(stanzas)]) }
    }

    func bounce(_ stanzas: [(head: Stanza, error: StanzaError)]) {
        route(stanzas.compactMap { $0.head.bounced($0.error) })
    }

    func lost(_ heads: [Stanza]) { route(heads.compactMap(\.answeredByLoss)) }

    // The edge's alone.
    func deliver(_ departures: [Departure]) {}
    func release(_ tickets: [UInt64]) {}
    func withdraw(_ tickets: [UInt64]) {}
    func handled(_ origins: [LinkOrigin]) {}
}
