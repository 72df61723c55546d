import Glibc
package import NIOCore

/// Who is at the other end of a Unix socket, as the kernel says.
package enum SocketPeer {
    /// Linux's `struct ucred`, which Glibc shows to GNU sources only: three 32-bit numbers.
    private struct Credentials: BitwiseCopyable {
        var process: pid_t = 0
        var user: uid_t = 0
        var group: gid_t = 0
    }

    /// The user of the process that connected; nil where the channel is no Unix socket.
    ///
    /// To be called on the channel's event loop.
    package static func user(of channel: any Channel) -> UInt32? {
        let handle = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        guard let socket = handle ?? nil else { return nil }
        var credentials = Credentials()
        let whole = socklen_t(MemoryLayout<Credentials>.size)
        var size = whole
        let result = getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size)
        // A socket of another family says nothing: process 0 is nobody's.
        guard result == 0, size == whole, credentials.process > 0 else { return nil }
        return credentials.user
    }
}
