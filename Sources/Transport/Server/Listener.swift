import Glibc
import NIOCore
import NIOPosix
import XMPP

/// Accepts clients' connections at one address.
package final class Listener: Sendable {
    /// The address in numbers, and the port that the system chose if it was to.
    package let host: String
    package let port: Int
    private let channel: any Channel

    private init(_ channel: any Channel, host: String, port: Int) {
        self.channel = channel
        self.host = channel.localAddress?.ipAddress ?? host
        self.port = channel.localAddress?.port ?? port
    }

    /// Connections that may wait to be accepted: a fleet that comes back at once.
    private static let backlog: Int32 = 1024
    /// Bytes of a read: most are small, and a channel keeps its last buffer while it is idle.
    private static let readBytes = (least: 512, first: 1024, most: 32 * 1024)

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - configuration: where and what.
    ///   - loops: where the connections will live.
    ///   - owner: who they are for.
    ///   - tls: the certificates; needed unless the listener is plain.
    ///   - admission: how many connections there may be.
    /// - Returns: the listener, which has its port.
    /// - Throws: ``ListenerError``, when the address is taken or is none.
    package static func start(
        _ configuration: ListenerConfiguration,
        on loops: Loops,
        owner: any StreamOwner,
        tls: TLSContextBox?,
        admission: Admission? = nil
    ) async throws -> Listener {
        if configuration.stream.security != .plain, tls == nil {
            throw ListenerError.noCertificate(port: configuration.port)
        }
        let context = ListenerContext(
            configuration,
            owner: owner,
            tls: tls,
            admission: admission
        )
        return try await start(on: configuration.host, port: configuration.port, loops.group) {
            try prepare($0, context, loops)
        }
    }

    /// Begins to listen, and has each connection's pipeline filled; throwing there closes it.
    static func start(
        on host: String,
        port: Int,
        _ group: any EventLoopGroup,
        prepare: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> Listener {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: readBytes.least,
                    initial: readBytes.first,
                    maximum: readBytes.most
                )
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel) }
            }
        do {
            let channel = try await bootstrap.bind(host: host, port: port).get()
            return Listener(channel, host: host, port: port)
        } catch {
            throw ListenerError.cannotListen(host: host, port: port, reason: "\(error)")
        }
    }

    /// The same at a Unix socket, whose file gets that mode.
    static func start(
        socket path: String,
        mode: mode_t,
        _ group: any EventLoopGroup,
        prepare: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> Listener {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: backlog)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel) }
            }
        do {
            try SocketFile.removeStale(path)
            let channel = try await bootstrap.bind(unixDomainSocketPath: path).get()
            guard chmod(path, mode) == 0 else { throw SocketFileError("protect", path) }
            return Listener(channel, host: path, port: 0)
        } catch {
            throw ListenerError.cannotListen(host: path, port: 0, reason: "\(error)")
        }
    }

    /// Puts the handlers into a connection's pipeline; throwing closes it.
    static func prepare(
        _ channel: any Channel,
        _ listener: ListenerContext,
        _ loops: Loops
    ) throws {
        guard let loop = loops.state(on: channel.eventLoop) else { throw ListenerError.full }
        try listener.admission?.admit(channel)
        let handler = StreamHandler(listener, on: loop)
        let pipeline = channel.pipeline.syncOperations
        if listener.configuration.stream.security == .direct, let box = listener.tls {
            let tls = try TLSHandler(server: box.current)
            handler.tls = tls
            try pipeline.addHandler(tls)
        }
        try pipeline.addHandler(handler)
    }

    /// Accepts no more; the connections that exist stay.
    package func close() async {
        // It fails only when it is closed already.
        try? await channel.close().get()
    }
}

/// Why a listener does not listen, or turned a connection away.
package enum ListenerError: Error, Sendable, Hashable, CustomStringConvertible {
    case cannotListen(host: String, port: Int, reason: String)
    case noCertificate(port: Int)
    case full

    package var description: String {
        switch self {
        case .cannotListen(let host, let port, let reason):
            host.hasPrefix("/")
                ? "cannot listen at \(reason)" : "cannot listen on \(host) port \(port): \(reason)"
        case .noCertificate(let port): "the listener on port \(port) has no certificate"
        case .full: "there are as many connections as there may be"
        }
    }
}
