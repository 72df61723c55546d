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
            #expect(log.bytes == list.count)
            let place = random(list.count + 1)
            let there = list.indices.contains(place) ? String(list[place]) : nil
            #expect(log.item(at: place)?.id == there)
            if let there { #expect(log.position(of: there) == place) }
        }
        #expect(log.latest(.max).map(\.id) == list.map(String.init))
        #expect(log.latest(3).map(\.id) == list.suffix(3).map(String.init))
    }

    @Test func findsItemsByTime() {
        var log = ItemLog()
        for moment in [10, 20, 20, 30] as [Int64] {
            log.add(
                .init(
                    id: String(log.count),
                    publisher: NodesConversation.owner,
                    published: Instant(milliseconds: moment),
                    payload: .absent
                )
            )
        }
        func count(_ moment: Int64) -> Int {
            log.count(publishedBefore: Instant(milliseconds: moment))
        }
        #expect([9, 10, 11, 20, 21, 30, 31].map(count) == [0, 0, 1, 1, 3, 3, 4])
        log.remove("1")
        #expect([20, 21].map(count) == [1, 2])
        #expect(log.isChronological)
        log.add(item(9))
        #expect(!log.isChronological)
    }

    // XEP-0413 §4.4, its example.
    @Test func knowsTheOrderOfCreation() {
        var log = ItemLog()
        for id in [1, 2, 3, 4] { log.add(item(id)) }
        #expect(log.isByCreation)
        for id in [3, 1] { log.add(item(id)) }
        #expect(log.latest(4).map(\.id) == ["2", "4", "3", "1"])
        let byCreation = log.positionsByCreation().compactMap { log.item(at: $0)?.id }
        #expect(byCreation == ["1", "2", "3", "4"])
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
