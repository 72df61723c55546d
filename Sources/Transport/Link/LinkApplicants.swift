import NIOCore

/// The connections of one listener that have proven nothing yet, in the order in which they came.
///
/// Where there are too many the oldest ends: who knows the secret needs moments for its proof, and
/// so strangers that stay keep nobody out.
///
/// Confined to the event loop, which the box checks.
final class LinkApplicants: Sendable {
    private let most: Int
    private let channels: NIOLoopBoundBox<[any Channel]>

    init(most: Int, on eventLoop: any EventLoop) {
        self.most = most
        channels = .makeBoxSendingValue([], eventLoop: eventLoop)
    }

    /// A connection came; it is one until it is taken, or closed.
    func add(_ channel: any Channel) {
        while channels.value.count >= most, let oldest = channels.value.first {
            remove(oldest)
            oldest.close(promise: nil)
        }
        channels.value.append(channel)
        channel.closeFuture.whenComplete { _ in self.remove(channel) }
    }

    /// The connection is a process's of the server.
    func remove(_ channel: any Channel) {
        channels.value.removeAll { $0 === channel }
    }
}
