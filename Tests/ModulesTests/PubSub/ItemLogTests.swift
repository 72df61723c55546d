import Testing
import XMPP

@testable import Modules

@Suite struct ItemLogTests {
    private func item(_ id: Int, bytes: Int = 1) -> ItemLog.Item {
        ItemLog.Item(
            id: String(id),
            publisher: NodesConversation.owner,
            published: Instant(milliseconds: 0),
            payload: .bytes(Array(repeating: 0, count: bytes))
        )
    }

    /// Whatever is done to it, it holds what a plain list would.
    @Test(arguments: 0..<20)
    func agreesWithAPlainList(_ seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func random(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        var log = ItemLog()
        var list: [Int] = []
        for _ in 0..<5_000 {
            let id = random(seed.isMultiple(of: 2) ? 12 : 400)
            switch random(10) {
            case 0...5:
                list.removeAll { $0 == id }
                list.append(id)
                log.add(item(id))
            case 6, 7:
                #expect((log.remove(String(id)) != nil) == list.contains(id))
                list.removeAll { $0 == id }
            case 8:
                let count = max(list.count - random(3), 0)
                let trimmed = log.trim(to: count)
                #expect(trimmed == list.prefix(list.count - count).map(String.init))
                list.removeFirst(list.count - count)
            default: log.cool(keeping: random(40))
            }
            #expect(log.count == list.count)
            #expect(log.newest?.id == list.last.map(String.init))
        }
        #expect(log.latest(.max).map(\.id) == list.map(String.init))
        #expect(log.latest(3).map(\.id) == list.suffix(3).map(String.init))
    }

    @Test func coolsTheOldestFirstAndNeverTheNewest() {
        var log = ItemLog()
        for id in 1...4 { log.add(item(id, bytes: 10)) }
        log.cool(keeping: 25)
        #expect(log.latest(4).map { $0.payload == .stored } == [true, true, false, false])
        log.add(item(3, bytes: 10))
        log.cool(keeping: 0)
        #expect(log.latest(4).map { $0.payload == .stored } == [true, true, true, false])
    }
}
