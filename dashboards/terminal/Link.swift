import Dashboard
import Glibc
import Synchronization
import Transport
import XMPP

/// The connection to the server: turns what it brings into mail for the loop.
final class Link: Sendable {
    private let client: Client
    private let mailbox: Mailbox
    private let ended = Mutex(false)

    init(_ configuration: ClientConfiguration, to mailbox: Mailbox) {
        client = Client(configuration)
        self.mailbox = mailbox
    }

    /// Connects, and stays connected until ``close()``.
    func start() {
        let client = client
        let mailbox = mailbox
        // Both end when the client is closed: the first returns, and its events end with it.
        Task { await client.run() }
        Task { await Self.deliver(client, to: mailbox) }
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

    private static func deliver(_ client: Client, to mailbox: Mailbox) async {
        let clock = Clock()
        var inbox = Inbox(token: Random.token())
        for await event in client.events {
            switch event {
            case .online(let jid):
                mailbox.post(.message(.connection(.online(jid))))
                for stanza in inbox.online(jid) { client.send(stanza) }
            case .offline(let reason, let retry):
                inbox.offline()
                let retryAt = retry.map { clock.now + $0 }
                mailbox.post(
                    .message(.connection(.offline(reason: "\(reason)", retryAt: retryAt)))
                )
                if retry == nil {
                    mailbox.post(.gaveUp("\(reason)", isRefusal: reason.isRefusal))
                }
            case .stanza(let stanza):
                let hadRoster = inbox.hasRoster
                let delivery = inbox.receive(stanza)
                for stanza in delivery.stanzas { client.send(stanza) }
                for message in delivery.messages { mailbox.post(.message(message)) }
                if inbox.hasRoster, !hadRoster { mailbox.post(.rosterCame) }
            }
        }
    }
}

extension ClientError {
    /// Whether another password or account is what would help.
    fileprivate var isRefusal: Bool {
        if case .authentication = self { true } else { false }
    }
}
