import Federation
import Logging
import Modules
import NIOCore
import Platform
import Transport
import XMPP

/// An end of a link, as those who keep connections know it.
protocol LinkEnd: AnyObject, Sendable {
    func began(_ connection: LinkConnection, with peer: LinkPeer)
    func received(_ inputs: [LinkInput], on connection: LinkConnection)
    func ended(_ connection: LinkConnection, _ failure: LinkFailure?)
}

/// One end of a link to another process of the server: its ledger, its connection, and its time.
///
/// An actor whose executor is its event loop, on which its connections and its ``LinkSide`` live.
actor Link<Ledger: LinkLedger> {
    nonisolated let loop: any EventLoop
    nonisolated let unownedExecutor: UnownedSerialExecutor
    /// The name of the process at the other end.
    nonisolated let name: String
    private let side: any LinkSide
    private let log: Logger
    private var ledger: Ledger
    private var connection: LinkConnection?
    private var since: Instant?
    private var alarm: (at: Instant, task: Scheduled<Void>)?
    private var isFinishDue = false
    /// What is to be done, in order.
    private var steps: [LinkStep] = []
    private var isWorking = false

    init(
        to name: String,
        on loop: any EventLoop,
        _ ledger: Ledger,
        side: any LinkSide,
        log: Logger
    ) {
        self.name = name
        self.loop = loop
        unownedExecutor = loop.executor.asUnownedSerialExecutor()
        self.ledger = ledger
        self.side = side
        self.log = log
    }

    /// Whether the link is up, and what is on it.
    var status: LinkStatus {
        let counters = ledger.counters
        return LinkStatus(
            name: name,
            isUp: ledger.isUp,
            address: connection?.address,
            tls: connection?.tls?.version,
            since: since,
            counts: [
                .init("waiting", counters.waiting),
                .init("under way", counters.underWay),
                .init("arrived", Int(clamping: counters.settled)),
                .init("returned with an error", Int(clamping: counters.bounced)),
                .init("of unknown fate", Int(clamping: counters.unknown)),
                .init("refused", Int(clamping: counters.violations)),
            ]
        )
    }

    /// Changes the ledger and does what that adds to the steps; at the end of the tick it is told
    /// that all is in.
    func change(_ event: (inout Ledger, inout [LinkStep]) -> Void) {
        event(&ledger, &steps)
        perform()
        guard !isFinishDue else { return }
        isFinishDue = true
        loop.execute { self.assumeIsolated { $0.finish() } }
    }

    /// Asks the ledger.
    func look<Answer>(_ question: (Ledger) -> Answer) -> Answer { question(ledger) }

    private func finish() {
        isFinishDue = false
        steps += ledger.finish()
        perform()
        watch()
    }

    /// Closes the connection in peace, with what is still to be said.
    func close() {
        finish()
        connection?.close(nil)
        alarm?.task.cancel()
        alarm = nil
    }
}

// MARK: - Steps

extension Link {
    private func perform() {
        guard !isWorking else { return }
        isWorking = true
        var next = 0
        while next < steps.count { next = perform(from: next) }
        steps.removeAll(keepingCapacity: steps.capacity < 1_024)
        isWorking = false
    }

    /// Does the step and those behind it that are of its kind and go with it; the next one's index.
    private func perform(from start: Int) -> Int {
        var next = start + 1
        func following<Part>(_ part: (LinkStep) -> Part?) -> [Part] {
            var parts: [Part] = []
            next = start
            while next < steps.count, let found = part(steps[next]) {
                parts.append(found)
                next += 1
            }
            return parts
        }
        switch steps[start] {
        case .write(let bytes): connection?.write(bytes)
        case .route(let stanzas): side.route(stanzas)
        case .deliver(let departures): side.deliver(departures)
        case .bounce: side.bounce(following(\.bounce))
        case .unknown: lose(following(\.loss))
        case .release(let tickets): side.release(tickets)
        case .withdraw(let tickets): side.withdraw(tickets)
        case .handled(let origins): side.handled(origins)
        case .end(let error): violated(error)
        }
        return next
    }

    private func lose(_ heads: [Stanza]) {
        log.notice("the fate of \(heads.count) stanzas is not known: ‘\(name)’ has ended with them")
        side.lost(heads)
    }

    /// The other end broke the protocol: it is not believed any more on this connection.
    private func violated(_ error: StreamError) {
        guard let connection else { return }
        log.error("link ‘\(name)’ is ended: \(error.text ?? error.condition.rawValue)")
        self.connection = nil
        since = nil
        ledger.disconnected(now: .now)
        connection.violated(error)
    }

    private func watch() {
        guard let due = ledger.deadline else { return }
        if let alarm, alarm.at <= due { return }
        alarm?.task.cancel()
        let wait = TimeAmount(max(due - .now, .zero))
        let task = loop.scheduleTask(in: wait) {
            self.assumeIsolated { link in
                link.alarm = nil
                link.change { $1 += $0.tick(now: .now) }
            }
        }
        alarm = (due, task)
    }
}

extension LinkStep {
    fileprivate var bounce: (head: Stanza, error: StanzaError)? {
        if case .bounce(let head, let error) = self { (head, error) } else { nil }
    }

    fileprivate var loss: Stanza? {
        if case .unknown(let head) = self { head } else { nil }
    }
}

// MARK: - Connections

extension Link: LinkEnd {
    nonisolated func began(_ connection: LinkConnection, with peer: LinkPeer) {
        assumeIsolated { $0.begin(connection, peer) }
    }

    private func begin(_ connection: LinkConnection, _ peer: LinkPeer) {
        // Whoever has the secret may say that the old one is of no use.
        let old = self.connection
        self.connection = connection
        since = .now
        log.notice("link ‘\(name)’ is up, by \(connection.address)")
        change { $1 += $0.connected(to: peer.instance, now: .now) }
        old?.close(StreamError(.conflict, text: "a newer connection took its place"))
    }

    nonisolated func received(_ inputs: [LinkInput], on connection: LinkConnection) {
        assumeIsolated { link in
            guard link.connection === connection else { return }
            // All of them first: stanzas that came together are handed on together.
            link.change { ledger, steps in ledger.received(inputs, &steps) }
        }
    }

    nonisolated func ended(_ connection: LinkConnection, _ failure: LinkFailure?) {
        assumeIsolated { link in
            guard link.connection === connection else { return }
            link.connection = nil
            link.since = nil
            link.log.notice("link ‘\(link.name)’ is down: \(failure?.description ?? "closed")")
            link.change { ledger, _ in ledger.disconnected(now: .now) }
        }
    }
}
