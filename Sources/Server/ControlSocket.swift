import Glibc
import Logging
import Modules
import NIOCore
import NIOPosix
import Transport
import XMPP

/// The Unix socket on which `lapwingctl` talks to the running server.
///
/// It lies in a directory of mode 0700, and only the server's own user and root are heard: the
/// kernel says who connects.
struct ControlSocket {
    /// Whoever connects and asks nothing for so long is sent away.
    static let patience = TimeAmount.seconds(10)
    /// Operators at a time.
    static let backlog = 16

    let path: String
    let administrator: any Administrator
    let log: Logger

    /// Listens until the channel is closed; the server holds the data directory's lock, so that a
    /// socket that is there already is left from one that died.
    func listen(on group: any EventLoopGroup) async throws -> any Channel {
        try prepareDirectory()
        try SocketFile.removeStale(path)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: CInt(Self.backlog))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = ControlHandler(administrator, log)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(unixDomainSocketPath: path).get()
        guard chmod(path, 0o600) == 0 else { throw SocketFileError("protect", path) }
        return channel
    }

    private func prepareDirectory() throws(SocketFileError) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        if mkdir(directory, 0o700) != 0 && errno != EEXIST {
            throw SocketFileError("make", directory)
        }
        var status = stat()
        guard lstat(directory, &status) == 0 else { throw SocketFileError("look at", directory) }
        let isOurs = status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
        guard isOurs, status.st_mode & 0o077 == 0 else {
            throw SocketFileError(
                description: "\(directory): must be a directory of the server's user, "
                    + "with mode 0700"
            )
        }
    }
}

/// One operator's connection: checks who it is, reads a request, answers and closes.
private final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let administrator: any Administrator
    private let log: Logger
    private var bytes: [UInt8] = []
    private var isAllowed = false
    private var isAnswered = false
    private var timeout: Scheduled<Void>?

    init(_ administrator: any Administrator, _ log: Logger) {
        self.administrator = administrator
        self.log = log
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timeout = context.eventLoop.assumeIsolated().scheduleTask(in: ControlSocket.patience) {
            bound.value.close(promise: nil)
        }
        identified(SocketPeer.user(of: context.channel), context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timeout?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        bytes += unwrapInboundIn(data).readableBytesView
        guard bytes.count <= ControlSyntax.requestLimits.stanzaBytes + 1 else {
            return context.close(promise: nil)
        }
        answer(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func identified(_ user: UInt32?, _ context: ChannelHandlerContext) {
        guard let user, user == geteuid() || user == 0 else {
            let name = user.map { "\($0)" } ?? "unknown"
            log.warning("control socket: user \(name) is not allowed")
            return context.close(promise: nil)
        }
        isAllowed = true
        answer(context)
    }

    private func answer(_ context: ChannelHandlerContext) {
        guard isAllowed, !isAnswered, let end = bytes.firstIndex(of: 0) else { return }
        isAnswered = true
        let request: ControlRequest
        do {
            let limits = ControlSyntax.requestLimits
            let element = try Element(parsing: Array(bytes[..<end]), limits: limits)
            request = try ControlRequest(reading: element)
        } catch {
            send(.refused(.init(.invalid, "\(error)")), context.channel)
            return
        }
        timeout?.cancel()
        let channel = context.channel
        // It ends with the administrator's answer, which the channel only carries away.
        Task { [administrator] in
            send(await administrator.perform(request), channel)
        }
    }
}

/// Writes the reply and closes, from any thread.
private func send(_ reply: ControlReply, _ channel: any Channel) {
    let buffer = channel.allocator.buffer(bytes: ControlSyntax.framed(reply.element))
    channel.writeAndFlush(buffer).whenComplete { _ in channel.close(promise: nil) }
}
