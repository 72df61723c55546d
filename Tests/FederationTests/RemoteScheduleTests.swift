import Testing
import XMPP

@testable import Federation

@Suite struct RemoteScheduleTests {
    private func time(_ milliseconds: Int) -> Instant {
        Instant(milliseconds: Int64(milliseconds))
    }

    @Test func givesDutiesInTheOrderOfTheirTimes() {
        var schedule = RemoteSchedule()
        // Every time once, in an order that is none; then each moved, and every third taken out.
        for number in 0..<101 { schedule.set(.ready(PeerID(UInt64(number))), at: time(500)) }
        for number in 0..<101 {
            schedule.set(.ready(PeerID(UInt64(number))), at: time(number * 37 % 101))
        }
        for number in stride(from: 0, to: 101, by: 3) {
            schedule.cancel(.ready(PeerID(UInt64(number))))
        }
        let expected = (0..<101).filter { $0 % 3 != 0 }.sorted { $0 * 37 % 101 < $1 * 37 % 101 }
        var taken: [RemoteSchedule.Duty] = []
        while let duty = schedule.take(at: time(100)) { taken.append(duty) }
        #expect(taken == expected.map { .ready(PeerID(UInt64($0))) })
        #expect(schedule.count == 0)
    }

    @Test func givesNothingBeforeItsTime() {
        var schedule = RemoteSchedule()
        schedule.set(.stop, at: time(2))
        #expect(schedule.take(at: time(1)) == nil)
        #expect(schedule.take(at: time(2)) == .stop)
    }

    @Test func asksForAWakeOnlyWhenItIsEarlier() throws {
        var table = RemoteTable(policy: FederationPolicy())
        func wakes(_ actions: [RemoteTable.Action]) -> [Instant] {
            actions.compactMap { if case .wake(let due) = $0 { due } else { nil } }
        }
        #expect(wakes(table.send([.stanza()], at: time(0))) == [time(30_000)])
        #expect(wakes(table.send([.stanza(to: "three.example")], at: time(10))) == [])
        let failed = table.ended(PeerID(1), .timedOut, .none, at: time(20))
        #expect(wakes(failed) == [time(10_020)])
        #expect(wakes(table.woke(at: time(10_020))) == [time(30_010)])
    }
}
