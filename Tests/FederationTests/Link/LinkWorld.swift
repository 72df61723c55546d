import Testing
import XMPP

@testable import Federation

/// A router and an edge with a pipe between them that can be cut anywhere, and what those behind
/// them have seen: it outlives both processes.
final class LinkWorld {
    /// One direction of the pipe: writes that are under way.
    struct Pipe {
        var chunks: [[UInt8]] = []
    }

    /// One end of the connection.
    final class End {
        var stream: LinkStream
        let reader = LinkReader()

        init(_ configuration: LinkStream.Configuration, nonce: String) {
            stream = LinkStream(configuration, nonce: nonce)
        }
    }

    var now = Instant(milliseconds: 1_000_000)
    var router: RouterLedger
    var edge: EdgeLedger
    private var routerInstance = 1
    private var edgeInstance = 1
    private var connections = 0
    private var routerEnd: End?
    private var edgeEnd: End?
    private var toRouter = Pipe()
    private var toEdge = Pipe()
    let edgeOpens: Bool

    // What the peers and the users have seen.
    var written: [Int: Int] = [:]
    var declared: Set<Int> = []
    var routed: [Int: Int] = [:]
    // What was offered to the present router, and what it has said of it.
    var offered: Set<Int> = []
    var bounced: [Int: Int] = [:]
    var unknown: [Int: Int] = [:]
    // The same of the present edge.
    var edgeOffered: Set<Int> = []
    var edgeBounced: [Int: Int] = [:]
    var edgeUnknown: [Int: Int] = [:]
    var handled: UInt64 = 0
    var routerRestarts = 0
    var edgeRestarts = 0
    private var paused = Duration.zero

    // What the edge's program has in hand.
    private var tickets: [UInt64: Int] = [:]
    private var later: [UInt64] = []
    private var held: [UInt64] = []

    init(edgeOpens: Bool = true, limits: LinkLimits = LinkLimits()) {
        self.edgeOpens = edgeOpens
        router = Self.router(now, limits)
        edge = Self.edge(now, limits)
        self.limits = limits
    }

    private let limits: LinkLimits

    private static func router(_ now: Instant, _ limits: LinkLimits) -> RouterLedger {
        let gate = LinkGate.others { $0 == "here.example" }
        return RouterLedger(gate: gate, limits: limits, now: now)
    }

    private static func edge(_ now: Instant, _ limits: LinkLimits) -> EdgeLedger {
        EdgeLedger(gate: .from { $0 == "here.example" }, limits: limits, now: now)
    }
}

// MARK: - Processes and connections

extension LinkWorld {
    static let secret = LinkSecret(Array("a secret of some length".utf8))

    private func configuration(_ isRouter: Bool) -> LinkStream.Configuration {
        let (name, other) = isRouter ? ("router", "s2s") : ("s2s", "router")
        return LinkStream.Configuration(
            name: name,
            instance: "instance-of-\(name)-\(isRouter ? routerInstance : edgeInstance)",
            role: isRouter == edgeOpens ? .accepts : .opens(to: other),
            secrets: Self.secret.map { [other: $0] } ?? [:],
            usesTLS: false
        )
    }

    func connect() {
        cut()
        connections += 1
        routerEnd = End(configuration(true), nonce: "nonce-of-the-router-\(connections)")
        edgeEnd = End(configuration(false), nonce: "nonce-of-the-edge-\(connections)")
        for isRouter in [true, false] {
            if let action = end(isRouter)?.stream.connected() { perform(action, isRouter) }
        }
    }

    /// What is under way is lost.
    func cut() {
        toRouter = Pipe()
        toEdge = Pipe()
        routerEnd = nil
        edgeEnd = nil
        router.disconnected(now: now)
        edge.disconnected(now: now)
    }

    func restartRouter() {
        cut()
        routerInstance += 1
        routerRestarts += 1
        router = Self.router(now, limits)
        offered = []
        bounced = [:]
        unknown = [:]
    }

    func restartEdge() {
        cut()
        edgeInstance += 1
        edgeRestarts += 1
        edge = Self.edge(now, limits)
        edgeOffered = []
        edgeBounced = [:]
        edgeUnknown = [:]
        handled = 0
        tickets = [:]
        later = []
        held = []
    }

    func pass(_ time: Duration) {
        paused = paused + time
        now = now + time
        performAtRouter(router.tick(now: now))
        performAtEdge(edge.tick(now: now))
    }

    private func end(_ isRouter: Bool) -> End? { isRouter ? routerEnd : edgeEnd }
}

// MARK: - The pipe

extension LinkWorld {
    var isQuiet: Bool { toRouter.chunks.isEmpty && toEdge.chunks.isEmpty }

    /// Brings the next write to the other end; the first half of it only, if so wanted.
    func move(towardsRouter: Bool, half: Bool = false) {
        let chunk: [UInt8]
        if towardsRouter {
            guard !toRouter.chunks.isEmpty else { return }
            chunk = toRouter.chunks.removeFirst()
        } else {
            guard !toEdge.chunks.isEmpty else { return }
            chunk = toEdge.chunks.removeFirst()
        }
        feed(half ? Array(chunk.prefix(chunk.count / 2)) : chunk, towardsRouter)
    }

    func drain() {
        while !isQuiet {
            move(towardsRouter: true)
            move(towardsRouter: false)
        }
    }

    private func feed(_ bytes: [UInt8], _ isRouter: Bool) {
        guard let end = end(isRouter) else { return }
        var events: [LinkEvent] = []
        do {
            try bytes.withUnsafeBytes { try end.reader.feed($0) { events.append($0) } }
        } catch {
            Issue.record("\(error)")
        }
        for event in events {
            switch event {
            case .opened(let header): perform(end.stream.opened(header), isRouter)
            case .received(let input):
                perform(end.stream.received(input, now: now), isRouter)
            case .closed: perform(end.stream.peerClosed(), isRouter)
            }
        }
        if isRouter {
            performAtRouter(router.acknowledge())
        } else {
            performAtEdge(edge.report())
        }
    }

    private func write(_ bytes: [UInt8], _ isRouter: Bool) {
        guard end(isRouter) != nil else { return }
        if isRouter { toEdge.chunks.append(bytes) } else { toRouter.chunks.append(bytes) }
    }

    private func perform(_ action: LinkAction, _ isRouter: Bool) {
        switch action {
        case .nothing: break
        case .open(let header, let hello):
            var writer = XMLWriter()
            writer.write(header)
            write(writer.bytes + hello.serialized(in: Namespace.server), isRouter)
        case .send(let element), .answer(let element):
            write(element.serialized(in: Namespace.server), isRouter)
        case .ready(let peer, let element):
            end(isRouter)?.reader.begin(isEdge: !isRouter)
            if let element { write(element.serialized(in: Namespace.server), isRouter) }
            if isRouter {
                router.connected(to: peer.instance, now: now)
            } else {
                performAtEdge(edge.connected(to: peer.instance, now: now))
            }
        case .pass(let input):
            var steps: [LinkStep] = []
            if isRouter {
                router.received([input], &steps)
                performAtRouter(steps)
            } else {
                edge.received([input], &steps)
                performAtEdge(steps)
            }
        case .startTLS, .close, .disconnect: Issue.record("\(action)")
        }
    }
}

// MARK: - Who is behind the ends

extension LinkWorld {
    func offerAtRouter(_ id: Int) {
        offered.insert(id)
        let stanza = Stanza.linked(id, from: "user@here.example/a", to: "friend@there.example")
        performAtRouter(router.offer(stanza, now: now))
    }

    func offerAtEdge(_ id: Int) {
        edgeOffered.insert(id)
        let stanza = Stanza.linked(id, from: "friend@there.example/b", to: "user@here.example")
        let origin = LinkOrigin(PeerID(1), position: UInt64(edgeOffered.count))
        performAtEdge(edge.offer(stanza, from: origin, now: now))
    }

    private func performAtRouter(_ steps: [LinkStep]) {
        for step in steps {
            switch step {
            case .write(let bytes): write(bytes, true)
            case .route(let stanzas):
                for stanza in stanzas { routed[stanza.number, default: 0] += 1 }
            case .bounce(let stanza, _): bounced[stanza.number, default: 0] += 1
            case .unknown(let stanza): unknown[stanza.number, default: 0] += 1
            case .deliver, .release, .withdraw, .handled, .end: Issue.record("\(step)")
            }
        }
    }

    private func performAtEdge(_ steps: [LinkStep]) {
        for step in steps {
            switch step {
            case .write(let bytes): write(bytes, false)
            case .deliver(let departures):
                for departure in departures {
                    arrived(departure.head?.number ?? -1, departure.ticket)
                }
            case .bounce(let stanza, _): edgeBounced[stanza.number, default: 0] += 1
            case .unknown(let stanza): edgeUnknown[stanza.number, default: 0] += 1
            case .release(let tickets): tickets.forEach(release)
            case .withdraw(let tickets): tickets.forEach { self.tickets[$0] = nil }
            case .handled(let origins): handled = origins.last?.position ?? handled
            case .route, .end: Issue.record("\(step)")
            }
        }
    }

    private func arrived(_ id: Int, _ ticket: UInt64) {
        tickets[ticket] = id
        switch id % 7 {
        case 0:
            tickets[ticket] = nil
            performAtEdge(edge.returned([ticket], StanzaError(.remoteServerNotFound)))
        case 1: held.append(ticket)
        default: declare(ticket)
        }
    }

    private func declare(_ ticket: UInt64) {
        guard let id = tickets[ticket] else { return }
        declared.insert(id)
        edge.declare(ticket)
    }

    private func release(_ ticket: UInt64) {
        guard let id = tickets.removeValue(forKey: ticket) else {
            Issue.record("released what was not there: \(ticket)")
            return
        }
        written[id, default: 0] += 1
        switch id % 5 {
        case 0: later.append(ticket)
        case 1: edge.unknown(ticket)
        default: edge.settled(ticket)
        }
    }

    /// The edge's program comes to what it has put off.
    func catchUp() {
        for ticket in held { declare(ticket) }
        for ticket in later { edge.settled(ticket) }
        held = []
        later = []
        performAtEdge(edge.report())
    }
}

// MARK: - Whether all is accounted for

extension LinkWorld {
    /// Connects, lets everything come to its end and looks at the accounts.
    func settle(_ context: String) {
        connect()
        for _ in 0..<4 {
            drain()
            catchUp()
        }
        drain()
        let faults = faults
        if !faults.isEmpty { Issue.record("\(context): \(faults.prefix(5))") }
    }

    /// What does not add up.
    private var faults: [String] {
        var faults: [String] = []
        func hold(_ holds: Bool, _ fault: @autoclosure () -> String) {
            if !holds { faults.append(fault()) }
        }
        for (id, times) in written { hold(times == 1, "\(id) was written \(times) times") }
        for (id, times) in routed { hold(times == 1, "\(id) was routed \(times) times") }
        for id in offered {
            let backs = bounced[id, default: 0]
            let losses = unknown[id, default: 0]
            hold(backs + losses <= 1, "\(id) came back twice")
            hold(backs == 0 || written[id] == nil, "\(id) was written and came back")
            hold(losses == 0 || declared.contains(id), "\(id) is unknown and was not declared")
            hold(backs + losses > 0 || written[id] == 1, "\(id) is lost")
        }
        for id in edgeOffered {
            let backs = edgeBounced[id, default: 0]
            let losses = edgeUnknown[id, default: 0]
            hold(backs + losses <= 1, "\(id) came back twice at the edge")
            hold(backs == 0 || routed[id] == nil, "\(id) was routed and came back")
            hold(backs + losses > 0 || routed[id] == 1, "\(id) is lost")
        }
        let isSameSession = routerRestarts == 0 && paused < limits.resumption
        hold(!isSameSession || edgeUnknown.isEmpty, "unknown at the edge: \(edgeUnknown)")
        let counters = router.counters
        hold(
            Int(counters.settled + counters.unknown + counters.bounced) == offered.count,
            "\(counters) of \(offered.count)"
        )
        hold(counters.waiting == 0 && counters.underWay == 0, "\(counters)")
        hold(router.room.stanzas == 0 && router.room.bytes == 0, "the router keeps something")
        hold(edge.room.stanzas == 0 && edge.room.bytes == 0, "the edge keeps something")
        hold(edge.counters.underWay == 0, "the edge keeps tickets")
        return faults
    }
}

extension Stanza {
    static func linked(_ id: Int, from: String, to: String) -> Stanza {
        Stanza(
            .message,
            type: "chat",
            id: "\(id)",
            from: try? JID(from),
            to: try? JID(to),
            [Element("body", Namespace.client, text: "stanza \(id)")]
        )
    }

    fileprivate var number: Int { id.flatMap { Int($0) } ?? -1 }
}

extension LinkStep {
    static func deliver(_ stanza: Stanza, ticket: UInt64) throws -> LinkStep {
        .deliver([try #require(Departure(stanza, ticket: ticket))])
    }
}
