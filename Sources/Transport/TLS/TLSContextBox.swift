import Synchronization

/// The TLS context that all listeners share, so that one reload reaches them all.
package final class TLSContextBox: Sendable {
    private let context: Mutex<TLSContext>

    package init(_ context: TLSContext) {
        self.context = Mutex(context)
    }

    /// What connections that begin now will use.
    package var current: TLSContext {
        context.withLock { $0 }
    }

    /// Changes what later connections use; those that exist keep theirs.
    package func replace(with context: TLSContext) {
        self.context.withLock { $0 = context }
    }
}
