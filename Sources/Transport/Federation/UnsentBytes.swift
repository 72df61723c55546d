import Glibc
import NIOCore
import NIOPosix

/// What the peer's system has not acknowledged of a connection's bytes.
enum UnsentBytes {
    /// Whether it has acknowledged all that the socket was given.
    static func areNone(on channel: any Channel) -> Bool {
        guard channel.isActive, channel.isWritable, let socket = socket(of: channel) else {
            return false
        }
        var bytes: CInt = 0
        return ioctl(socket, UInt(TIOCOUTQ), &bytes) == 0 && bytes == 0
    }

    /// Ends the connection when bytes were not acknowledged for so many milliseconds: the peer is
    /// gone, and keep-alives find that out much later (RFC 5482).
    static func limit(_ milliseconds: UInt32, on channel: any Channel) {
        guard let socket = socket(of: channel) else { return }
        var value = milliseconds
        let size = socklen_t(MemoryLayout.size(ofValue: value))
        // Without it, a dead peer is found out later.
        setsockopt(socket, CInt(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, size)
        var isOn: CInt = 1
        setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &isOn, socklen_t(MemoryLayout<CInt>.size))
    }

    private static func socket(of channel: any Channel) -> CInt? {
        let handle = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        return handle ?? nil
    }
}
