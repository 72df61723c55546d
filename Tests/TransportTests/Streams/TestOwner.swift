import NIOCore
import Synchronization
import XMPP

@testable import Transport

/// A server with two accounts that answers what its tests need, and remembers what it was told.
final class TestOwner: StreamOwner {
    static let domain = "example.org"
    static let account = JID(normalizedLocal: "juliet", domain: domain)
    static let password = "r0m30myr0m30"

    private let credentials: ScramCredentials
    private let state = Mutex(State())
    private let answersLate: Bool

    private struct State {
        var connections: [JID: StreamConnection] = [:]
        var received: [Stanza] = []
        var batches = 0
        var closed = 0
        var bound = 0
        var watchers: [@Sendable (Stanza) -> Void] = []
        var closeWatchers: [@Sendable () -> Void] = []
        var refusal: StanzaError?
        var pauses: [String] = []
        var lookedUp = 0
        /// nil until something is owed; then what, nothing of it ever coming if that is nil.
        var owed: Stanza??
    }

    /// With `answersLate`, answers come from another thread.
    init(answersLate: Bool = false) throws {
        self.answersLate = answersLate
        credentials = try Self.shared.get()
    }

    private static let shared = Result {
        ScramCredentials.derive(password: try Password(password), iterations: 4096)
    }

    var received: [Stanza] { state.withLock { $0.received } }
    var batches: Int { state.withLock { $0.batches } }
    var closedCount: Int { state.withLock { $0.closed } }
    var boundCount: Int { state.withLock { $0.bound } }
    var lookedUpCount: Int { state.withLock { $0.lookedUp } }
    var pauses: [String] { state.withLock { $0.pauses } }
    var connection: StreamConnection? { state.withLock { $0.connections.values.first } }

    /// Refuses sessions from now on.
    func refuse(with error: StanzaError?) {
        state.withLock { $0.refusal = error }
    }

    /// What a client that ends its side is still to get; nil makes it wait in vain.
    func owe(_ stanza: Stanza?) {
        state.withLock { $0.owed = .some(stanza) }
    }

    /// Runs on the connection's loop.
    func onConnection(_ work: @escaping @Sendable (StreamConnection) -> Void) {
        guard let connection else { return }
        connection.eventLoop.execute { work(connection) }
    }

    /// Called for every stanza from here on.
    func watch(_ watcher: @escaping @Sendable (Stanza) -> Void) {
        state.withLock { $0.watchers.append(watcher) }
    }

    /// Called for every end of a session from here on.
    func watchEnds(_ watcher: @escaping @Sendable () -> Void) {
        state.withLock { $0.closeWatchers.append(watcher) }
    }

    private func later(_ work: @escaping @Sendable () -> Void) {
        guard answersLate else { return work() }
        // It ends with its one call.
        Task { work() }
    }

    func credentials(
        for account: JID,
        _ answer: @escaping @Sendable (CredentialsAnswer) -> Void
    ) {
        state.withLock { $0.lookedUp += 1 }
        let found = account == Self.account
        later { [credentials] in answer(found ? .found(credentials) : .unknownAccount) }
    }

    func pauses(_ name: JID?, from address: String, for pause: Duration) {
        state.withLock { $0.pauses.append(name?.description ?? address) }
    }

    func bind(
        account: JID,
        resource: String?,
        on connection: StreamConnection,
        _ answer: @escaping @Sendable (Result<JID, StanzaError>) -> Void
    ) {
        let refusal = state.withLock { $0.refusal }
        if let refusal { return later { answer(.failure(refusal)) } }
        let full = JID(
            normalizedLocal: account.local,
            domain: account.domain,
            resource: resource ?? Random.token()
        )
        state.withLock { state in
            state.bound += 1
            state.connections[full] = connection
        }
        later { answer(.success(full)) }
    }

    func received(_ stanzas: [Stanza], on connection: StreamConnection) {
        let watchers = state.withLock { state in
            state.received += stanzas
            state.batches += 1
            return state.watchers
        }
        for stanza in stanzas {
            if stanza.isRequest, stanza.payload("version", "test") != nil {
                connection.send(stanza.result(Element("version", "test", text: "1")))
            } else if stanza.isRequest, stanza.payload("refused", "test") != nil {
                connection.send(stanza.failure(StanzaError(.forbidden)))
            }
            for watcher in watchers { watcher(stanza) }
        }
    }

    func finished(_ connection: StreamConnection) {
        let owed = state.withLock { $0.owed }
        guard let owed else { return connection.close(nil) }
        // Another loop answers a little later.
        connection.eventLoop.execute {
            guard let owed else { return }
            connection.send(owed)
            connection.close(nil)
        }
    }

    func closed(_ connection: StreamConnection) {
        let watchers = state.withLock { state in
            state.closed += 1
            state.connections = state.connections.filter { $0.value !== connection }
            return state.closeWatchers
        }
        for watcher in watchers { watcher() }
    }
}

extension AcceptedStream.Configuration {
    /// Clients, as the tests' servers want them.
    static func test(_ security: ServerStream.Security) -> Self { .client(.test(security)) }
}

extension ServerStream.Configuration {
    /// What the tests' servers offer.
    static func test(_ security: ServerStream.Security) -> Self {
        Self(
            domain: TestOwner.domain,
            security: security,
            pretence: ScramPretence(key: [UInt8](repeating: 7, count: 32), iterations: 4096)
        )
    }
}
