import Platform
import Telemetry
import Transport
import XMPP

/// The running agent: samples at every tick, and publishes what moved.
///
/// Owned by the main thread. What comes from the server waits in the ``Connection`` until the
/// main thread takes it.
struct Agent {
    private let settings: AgentSettings
    private let connection: Connection
    private var sampler: Sampler
    private var journal: Journal
    private var publisher: Publisher
    private var signals: Signals
    private var ticks = 0

    init(_ settings: AgentSettings) {
        self.settings = settings
        let files = HostFiles(root: settings.root)
        // Before any thread starts, so that none of them is interrupted in the main one's place.
        signals = Signals()
        connection = Connection(settings)
        sampler = Sampler(allCollectors(files))
        journal = Journal(
            run: String(Random.token().prefix(Self.runCharacters)),
            host: settings.jid.local ?? settings.jid.domain,
            birth: Birth(
                version: "lapwing-agent " + AgentCommand.version,
                boot: Boot.identifier(files),
                system: Boot.system(),
                interval: settings.interval / .seconds(1),
                heartbeat: settings.heartbeat / .seconds(1)
            )
        )
        publisher = Publisher(access: settings.access)
    }

    /// Runs until it is told to end, or can't go on; returns the exit code.
    mutating func run() -> Int32 {
        connection.start()
        var next = SystemClock.monotonic.now
        while true {
            switch signals.wait(until: next) {
            case .end:
                stop()
                return 0
            case .wake:
                if let code = takeEvents() { return code }
            case .time:
                if let code = takeEvents() { return code }
                tick()
                // After a pause longer than an interval, ticks that were missed stay missed.
                next = max(next + settings.interval, SystemClock.monotonic.now)
            }
        }
    }

    private mutating func tick() {
        var (tick, reading) = sampler.sample(.now)
        reading.add(.process, "agent-publishes", Double(publisher.published))
        reading.add(.process, "agent-drops", Double(publisher.dropped))
        var stanzas: [Stanza] = []
        let entries = journal.record(&reading, at: tick, hasRoom: publisher.hasRoom)
        for entry in entries {
            switch entry {
            case .snapshot(let node, let payload):
                stanzas += publisher.publish(node, payload)
            case .event(let event):
                Log.info("\(event.kind.rawValue): \(event.summary)")
                stanzas += publisher.publish(event)
            case .skipped: publisher.skippedSample()
            }
        }
        send(stanzas)
        ticks &+= 1
        if ticks == Self.ticksOfStart { StartupPages.release() }
    }

    /// Takes what the connection has; returns an exit code when there is no going on.
    private mutating func takeEvents() -> Int32? {
        for event in connection.take() {
            switch event {
            case .online(let jid):
                Log.info("online as \(jid)")
                send(publisher.online())
            case .stanza(let stanza): send(publisher.received(stanza))
            case .offline(let reason, let retryIn):
                publisher.offline()
                guard let retryIn else {
                    Log.error(Self.explanation(reason))
                    return 1
                }
                let seconds = Number.text((retryIn / .seconds(1) * 10).rounded() / 10)
                Log.warning("\(reason); trying again in \(seconds) s")
            }
        }
        for notice in publisher.takeNotices() { Log.warning(notice) }
        return nil
    }

    private func send(_ stanzas: [Stanza]) {
        for stanza in stanzas { connection.client.send(stanza) }
    }

    /// Ends in order: viewers see at once that the host is gone.
    private mutating func stop() {
        guard publisher.isOnline else { return }
        send(publisher.publish(journal.end(at: .now)))
        connection.client.send(Stanza(.presence, type: "unavailable"))
        connection.close()
        let deadline = SystemClock.monotonic.now + Self.closingTime
        while !connection.hasEnded, SystemClock.monotonic.now < deadline {
            _ = signals.wait(until: deadline)
        }
    }

    private static func explanation(_ reason: ClientError) -> String {
        switch reason {
        case .stream(let error) where error.condition == .conflict:
            "another agent has taken over this account: stopping"
        case .bind(let error) where error.condition == .conflict:
            "another agent uses this account: stopping"
        default: "\(reason): giving up"
        }
    }

    /// A run's name need only differ from the same host's other runs: 72 bits.
    private static let runCharacters = 12
    /// By then there was a connection and every collector ran, the slow ones too.
    private static let ticksOfStart = 12
    /// The client itself waits two seconds for the end of the stream.
    private static let closingTime = Duration.seconds(3)
}
