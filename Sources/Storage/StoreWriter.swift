import Dispatch
import Foundation
package import Modules
import Synchronization

/// The one writer of a store: a thread that takes everything that waits, applies it in one
/// transaction and then tells all who asked (group commit).
///
/// When a transaction fails, its submissions are applied one by one, so that a bad change fails
/// only its own; the writer goes on.
package final class StoreWriter: Sendable {
    /// Called on the writer's thread once the changes are durable, or failed.
    package typealias Completion = @Sendable (Result<Void, StoreError>) -> Void

    private struct State {
        var queue = StoreQueue()
        var isClosing = false
        /// What the thread sleeps for; nil while it works.
        var wait: Wait?
        var commits = 0
    }

    private enum Wait {
        case forWork
        case forMore
    }

    private let store: any Store
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// Starts the thread; ``close()`` ends it.
    package init(_ store: any Store) {
        self.store = store
        let thread = Thread { [self] in run() }
        thread.name = "store"
        thread.start()
    }

    /// Hands over a batch from any thread, without waiting; order of calls is order on the disk.
    package func submit(_ batch: StoreBatch, for client: any StoreClient) {
        if batch.isEmpty { return }
        let isClosed = !add { $0.add(batch, for: client, at: $1) }
        guard isClosed else { return }
        let refused = batch.parts.compactMap(\.ticket)
        client.stored(refused.map { .refused($0, Self.closed) })
    }

    /// The same for one submission, with a call of its own when it is done.
    package func submit(
        _ changes: [StoreChange],
        _ durability: Durability,
        completion: @escaping Completion = { _ in }
    ) {
        let isClosed = !add { $0.add(changes[...], durability, at: $1, .completion(completion)) }
        if isClosed { completion(.failure(Self.closed)) }
    }

    private static var closed: StoreError { StoreError(.closed, "the store is closed") }

    /// Changes the queue, and wakes the thread where it has to begin; false when closed.
    private func add(_ change: (inout StoreQueue, ContinuousClock.Instant) -> Void) -> Bool {
        let now = ContinuousClock.now
        let (isOpen, wakes) = state.withLock { state in
            if state.isClosing { return (false, false) }
            change(&state.queue, now)
            let wakes =
                switch state.wait {
                case .forWork: true
                case .forMore: state.queue.isReady(at: now)
                case nil: false
                }
            if wakes { state.wait = nil }
            return (true, wakes)
        }
        if wakes { wake.signal() }
        return isOpen
    }

    /// Hands over changes and waits until they are durable; for programs without an event loop.
    package func apply(_ changes: [StoreChange]) async throws(StoreError) {
        let result = await withCheckedContinuation { continuation in
            submit(changes, .immediate) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// How many transactions there were: shows how well commits are grouped.
    package var commitCount: Int { state.withLock(\.commits) }

    /// Writes what waits, ends the thread and closes the store.
    ///
    /// It blocks: never call it on an event loop. What is submitted after it fails at once, on the
    /// caller's thread.
    package func close() {
        let isFirst = state.withLock { state in
            let isFirst = !state.isClosing
            state.isClosing = true
            state.wait = nil
            return isFirst
        }
        guard isFirst else { return }
        wake.signal()
        ended.wait()
    }
}

// MARK: - The thread

extension StoreWriter {
    private enum Step {
        case sleep(until: ContinuousClock.Instant?)
        case work(StoreQueue)
        case end
    }

    private func run() {
        while true {
            switch nextStep() {
            case .sleep(nil): wake.wait()
            case .sleep(let due?):
                let left = (due - ContinuousClock.now).components
                let nanoseconds = left.seconds * 1_000_000_000 + left.attoseconds / 1_000_000_000
                _ = wake.wait(timeout: .now() + .nanoseconds(Int(max(0, nanoseconds)) + 1))
            case .work(let queue): commit(queue)
            case .end:
                // Everything was applied; what closing can still fail at is not the callers'.
                try? store.close()
                ended.signal()
                return
            }
        }
    }

    private func nextStep() -> Step {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.wait = nil
            if state.isClosing && state.queue.submissions.isEmpty { return .end }
            if state.isClosing || state.queue.isReady(at: now) {
                return .work(state.queue.take())
            }
            state.wait = state.queue.due == nil ? .forWork : .forMore
            return .sleep(until: state.queue.due)
        }
    }

    private func commit(_ queue: StoreQueue) {
        var answers = StoreAnswers()
        do {
            try transaction(queue.changes)
            for submission in queue.submissions { answer(submission, .success(()), &answers) }
        } catch {
            var start = 0
            for submission in queue.submissions {
                let result =
                    queue.submissions.count == 1
                    ? .failure(error) : commitAlone(queue.changes[start..<submission.end])
                answer(submission, result, &answers)
                start = submission.end
            }
        }
        answers.tell()
    }

    private func commitAlone(_ changes: ArraySlice<StoreChange>) -> Result<Void, StoreError> {
        do throws(StoreError) {
            try transaction(Array(changes))
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func answer(
        _ submission: StoreQueue.Submission,
        _ result: Result<Void, StoreError>,
        _ answers: inout StoreAnswers
    ) {
        let outcome =
            submission.isRefused
            ? .failure(StoreError(.busy, "too many changes wait for the disk")) : result
        switch submission.reply {
        case .nobody: break
        case .ticket(let ticket, let client): answers.add(ticket, outcome, to: client)
        case .completion(let completion):
            // Whoever reads behind what was asked before finds that it was told of.
            answers.tell()
            completion(outcome)
        }
    }

    private func transaction(_ changes: [StoreChange]) throws(StoreError) {
        if changes.isEmpty { return }
        try store.apply(changes)
        state.withLock { $0.commits += 1 }
    }
}
