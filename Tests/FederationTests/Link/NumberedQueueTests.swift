import Testing

@testable import Federation

@Suite("Link, numbered queue")
struct NumberedQueueTests {
    /// It does what a dictionary does, whatever goes first.
    @Test(arguments: 0..<20)
    func isADictionary(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var queue = NumberedQueue<Int>(next: 5)
        var model: [UInt64: Int] = [:]
        var next: UInt64 = 5
        for step in 0..<6_000 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                #expect(queue.next == next)
                queue.append(step)
                model[next] = step
                next += 1
            case 5..<9:
                // The oldest mostly.
                let number = UInt64.random(in: 0...next, using: &generator) / UInt64(seed % 3 + 1)
                let taken = queue.remove(number)
                #expect(taken == model.removeValue(forKey: number))
            default:
                let number = UInt64.random(in: 0...next, using: &generator)
                queue[number] = -step
                if model[number] != nil { model[number] = -step }
                #expect(queue[number] == model[number])
            }
            #expect(queue.count == model.count)
        }
        #expect(queue.all.map(\.number) == model.keys.sorted())
        #expect(queue.all.allSatisfy { model[$0.number] == $0.value })
        let middle = next / 2
        let taken = queue.take(after: middle).map(\.number)
        #expect(taken == model.keys.filter { $0 > middle }.sorted())
        #expect(queue.all.map(\.number) == model.keys.filter { $0 <= middle }.sorted())
        #expect(queue.next == middle + 1)
    }

    @Test func costsNothingForThoseThatAreGone() {
        var queue = NumberedQueue<Int>(next: 1)
        queue.append(0)
        for number in 2..<200_000 as Range<UInt64> {
            queue.append(1)
            let taken = queue.remove(number)
            #expect(taken == 1)
            if queue.room > 4_096 { Issue.record("\(queue.room) slots for one value") }
        }
        #expect(queue[1] == 0)
        #expect(queue.count == 1)
    }
}
