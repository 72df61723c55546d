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
        answer(directory.credentials(of: account).map { .found($0) } ?? .unknownAccount)
    }

    func pauses(_ name: JID, from address: String, for pause: Duration) {
        log.warning(
            "\(name): too many wrong secrets from \(address), which has to wait for \(pause)"
        )
    }

    func bind(
        account: JID,
        resource: String?,
        on connection: StreamConnection,
        _ answer: @escaping @Sendable (Result<JID, StanzaError>) -> Void
    ) {
        let own = host(of: connection)
        let session = own.assumeIsolated { $0.open(connection, of: account) }
        if account.isDomain {
            let (result, isFirst) = attach(account, session, connection, own)
            answer(result)
            // Behind the answer, which ends the handshake.
            if case .success = result {
                own.assumeIsolated { $0.attached(account, session, isFirst) }
            }
            return
        }
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
            if components.detach(entry.session, from: entry.account.domain) {
                own.assumeIsolated { $0.gone(entry.account) }
            }
            return log.notice("component \(entry.account) is gone")
        }
        Self.enter(hosts[placement.loop(of: entry.account)], from: own) {
            $0.take([.closed(entry.session, of: entry.account)])
        }
    }

    /// Gives a component its domain.
    private func attach(
        _ component: JID,
        _ session: SessionID,
        _ connection: StreamConnection,
        _ own: LoopHost
    ) -> (Result<JID, StanzaError>, isFirst: Bool) {
        switch components.attach(session, to: component.domain) {
        case .refused:
            own.assumeIsolated { _ = $0.forget(connection) }
            let error = StanzaError(.conflict, text: "\(component) is attached already")
            return (.failure(error), false)
        case .attached(let replaced, let isFirst):
            for old in replaced {
                let error = StreamError(.conflict, text: "a newer connection took its place")
                Self.enter(hosts[placement.loop(of: old)], from: own) {
                    $0.take([.end(old, error)])
                }
            }
            log.notice("component \(component) is attached")
            return (.success(component), isFirst)
        }
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
