import Glibc
import NIOCore

/// Writes to a connection's socket at once, where nothing of the connection waits in its channel.
///
/// A channel's own way to its socket takes a small write three times as long as the system call
/// does. What the socket does not take, and every error, is left to the channel: it waits there,
/// or closes.
///
/// Confined to the channel's event loop.
final class SocketWriter {
    private let channel: any Channel
    private let socket: CInt
    /// Writes that wait in the channel: what comes goes behind them.
    private var inChannel = 0

    /// Nil for a channel that has no socket.
    init?(_ channel: any Channel) {
        let handle = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        guard let handle = handle ?? nil else { return nil }
        self.channel = channel
        socket = handle
    }

    /// Writes what the socket takes now, and takes it out of `bytes`; true where that was all.
    func write(_ bytes: inout ByteBuffer) -> Bool {
        // A closed socket's number may be another's. Its channel is not active any more by then:
        // both become so in one step on this loop.
        guard inChannel == 0, channel.isActive else { return false }
        let written = bytes.withUnsafeReadableBytes { bytes in
            send(socket, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
        }
        guard written > 0 else { return false }
        bytes.moveReaderIndex(forwardBy: min(written, bytes.readableBytes))
        return bytes.readableBytes == 0
    }

    /// Leaves bytes to the channel.
    func pass(
        _ bytes: ByteBuffer,
        through context: ChannelHandlerContext,
        promise: EventLoopPromise<Void>? = nil
    ) {
        let done = promise ?? context.eventLoop.makePromise(of: Void.self)
        inChannel += 1
        let writer = NIOLoopBound(self, eventLoop: context.eventLoop)
        done.futureResult.whenComplete { _ in writer.value.inChannel -= 1 }
        context.writeAndFlush(NIOAny(bytes), promise: done)
    }
}
