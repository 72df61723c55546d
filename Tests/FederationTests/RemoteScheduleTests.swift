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

    @Test func asksForAWakeOnceATime() {
        var schedule = RemoteSchedule()
        #expect(schedule.announcement() == nil)
        schedule.set(.stop, at: time(5))
        #expect(schedule.announcement() == time(5))
        #expect(schedule.announcement() == nil)
        schedule.set(.ready(PeerID(1)), at: time(3))
        #expect(schedule.announcement() == time(3))
        _ = schedule.take(at: time(3))
        #expect(schedule.announcement() == time(5))
    }
}
