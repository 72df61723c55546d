import CNcurses
import Dashboard
import Glibc
import Synchronization
import Telemetry

/// What the connection tells the program's one loop.
enum Mail: Sendable {
    case message(Message)
    /// The roster of this session is known.
    case rosterCame
    /// The client gave up: why, and whether the log-in was refused.
    case gaveUp(String, isRefusal: Bool)
}

/// Hands mail from the connection's tasks to the loop, which waits for it beside keys and signals.
final class Mailbox: Sendable {
    /// Mail kept while the loop is busy: a thousand hosts' groups several times over.
    static let maximumMails = 50_000

    /// Readable while there is mail.
    let descriptor: Int32
    private let mails = Mutex<[Mail]>([])

    /// Nil when the system gives no more descriptors.
    init?() {
        descriptor = lapwing_event_descriptor()
        if descriptor < 0 { return nil }
    }

    deinit {
        Glibc.close(descriptor)
    }

    func post(_ mail: Mail) {
        mails.withLock { mails in
            // A snapshot is followed by a newer one; what happens once is never left out.
            if mails.count >= Self.maximumMails, mail.isSnapshot { return }
            mails.append(mail)
        }
        lapwing_raise_event(descriptor)
    }

    /// All mail that is there, in order.
    func take() -> [Mail] {
        lapwing_clear_event(descriptor)
        return mails.withLock { mails in
            defer { mails.removeAll(keepingCapacity: true) }
            return mails
        }
    }
}

extension Mail {
    /// Whether a later mail says everything that this one does.
    fileprivate var isSnapshot: Bool {
        guard case .message(.report(let report)) = self else { return false }
        return report.node.isGroup
    }
}
