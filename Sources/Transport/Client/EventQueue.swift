import NIOCore
import Synchronization

/// The events between a client's loop and whoever reads them: one reader, in order, bounded.
///
/// When the reader is behind, the client is told to stop reading from its server, and told to go
/// on when the reader has caught up.
final class EventQueue: Sendable {
    /// Events at which the client stops reading from its server, and at which it goes on.
    private static let pauseAt = 4096
    private static let resumeAt = 1024

    private let state = Mutex(State())

    private struct State {
        var events = CircularBuffer<ClientEvent>()
        var reader: CheckedContinuation<ClientEvent?, Never>?
        var isFinished = false
        var isPaused = false
        var onResume: (@Sendable () -> Void)?
    }

    /// Says what to do when the reader has caught up.
    func onResume(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.onResume = action }
    }

    /// Adds events; false when the client should stop reading.
    func add(_ events: [ClientEvent]) -> Bool {
        guard !events.isEmpty else { return true }
        let (reader, first, goesOn) = state.withLock { state in
            guard !state.isFinished else {
                return (nil as CheckedContinuation<ClientEvent?, Never>?, nil as ClientEvent?, true)
            }
            state.events.append(contentsOf: events)
            let reader = state.reader
            state.reader = nil
            let first = reader == nil ? nil : state.events.popFirst()
            if state.events.count >= Self.pauseAt { state.isPaused = true }
            return (reader, first, !state.isPaused)
        }
        if let reader { reader.resume(returning: first) }
        return goesOn
    }

    /// No event comes any more; those that are in can still be read.
    func finish() {
        let reader = state.withLock { state in
            state.isFinished = true
            let reader = state.reader
            state.reader = nil
            return reader
        }
        reader?.resume(returning: nil)
    }

    /// The next event; nil after the last.
    ///
    /// A cancelled reader gets nil, too.
    func next() async -> ClientEvent? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (event, isOver, resume) = state.withLock { state in take(&state, continuation) }
                resume?()
                if event != nil || isOver { continuation.resume(returning: event) }
            }
        } onCancel: {
            finish()
        }
    }

    private func take(
        _ state: inout State,
        _ continuation: CheckedContinuation<ClientEvent?, Never>
    ) -> (ClientEvent?, isOver: Bool, resume: (@Sendable () -> Void)?) {
        if let event = state.events.popFirst() {
            var resume: (@Sendable () -> Void)?
            if state.isPaused, state.events.count <= Self.resumeAt {
                state.isPaused = false
                resume = state.onResume
            }
            return (event, false, resume)
        }
        // A second reader would wait for ever: it gets the end instead.
        guard !state.isFinished, state.reader == nil else { return (nil, true, nil) }
        state.reader = continuation
        return (nil, false, nil)
    }
}
