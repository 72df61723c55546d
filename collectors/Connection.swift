import Glibc
import Synchronization
import Transport
import XMPP

/// The client, and what it told that the main thread has not yet taken.
final class Connection: Sendable {
    let client: Client

    private let inbox = Mutex(Inbox())

    private struct Inbox {
        var events: [ClientEvent] = []
        var hasEnded = false
    }

    init(_ settings: AgentSettings) {
        var configuration = ClientConfiguration(
            jid: JID(
                normalizedLocal: settings.jid.local,
                domain: settings.jid.domain,
                resource: settings.jid.resource ?? Self.resource
            ),
            password: settings.password,
            host: settings.host,
            port: settings.port,
            security: settings.security,
            verification: settings.verification
        )
        configuration.limits = .client
        client = Client(configuration)
    }

    /// Begins to connect.
    func start() {
        // Ended by `close()`, or by the client itself when it gives up.
        Task { [client] in await client.run() }
        // Ends when the client's events end, with `run()`.
        Task { [self] in
            for await event in client.events { add(event) }
            inbox.withLock { $0.hasEnded = true }
            Signals.wake()
        }
    }

    /// What happened since the last call, in order.
    func take() -> [ClientEvent] {
        inbox.withLock { inbox in
            defer { inbox.events = [] }
            return inbox.events
        }
    }

    /// Whether the client is through.
    var hasEnded: Bool { inbox.withLock { $0.hasEnded } }

    /// Begins to close the stream; ``hasEnded`` tells when that is done.
    func close() {
        // Ends by itself: the client waits for its server only a short while.
        Task { [client] in await client.close() }
    }

    private func add(_ event: ClientEvent) {
        if case .stanza = event {
            // Results can wait for the next tick.
            inbox.withLock { inbox in
                if inbox.events.count < Self.mostEvents { inbox.events.append(event) }
            }
            return
        }
        // Coming and going can't, and must not be lost.
        inbox.withLock { $0.events.append(event) }
        Signals.wake()
    }

    private static let resource = "agent"
    /// Stanzas between two ticks: the results of ours are tens; past this a server is flooding.
    private static let mostEvents = 10_000
}
