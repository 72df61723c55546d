import Configuration
import Logging
import Modules
import NIOCore
import Transport
import XMPP

// What connections ask: log-ins from memory, everything else from the account's loop.
extension Server: StreamOwner {
    func credentials(
        for account: JID,
        _ answer: @escaping @Sendable (CredentialsAnswer) -> Void
    ) {
        guard account.isDomain else {
            return answer(directory.credentials(of: account).map { .found($0) } ?? .unknownAccount)
        }
        components.answer(account, iterations: configuration.accounts.scramIterations, answer)
    }

    func pauses(_ name: JID?, from address: String, for pause: Duration) {
        guard let name else {
            let few = "accounts that nobody has logged in to there wait for \(pause)"
            return log.warning("\(address): too many wrong passwords; \(few) each")
        }
        let what = name.isDomain ? "secrets" : "passwords"
        log.warning(
            "\(name): too many wrong \(what) from \(address), which has to wait for \(pause)"
        )
    }

    func bind(
        account: JID,
        resource: String?,
        on connection: StreamConnection,
        _ answer: @escaping @Sendable (Result<JID, StanzaError>) -> Void
    ) {
        let own = host(of: connection)
        if account.isDomain { return attach(account, connection, own, answer) }
        let session = own.assumeIsolated { $0.open(connection, of: account) }
        let resource = resource ?? Random.token()
        Self.enter(hosts[placement.loop(of: account)], from: own) { host in
            let result = host.bind(account, resource: resource, session: session)
            if case .failure = result {
                Self.enter(own, from: host) { own in own.forget(connection) }
            }
            answer(result)
        }
    }

    func received(_ stanzas: [Stanza], on connection: StreamConnection) {
        let own = host(of: connection)
        guard let entry = own.assumeIsolated({ $0.session(of: connection) }) else { return }
        if entry.account.isDomain {
            return own.assumeIsolated { $0.take([.outside(stanzas)]) }
        }
        Self.enter(hosts[placement.loop(of: entry.account)], from: own) {
            $0.take([.received(stanzas, from: entry.session, of: entry.account)])
        }
    }

    func finished(_ connection: StreamConnection) {
        let own = host(of: connection)
        guard let entry = own.assumeIsolated({ $0.session(of: connection) }) else {
            return connection.close(nil)
        }
        if entry.account.isDomain { return connection.close(nil) }
        Self.enter(hosts[placement.loop(of: entry.account)], from: own) {
            $0.take([.farewell(entry.session, of: entry.account, visited: 0)])
        }
    }

    func drained(_ connection: StreamConnection) {
        host(of: connection).assumeIsolated { $0.drain(connection) }
    }

    func closed(_ connection: StreamConnection) {
        let own = host(of: connection)
        guard let entry = own.assumeIsolated({ $0.forget(connection) }) else { return }
        if entry.account.isDomain {
            return entry.names.forEach { detach($0, from: entry.session, own) }
        }
        Self.enter(hosts[placement.loop(of: entry.account)], from: own) {
            $0.take([.closed(entry.session, of: entry.account)])
        }
    }

    /// Gives a component a domain.
    private func attach(
        _ component: JID,
        _ connection: StreamConnection,
        _ own: LoopHost,
        _ answer: (Result<JID, StanzaError>) -> Void
    ) {
        let session = own.assumeIsolated { $0.session(of: connection, of: component) }
        switch components.attach(session, to: component.domain) {
        case .refused:
            own.assumeIsolated { $0.forgetUnnamed(connection) }
            answer(.failure(StanzaError(.conflict, text: "\(component) is attached already")))
        case .attached(let replaced, let isFirst):
            for old in replaced {
                let error = StreamError(.conflict, text: "a newer connection took its place")
                Self.enter(hosts[placement.loop(of: old)], from: own) {
                    $0.take([.end(old, error)])
                }
            }
            own.assumeIsolated { $0.add(component, to: connection) }
            log.notice("component \(component) is attached")
            answer(.success(component))
            // Behind the answer, which ends the handshake.
            own.assumeIsolated { $0.attached(component, session, isFirst) }
        }
    }

    func unbind(_ name: JID, on connection: StreamConnection) {
        let own = host(of: connection)
        guard let entry = own.assumeIsolated({ $0.session(of: connection) }) else { return }
        own.assumeIsolated { $0.remove(name, from: connection) }
        detach(name, from: entry.session, own)
    }

    private func detach(_ component: JID, from session: SessionID, _ own: LoopHost) {
        if components.detach(session, from: component.domain) {
            own.assumeIsolated { $0.gone(component) }
        }
        log.notice("component \(component) is gone")
    }

    /// The part of the server on the connection's own loop.
    private func host(of connection: StreamConnection) -> LoopHost {
        hosts.first { $0.loop === connection.eventLoop } ?? hosts[0]
    }

    /// Runs on `host`'s loop: at once where that is the loop we are on, else in one hop.
    private static func enter(
        _ host: LoopHost,
        from current: LoopHost,
        _ work: @escaping @Sendable (isolated LoopHost) -> Void
    ) {
        if host === current {
            host.assumeIsolated { work($0) }
        } else {
            host.loop.execute { host.assumeIsolated { work($0) } }
        }
    }
}
