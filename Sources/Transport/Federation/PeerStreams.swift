package import Federation
package import NIOCore
import NIOPosix
package import XMPP

/// Accepts and opens streams between servers, all on one event loop.
///
/// The server's gateway owns one: what comes of its streams is told to the ``PeerOwner``.
package final class PeerStreams: Sendable {
    private let peers: PeerContext
    private let loops: Loops
    private let eventLoop: any EventLoop
    private let resolver: NameResolver
    private let connector: Connector

    /// `credentials` gives the newest certificates, or nil where there are none.
    package init(
        _ configuration: PeerConfiguration,
        owner: any PeerOwner,
        credentials: @escaping @Sendable () -> PeerCredentials?,
        resolver: NameResolver,
        on eventLoop: any EventLoop
    ) {
        peers = PeerContext(configuration, owner: owner, credentials: credentials)
        loops = Loops(eventLoop)
        self.eventLoop = eventLoop
        self.resolver = resolver
        connector = Connector(resolver)
    }

    /// Begins to listen for other servers.
    ///
    /// - Throws: ``ListenerError``, when the address is taken or is none.
    package func listen(
        on host: String,
        port: Int,
        _ security: FederationSecurity,
        admission: Admission? = nil
    ) async throws -> Listener {
        let limit = UInt32(clamping: peers.configuration.limits.unsent.components.seconds * 1000)
        return try await Listener.start(on: host, port: port, eventLoop) { [peers, loops] channel in
            guard let loop = loops.state(on: channel.eventLoop) else { throw ListenerError.full }
            try admission?.admit(channel)
            UnsentBytes.limit(limit, on: channel)
            let handler = PeerHandler(peers, accepting: security, on: loop)
            let pipeline = channel.pipeline.syncOperations
            if security == .direct {
                guard let credentials = peers.credentials() else { throw ListenerError.full }
                let tls = try TLSHandler(server: credentials.accepting)
                handler.tls = tls
                try pipeline.addHandler(tls)
            }
            try pipeline.addHandler(handler)
        }
    }

    /// Connects to the server of the pair's remote domain and runs a stream of ours on it.
    ///
    /// Targets that are to be `last` are tried after all others: they have failed of late. The
    /// stream begins with ``PeerOwner/opened(_:)``.
    package func open(
        _ id: PeerID,
        _ pair: DomainPair,
        for purpose: OutboundFederation.Purpose,
        last: Set<Target> = []
    ) -> Opening {
        let connecting = connector.connect(
            to: pair.remote,
            for: .server,
            last: last,
            on: eventLoop
        )
        let limit = UInt32(clamping: peers.configuration.limits.unsent.components.seconds * 1000)
        let result = connecting.result.flatMapThrowing { [self] connected in
            guard let loop = loops.state(on: connected.channel.eventLoop) else {
                throw ChannelError.ioOnClosedChannel
            }
            UnsentBytes.limit(limit, on: connected.channel)
            let way = PeerHandler.OutboundWay(
                pair: pair,
                target: connected.target,
                associations: associations(connected)
            )
            let handler = PeerHandler(peers, opening: id, for: purpose, way, on: loop)
            try connected.channel.pipeline.syncOperations.addHandler(handler)
        }
        return Opening(result: result, connecting: connecting)
    }

    /// A stream that is to begin.
    package struct Opening: Sendable {
        /// Succeeds when ``PeerOwner/opened(_:)`` was called; fails with a ``ConnectError``.
        package let result: EventLoopFuture<Void>
        fileprivate let connecting: Connecting

        /// Gives it up, if there is no connection yet.
        package func cancel() {
            connecting.cancel()
        }
    }

    /// What signed records say of the host's certificates (RFC 7673 §3.1).
    private func associations(
        _ connected: Connected
    ) -> EventLoopFuture<CertificateAssociations?> {
        guard connected.isSecure, case .name(let host) = connected.target.host,
            let name = DNSName(certificatesOfPort: connected.target.port, of: host)
        else { return eventLoop.makeSucceededFuture(nil) }
        return resolver.ask(.associations(at: name), on: eventLoop)
            .map { $0.isSecure ? CertificateAssociations($0.records) : nil }
            // Who can have the answer dropped must not gain by it (RFC 7673 §3.1).
            .recover { error in CertificateAssociations(unknown: "\(error)") }
    }

    /// Ends all streams and returns when the connections are gone.
    package func endAll(with error: StreamError?) async {
        await loops.endStreams(with: error)
    }
}
