import Federation
import Glibc
package import NIOCore
import NIOPosix

/// Listens for the other processes of the server, or connects to one, all on one event loop.
package final class LinkPort: Sendable {
    private let links: LinkContext
    private let loops: Loops
    private let eventLoop: any EventLoop
    /// Connections at a time on one listener that have proven nothing: strangers may come as well.
    static let applicantsMost = 64
    /// Connections at a time on one listener, those that end among them.
    private static let connectionsMost = 128

    package init(
        _ configuration: LinkConfiguration,
        owner: any LinkOwner,
        on eventLoop: any EventLoop
    ) {
        links = LinkContext(configuration, owner: owner)
        loops = Loops(eventLoop)
        self.eventLoop = eventLoop
    }

    /// Begins to listen.
    ///
    /// On a Unix socket the kernel says who connects: one of `users`, our own or root. On a port
    /// `credentials` are shown; any certificate will do.
    ///
    /// - Throws: ``ListenerError``.
    package func listen(
        at address: LinkAddress,
        users: Set<UInt32> = [],
        credentials: @escaping @Sendable () -> PeerCredentials?
    ) async throws -> Listener {
        let admission = Admission(total: Self.connectionsMost)
        let applicants = LinkApplicants(most: Self.applicantsMost, on: eventLoop)
        let prepare: @Sendable (any Channel) throws -> Void = { [links, loops] channel in
            guard let loop = loops.state(on: channel.eventLoop) else { throw ListenerError.full }
            if !address.usesTLS {
                let user = SocketPeer.user(of: channel)
                let isOurs = user == geteuid() || user == 0
                guard isOurs || user.map(users.contains) == true else {
                    throw LinkError.strangeUser
                }
            }
            try admission.admit(channel)
            applicants.add(channel)
            let handler = LinkHandler(links, .accepts, at: address, on: loop)
            handler.applicants = applicants
            let pipeline = channel.pipeline.syncOperations
            if address.usesTLS {
                guard let credentials = credentials() else { throw ListenerError.full }
                let tls = try TLSHandler(server: credentials.accepting)
                handler.tls = tls
                try pipeline.addHandler(tls)
            }
            try pipeline.addHandler(handler)
        }
        switch address {
        case .socket(let path):
            // Others may connect only where others are expected.
            return try await Listener.start(
                socket: path,
                mode: users.isEmpty ? 0o600 : 0o666,
                eventLoop,
                prepare: prepare
            )
        case .port(let host, let port):
            return try await Listener.start(on: host, port: port, eventLoop, prepare: prepare)
        }
    }

    /// Connects to the process of that name, again and again, until the ``LinkDialer`` is closed.
    ///
    /// Every failure is told to `whenFailed`, in words.
    package func connect(
        to peer: String,
        at address: LinkAddress,
        backOff: BackOff.Bounds = BackOff.Bounds(first: .milliseconds(500), longest: .seconds(10)),
        whenFailed: @escaping @Sendable (String) -> Void
    ) throws(TLSError) -> LinkDialer {
        let tls = address.usesTLS ? try TLSContext.connectingPeers(nil) : nil
        let dialer = LinkDialer(address, BackOff(backOff), on: eventLoop, whenFailed) {
            [links, loops] channel in
            guard let loop = loops.state(on: channel.eventLoop) else { throw ListenerError.full }
            let handler = LinkHandler(links, .opens(to: peer), at: address, on: loop)
            let pipeline = channel.pipeline.syncOperations
            if let tls {
                let secured = try TLSHandler(client: tls, name: peer, isDirect: false)
                handler.tls = secured
                try pipeline.addHandler(secured)
            }
            try pipeline.addHandler(handler)
            return handler
        }
        dialer.dial()
        return dialer
    }

    /// Ends all connections and returns when they are gone.
    package func endAll() async {
        await loops.endStreams(with: nil)
    }
}

enum LinkError: Error {
    case strangeUser
}
