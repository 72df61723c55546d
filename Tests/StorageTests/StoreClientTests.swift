import Dispatch
import Modules
import Synchronization
import Testing
import XMPP

@testable import Storage

/// What a client that hands over batches is told: once a transaction, in the order of its tickets.
@Suite struct StoreClientTests {
    /// Keeps what it is told, call by call.
    private final class Listener: StoreClient {
        private let told = Mutex<[[StoreOutcome]]>([])

        var calls: [[StoreOutcome]] { told.withLock(\.self) }

        func stored(_ outcomes: [StoreOutcome]) { told.withLock { $0.append(outcomes) } }
    }

    private let gate = StoreWriterTests.Gate()
    private let listener = Listener()

    private func save(_ name: String) -> StoreChange { .account(.save(.sample(name))) }

    private var bad: StoreChange {
        .account(.join(GroupMembership(group: "g", member: .account("nobody"))))
    }

    private func batch(_ tickets: ClosedRange<UInt64>) -> StoreBatch {
        var batch = StoreBatch()
        for ticket in tickets { batch.add([save("u\(ticket)")], ticket: ticket) }
        return batch
    }

    /// Runs `body` while the writer is held in a transaction, so that what it submits is the next.
    private func inOneTransaction(
        _ store: MemoryStore? = nil,
        _ body: (StoreWriter) -> Void
    ) -> MemoryStore {
        let store = store ?? MemoryStore(fault: gate.pass)
        let writer = StoreWriter(store)
        writer.submit([save("first")], .immediate)
        gate.entered.wait()
        body(writer)
        gate.open.signal()
        writer.close()
        return store
    }

    @Test func eachIsToldOnceATransaction() {
        let other = Listener()
        _ = inOneTransaction { writer in
            writer.submit(batch(1...3), for: listener)
            writer.submit(batch(1...2), for: other)
            writer.submit(batch(4...5), for: listener)
        }
        #expect(listener.calls == [[.committed(through: 5)]])
        #expect(other.calls == [[.committed(through: 2)]])
        #expect(gate.sizes == [1, 7])
    }

    @Test func isToldOfRefusalsInTheOrderOfTickets() throws {
        let store = inOneTransaction { writer in
            var batch = batch(1...2)
            batch.add([save("half"), bad], ticket: 3)
            batch.add(save("behind"))
            batch.add([save("u4")], ticket: 4)
            writer.submit(batch, for: listener)
        }
        let outcomes = try #require(listener.calls.first)
        #expect(listener.calls.count == 1)
        #expect(outcomes.first == .committed(through: 2))
        #expect(outcomes.last == .committed(through: 4))
        guard outcomes.count == 3, case .refused(3, let error) = outcomes[1] else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(error.reason == .invalid)
        // All of a ticket's changes, or none; of the others each for itself.
        #expect(try store.accounts.map(\.jid.local) == ["behind", "first", "u1", "u2", "u4"])
    }

    @Test func isToldBeforeWhoAskedBehindIt() {
        let seen = Mutex<[Int]>([])
        _ = inOneTransaction { writer in
            writer.submit(batch(1...2), for: listener)
            writer.submit([], .immediate) { [listener] _ in
                seen.withLock { $0.append(listener.calls.count) }
            }
            writer.submit(batch(3...3), for: listener)
        }
        #expect(seen.withLock(\.self) == [1])
        #expect(listener.calls == [[.committed(through: 2)], [.committed(through: 3)]])
    }

    @Test func whatThereIsNoRoomForIsRefusedInItsPlace() {
        _ = inOneTransaction { writer in
            var batch = batch(1...1)
            let many = Array(repeating: save("u"), count: StoreQueue.changesMaximum - 2)
            batch.add(many, ticket: 2)
            batch.add([save("x"), save("y")], ticket: 3)
            batch.add([save("z")], ticket: 4)
            writer.submit(batch, for: listener)
        }
        let busy = StoreError(.busy, "too many changes wait for the disk")
        #expect(
            listener.calls == [[.committed(through: 2), .refused(3, busy), .committed(through: 4)]]
        )
    }

    @Test func isToldThatTheStoreIsClosed() {
        let writer = StoreWriter(MemoryStore())
        writer.close()
        writer.submit(batch(1...2), for: listener)
        let closed = StoreError(.closed, "the store is closed")
        #expect(listener.calls == [[.refused(1, closed), .refused(2, closed)]])
    }

    @Test func nothingIsToldOfWhatComesBehind() throws {
        let store = MemoryStore()
        let writer = StoreWriter(store)
        var batch = StoreBatch()
        batch.add(save("alice"))
        writer.submit(batch, for: listener)
        writer.close()
        #expect(listener.calls.isEmpty)
        #expect(try store.accounts.count == 1)
    }
}
