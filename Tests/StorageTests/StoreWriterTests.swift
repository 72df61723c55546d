import Foundation
import Modules
import Synchronization
import Testing
import XMPP

@testable import Storage

@Suite struct StoreWriterTests {
    /// A store that stops in its first application until it is let go, and counts.
    final class Gate: Sendable {
        let entered = DispatchSemaphore(value: 0)
        let open = DispatchSemaphore(value: 0)
        private let batches = Mutex<[Int]>([])

        var sizes: [Int] { batches.withLock(\.self) }

        func pass(_ changes: [StoreChange]) -> StoreError? {
            let isFirst = batches.withLock {
                $0.append(changes.count)
                return $0.count == 1
            }
            if isFirst {
                entered.signal()
                open.wait()
            }
            return nil
        }
    }

    private func save(_ name: String) -> StoreChange { .account(.save(.sample(name))) }

    @Test func gathersWhatWaitsIntoOneTransaction() async throws {
        let gate = Gate()
        let store = MemoryStore(fault: gate.pass)
        let writer = StoreWriter(store)
        let completed = Mutex(0)
        writer.submit([save("first")], .immediate)
        gate.entered.wait()
        for index in 0..<100 {
            writer.submit([save("u\(index)")], .immediate) { _ in completed.withLock { $0 += 1 } }
        }
        gate.open.signal()
        try await writer.apply([])
        writer.close()
        #expect(gate.sizes == [1, 100])
        #expect(completed.withLock(\.self) == 100)
        #expect(writer.commitCount == 2)
    }

    @Test func completesInOrder() async throws {
        let store = MemoryStore()
        let writer = StoreWriter(store)
        let order = Mutex<[Int]>([])
        for index in 0..<1000 {
            writer.submit([save("u")], .immediate) { _ in order.withLock { $0.append(index) } }
        }
        try await writer.apply([])
        #expect(order.withLock(\.self) == Array(0..<1000))
        writer.close()
    }

    @Test func oneBadChangeFailsOnlyItsOwn() throws {
        let gate = Gate()
        let store = MemoryStore(fault: gate.pass)
        let writer = StoreWriter(store)
        let results = Mutex<[String: Bool]>([:])
        func submit(_ name: String, _ changes: [StoreChange]) {
            writer.submit(changes, .immediate) { result in
                let succeeded = (try? result.get()) != nil
                results.withLock { $0[name] = succeeded }
            }
        }
        submit("first", [save("first")])
        gate.entered.wait()
        let nobody = GroupMembership(group: "g", member: .account("nobody"))
        submit("good", [save("good")])
        submit("bad", [save("half"), .account(.join(nobody))])
        submit("also good", [save("also")])
        gate.open.signal()
        writer.close()
        let expected = ["first": true, "good": true, "bad": false, "also good": true]
        #expect(results.withLock(\.self) == expected)
        #expect(try store.accounts.map { "\($0.jid)" }.contains("half@example.org") == false)
        #expect(try store.accounts.count == 3)
    }

    @Test func closingWritesWhatStayedBehind() throws {
        let store = MemoryStore()
        let writer = StoreWriter(store)
        writer.submit([save("alice")], .behind)
        writer.close()
        #expect(try store.accounts.count == 1)
    }

    @Test func refusesChangesAfterClosing() throws {
        let store = MemoryStore()
        let writer = StoreWriter(store)
        writer.close()
        let reason = Mutex<StoreError.Reason?>(nil)
        writer.submit([save("alice")], .immediate) { result in
            if case .failure(let error) = result { reason.withLock { $0 = error.reason } }
        }
        #expect(reason.withLock(\.self) == .closed)
    }

    @Test func answersErrorsOfAFullDiskAndGoesOn() async throws {
        let scratch = try Scratch()
        let store = try SQLiteStore(path: scratch.database)
        let writer = StoreWriter(store)
        try store.limitPages(to: 1)
        let error = await #expect(throws: StoreError.self) {
            for index in 0..<500 { try await writer.apply([save("u\(index)")]) }
        }
        #expect(error?.reason == .full)
        try store.limitPages(to: 100_000)
        try await writer.apply([save("alice")])
        #expect(try store.account(.account("alice")) != nil)
        writer.close()
    }

    /// A reply waits for all changes before it: a later answer says that the earlier are there.
    @Test func tellsARefusalBehindWhatWasAskedBefore() throws {
        let gate = Gate()
        let writer = StoreWriter(MemoryStore(fault: gate.pass))
        let told = Mutex<[String]>([])
        writer.submit([save("first")], .immediate)
        gate.entered.wait()
        let many = Array(repeating: save("u"), count: StoreQueue.changesMaximum - 1)
        for (name, changes) in [
            ("many", many), ("over", [save("x"), save("y")]), ("last", [save("z")]),
        ] {
            writer.submit(changes, .immediate) { _ in told.withLock { $0.append(name) } }
        }
        gate.open.signal()
        writer.close()
        #expect(told.withLock(\.self) == ["many", "over", "last"])
    }

    @Test func refusesMoreThanTheQueueHolds() throws {
        let gate = Gate()
        let writer = StoreWriter(MemoryStore(fault: gate.pass))
        let reasons = Mutex<[StoreError.Reason]>([])
        writer.submit([save("first")], .immediate)
        gate.entered.wait()
        let many = Array(repeating: save("u"), count: StoreQueue.changesMaximum)
        for changes in [many, [save("over")]] {
            writer.submit(changes, .immediate) { result in
                if case .failure(let error) = result {
                    reasons.withLock { $0.append(error.reason) }
                }
            }
        }
        gate.open.signal()
        writer.close()
        #expect(reasons.withLock(\.self) == [.busy])
    }
}
