import Dashboard
import Glibc
import Synchronization
import Transport
import XMPP

/// The connection to the server: turns what it brings into mail for the loop.
///
/// It owns the inbox, behind a lock: the client's events come on one thread and its patience ends
/// on another.
final class Link: Sendable {
    private let client: Client
    private let mailbox: Mailbox
    private let inbox = Mutex(Inbox(token: Random.token()))
    private let clock = Clock()
    private let ended = Mutex(false)

    init(_ configuration: ClientConfiguration, to mailbox: Mailbox) {
        client = Client(configuration)
        self.mailbox = mailbox
    }

    /// Connects, and stays connected until ``close()``.
    func start() {
        // Both end when the client is closed: the first returns, and its events end with it.
        Task { await client.run() }
        Task {
            for await event in client.events { receive(event) }
        }
    }

    /// Ends the stream in order, and waits a moment for that.
    func close() {
        // Ends by itself: the client waits no longer than its own limit.
        Task {
            await client.close()
            ended.withLock { $0 = true }
        }
        for _ in 0..<Self.closingRounds where !ended.withLock({ $0 }) {
            usleep(Self.closingRoundMicroseconds)
        }
    }

    /// Two seconds in all: a server that does not answer must not keep a terminal.
    private static let closingRounds = 200
    private static let closingRoundMicroseconds: UInt32 = 10_000

    /// Asks for the past of hosts.
    func ask(_ requests: [HistoryRequest]) {
        change { $0.want(requests) }
    }

    private func receive(_ event: ClientEvent) {
        switch event {
        case .online(let jid):
            mailbox.post(.message(.connection(.online(jid))))
            change { inbox in Inbox.Delivery(stanzas: inbox.online(jid)) }
            beginPatience(in: inbox.withLock { $0.session })
        case .offline(let reason, let retry):
            change { inbox in
                inbox.offline()
                return Inbox.Delivery()
            }
            let retryAt = retry.map { clock.now + $0 }
            mailbox.post(.message(.connection(.offline(reason: "\(reason)", retryAt: retryAt))))
            if retry == nil {
                mailbox.post(.gaveUp("\(reason)", isRefusal: reason.isRefusal))
            }
        case .stanza(let stanza): change { $0.receive(stanza) }
        }
    }

    /// Tells the inbox when it has waited long enough.
    private func beginPatience(in session: Int) {
        // Ends by itself, and means nothing to a later stream.
        Task {
            try? await Task.sleep(for: Inbox.patience)
            change { $0.waited(in: session) }
        }
    }

    /// Changes the inbox and does what comes of it, in this order for all who do so.
    private func change(_ body: (inout Inbox) -> Inbox.Delivery) {
        inbox.withLock { inbox in
            let hadRoster = inbox.hasRoster
            let delivery = body(&inbox)
            for stanza in delivery.stanzas { client.send(stanza) }
            for message in delivery.messages { mailbox.post(.message(message)) }
            if inbox.hasRoster, !hadRoster { mailbox.post(.rosterCame) }
        }
    }
}

extension ClientError {
    /// Whether another password or account is what would help.
    fileprivate var isRefusal: Bool {
        if case .authentication = self { true } else { false }
    }
}
