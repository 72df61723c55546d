import Modules
import Testing
import XMPP

@testable import Storage

@Suite struct StoreQueueTests {
    private let start = ContinuousClock.now

    private func save(
        _ id: String,
        _ text: String,
        trimming: [String] = []
    ) -> StoreChange {
        let record = ItemRecord(
            id: id,
            publisher: .account("alice"),
            published: Instant(milliseconds: 0),
            payload: Array(text.utf8)
        )
        return .pubsub(
            .saveItem(owner: .account("alice"), node: "n", record, trimming: trimming)
        )
    }

    private func add(
        _ change: StoreChange,
        _ durability: Durability,
        to queue: inout StoreQueue,
        after delay: Duration = .zero
    ) -> Bool {
        queue.add([change], durability, at: start + delay, .nobody)
        return queue.submissions.last?.isRefused == false
    }

    private func taken(_ queue: inout StoreQueue) -> [StoreChange] {
        queue.take().changes.filter { $0 != .superseded }
    }

    @Test func immediateChangesDoNotWait() {
        var queue = StoreQueue()
        #expect(!queue.isReady(at: start))
        #expect(add(save("a", "1"), .immediate, to: &queue))
        #expect(queue.isReady(at: start))
    }

    @Test func changesBehindWaitForASecondFromTheFirst() {
        var queue = StoreQueue()
        #expect(add(save("a", "1"), .behind, to: &queue))
        #expect(add(save("b", "1"), .behind, to: &queue, after: .milliseconds(900)))
        #expect(!queue.isReady(at: start + .milliseconds(999)))
        #expect(queue.isReady(at: start + .seconds(1)))
    }

    @Test func theNewestOverwritesTheSameItem() {
        var queue = StoreQueue()
        for text in ["1", "2", "3"] { #expect(add(save("a", text), .behind, to: &queue)) }
        #expect(add(save("b", "1"), .behind, to: &queue))
        #expect(queue.changeCount == 2)
        #expect(taken(&queue) == [save("a", "3"), save("b", "1")])
        #expect(queue.changeCount == 0)
        #expect(queue.byteCount == 0)
    }

    @Test func whatAnItemDisplacedIsNotForgotten() {
        var queue = StoreQueue()
        #expect(add(save("a", "1", trimming: ["z"]), .behind, to: &queue))
        #expect(add(save("a", "2"), .behind, to: &queue))
        #expect(add(save("a", "3"), .behind, to: &queue))
        #expect(taken(&queue) == [save("a", "1", trimming: ["z"]), save("a", "3")])
    }

    @Test func immediateChangesKeepTheirPlace() {
        var queue = StoreQueue()
        let retract = StoreChange.pubsub(
            .removeItems(owner: .account("alice"), node: "n", ["a"])
        )
        #expect(add(save("a", "1"), .behind, to: &queue))
        #expect(add(retract, .immediate, to: &queue))
        #expect(add(save("a", "2"), .behind, to: &queue))
        #expect(taken(&queue) == [retract, save("a", "2")])
    }

    @Test func anImmediateSaveIsNeverDropped() {
        var queue = StoreQueue()
        #expect(add(save("a", "1"), .immediate, to: &queue))
        #expect(add(save("a", "2"), .behind, to: &queue))
        #expect(taken(&queue) == [save("a", "1"), save("a", "2")])
    }

    @Test func isBoundedInBytesAndCommitsEarlyWhenHalfFull() {
        var queue = StoreQueue()
        let large = String(repeating: "x", count: StoreQueue.bytesMaximum / 4)
        #expect(add(save("a", large), .behind, to: &queue))
        #expect(!queue.isReady(at: start))
        #expect(add(save("b", large), .behind, to: &queue))
        #expect(queue.isReady(at: start))
        #expect(add(save("c", large), .behind, to: &queue))
        #expect(!add(save("d", large), .behind, to: &queue))
    }
}
