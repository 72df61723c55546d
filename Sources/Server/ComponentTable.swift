import Configuration
import Modules
import NIOPosix
import Synchronization
import XMPP

/// The components (XEP-0114): which domains are theirs, and which connections each has.
///
/// All event loops ask it where a stanza for a domain that is none of the server's own goes.
final class ComponentTable: Sendable {
    private let state: Mutex<State>

    private struct State {
        var configured: [String: Configured]
        var attached: [String: [SessionID]] = [:]
        /// What SASL needs of secrets, once it has been asked for.
        var credentials: [String: ScramCredentials] = [:]
    }

    /// A component, and its secret as it is compared.
    private struct Configured {
        let component: ServerConfiguration.Component
        let secret: [UInt8]

        init(_ component: ServerConfiguration.Component) {
            self.component = component
            secret = Array(component.secret.utf8)
        }
    }

    init(_ components: [ServerConfiguration.Component]) {
        state = Mutex(State(configured: Self.byDomain(components)))
    }

    private static func byDomain(
        _ components: [ServerConfiguration.Component]
    ) -> [String: Configured] {
        Dictionary(components.map { ($0.domain, Configured($0)) }) { first, _ in first }
    }

    /// Where a stanza goes.
    enum Destination {
        case session(SessionID)
        /// A component's that is not here.
        case absent
        /// A component's that the sender does not reach.
        case hidden
    }

    /// What became of a connection that is to have a component's domain.
    enum Attachment {
        /// It has; these are to end. It is the first unless others keep it too.
        case attached(replacing: [SessionID], isFirst: Bool)
        case refused
    }

    /// Whether the domain is a component's.
    func has(_ domain: String) -> Bool { state.withLock { $0.configured[domain] != nil } }

    /// What the component of that domain proves itself with; nil where there is none.
    func secret(of domain: String) -> [UInt8]? {
        state.withLock { $0.configured[domain]?.secret }
    }

    /// Whether the domain is a component's that other servers reach.
    func isFederated(_ domain: String) -> Bool {
        state.withLock { $0.configured[domain]?.component.isFederated ?? false }
    }

    /// Whether the domain is a component's that stays among the domains here.
    func isInternal(_ domain: String) -> Bool {
        state.withLock { $0.configured[domain].map { !$0.component.isFederated } ?? false }
    }

    /// What SASL needs of the component's secret (XEP-0225); nil where there is none.
    ///
    /// The first time costs as much as for a password.
    func credentials(of domain: String, iterations: Int) -> ScramCredentials? {
        let (known, secret) = state.withLock { state in
            (state.credentials[domain], state.configured[domain]?.component.secret)
        }
        if let known { return known }
        guard let secret, let password = try? Password(secret) else { return nil }
        let derived = ScramCredentials.derive(password: password, iterations: iterations)
        state.withLock { state in
            guard state.configured[domain]?.component.secret == secret else { return }
            state.credentials[domain] = derived
        }
        return derived
    }

    /// Answers who asks for them on behalf of a stream, from another thread: the first time takes
    /// milliseconds, which no loop has.
    func answer(
        _ component: JID,
        iterations: Int,
        _ answer: @escaping @Sendable (CredentialsAnswer) -> Void
    ) {
        NIOThreadPool.singleton.submit { _ in
            let found = self.credentials(of: component.domain, iterations: iterations)
            answer(found.map { .found($0) } ?? .unknownAccount)
        }
    }

    /// Where stanzas of `sender` to that domain go; nil where no component has it.
    ///
    /// `isServed` says of a domain that is no component's whether it is one of the server's own.
    func destination(
        of domain: String,
        from sender: JID?,
        isServed: (String) -> Bool = { _ in true }
    ) -> Destination? {
        let found = state.withLock { state in
            state.configured[domain].map {
                (sessions: state.attached[domain] ?? [], isFederated: $0.component.isFederated)
            }
        }
        guard let (sessions, isFederated) = found else { return nil }
        if !isFederated, let sender, !isServed(sender.domain), !has(sender.domain) {
            return .hidden
        }
        guard let first = sessions.first else { return .absent }
        guard sessions.count > 1, let sender else { return .session(first) }
        // One sender's stanzas stay in order: they go the same way each time.
        let place = Placement(loops: sessions.count).loop(of: sender.bare)
        return .session(sessions[place % sessions.count])
    }

    func attach(_ session: SessionID, to domain: String) -> Attachment {
        state.withLock { state in
            guard let several = state.configured[domain]?.component.several else {
                return .refused
            }
            let before = state.attached[domain] ?? []
            switch several {
            case .refuse where !before.isEmpty: return .refused
            case .replace, .refuse:
                state.attached[domain] = [session]
                return .attached(replacing: before, isFirst: true)
            case .share:
                state.attached[domain] = before + [session]
                return .attached(replacing: [], isFirst: before.isEmpty)
            }
        }
    }

    /// Takes a connection's domain from it; true where that was the last that had it.
    func detach(_ session: SessionID, from domain: String) -> Bool {
        state.withLock { state in
            guard let index = state.attached[domain]?.firstIndex(of: session) else { return false }
            state.attached[domain]?.remove(at: index)
            guard state.attached[domain]?.isEmpty ?? true else { return false }
            state.attached[domain] = nil
            return true
        }
    }

    /// Whether a component has the domain and a connection.
    func isAttached(_ domain: String) -> Bool {
        state.withLock { $0.attached[domain]?.isEmpty == false }
    }
}

// MARK: - Changes while the server runs

extension ComponentTable {
    /// What another configuration changes, by domain.
    struct Changes: Sendable, Equatable, CustomStringConvertible {
        var added: [String] = []
        var removed: [String] = []
        var changed: [String] = []
        /// Connections that are to end, and why.
        var ended: [SessionID: StreamError] = [:]

        var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }

        /// For the log.
        var description: String {
            [("added", added), ("removed", removed), ("changed", changed)]
                .filter { !$0.1.isEmpty }
                .map { "\($0.1.joined(separator: ", ")) \($0.0)" }
                .joined(separator: "; ")
        }
    }

    /// Takes other components instead.
    ///
    /// A connection outlives it if its component still has the secret that the connection proved
    /// itself with, and the rights that it was told of.
    func replace(with components: [ServerConfiguration.Component]) -> Changes {
        let configured = Self.byDomain(components)
        return state.withLock { state in
            var changes = Changes()
            for (domain, old) in state.configured {
                let error = Self.error(old.component, configured[domain]?.component)
                if let error {
                    for session in state.attached[domain] ?? [] { changes.ended[session] = error }
                }
                if configured[domain] == nil {
                    changes.removed.append(domain)
                } else if configured[domain]?.component != old.component {
                    changes.changed.append(domain)
                }
            }
            changes.added = configured.keys.filter { state.configured[$0] == nil }.sorted()
            changes.removed.sort()
            changes.changed.sort()
            state.configured = configured
            // Salts are others then, which nobody minds.
            if !changes.isEmpty { state.credentials = [:] }
            return changes
        }
    }

    /// Why connections of a component that was configured so, and now otherwise, end; nil where
    /// they go on.
    private static func error(
        _ old: ServerConfiguration.Component,
        _ new: ServerConfiguration.Component?
    ) -> StreamError? {
        guard let new else {
            return StreamError(.hostUnknown, text: "the component was removed")
        }
        guard new.secret == old.secret else {
            return StreamError(.notAuthorized, text: "the secret was changed")
        }
        var kept = old
        // Asked for each connection and each stanza, so that those there are can stay.
        kept.several = new.several
        kept.isFederated = new.isFederated
        // RFC 6120 §4.9.3.16: what was negotiated is no longer so; another stream will do.
        return kept == new
            ? nil : StreamError(.reset, text: "what the component may do was changed")
    }
}
