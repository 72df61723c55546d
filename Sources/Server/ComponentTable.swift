import Configuration
import Modules
import Synchronization
import XMPP

/// The components (XEP-0114): which domains are theirs, and which connections each has.
///
/// All event loops ask it where a stanza for a domain that is none of the server's own goes.
final class ComponentTable: Sendable {
    private let configured: [String: ServerConfiguration.Component.Several]
    private let attached = Mutex<[String: [SessionID]]>([:])

    init(_ components: [ServerConfiguration.Component]) {
        configured = Dictionary(components.map { ($0.domain, $0.several) }) { first, _ in first }
    }

    /// Where a stanza goes.
    enum Destination {
        case session(SessionID)
        /// A component's that is not here.
        case absent
    }

    /// What became of a connection that is to have a component's domain.
    enum Attachment {
        /// It has; these are to end. It is the first unless others keep it too.
        case attached(replacing: [SessionID], isFirst: Bool)
        case refused
    }

    /// Whether the domain is a component's.
    func has(_ domain: String) -> Bool { configured[domain] != nil }

    /// Where stanzas of `sender` to that domain go; nil where no component has it.
    func destination(of domain: String, from sender: JID?) -> Destination? {
        guard !configured.isEmpty, configured[domain] != nil else { return nil }
        let sessions = attached.withLock { $0[domain] ?? [] }
        guard let first = sessions.first else { return .absent }
        guard sessions.count > 1, let sender else { return .session(first) }
        // One sender's stanzas stay in order: they go the same way each time.
        let place = Placement(loops: sessions.count).loop(of: sender.bare)
        return .session(sessions[place % sessions.count])
    }

    func attach(_ session: SessionID, to domain: String) -> Attachment {
        guard let several = configured[domain] else { return .refused }
        return attached.withLock { attached in
            let before = attached[domain] ?? []
            switch several {
            case .refuse where !before.isEmpty: return .refused
            case .replace, .refuse:
                attached[domain] = [session]
                return .attached(replacing: before, isFirst: true)
            case .share:
                attached[domain] = before + [session]
                return .attached(replacing: [], isFirst: before.isEmpty)
            }
        }
    }

    /// Takes a connection's domain from it; true where that was the last that had it.
    func detach(_ session: SessionID, from domain: String) -> Bool {
        attached.withLock { attached in
            guard let index = attached[domain]?.firstIndex(of: session) else { return false }
            attached[domain]?.remove(at: index)
            return attached[domain]?.isEmpty ?? true
        }
    }

    /// Whether a component has the domain and a connection.
    func isAttached(_ domain: String) -> Bool {
        attached.withLock { $0[domain]?.isEmpty == false }
    }
}
