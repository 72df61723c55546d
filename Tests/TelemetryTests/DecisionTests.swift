import Testing
import XMPP

@testable import Telemetry

struct RateMeterTests {
    @Test func ratesUseTheMeasuredInterval() {
        var meter = RateMeter()
        var rates = [meter.rate(100, over: 1)]
        rates.append(meter.rate(150, over: 2))
        #expect(rates == [nil, 25])
    }

    @Test func aDecreaseAnUnknownCounterAndAnUnknownIntervalGiveNothing() {
        var meter = RateMeter()
        var rates: [Double?] = []
        rates.append(meter.rate(100, over: 1))
        rates.append(meter.rate(50, over: 1))
        rates.append(meter.rate(60, over: 1))
        rates.append(meter.rate(70, over: nil))
        rates.append(meter.rate(80, over: 1))
        rates.append(meter.rate(nil, over: 1))
        rates.append(meter.rate(90, over: 1))
        rates.append(meter.rate(91, over: 0))
        #expect(rates == [nil, nil, 10, nil, 10, nil, nil, nil])
    }
}

struct TickClockTests {
    private func reading(_ monotonic: Double, _ boottime: Double, _ realtime: Double)
        -> ClockReading
    {
        ClockReading(
            monotonic: .seconds(monotonic),
            boottime: .seconds(boottime),
            realtime: Instant(milliseconds: Int64(realtime * 1000))
        )
    }

    @Test func theFirstTickHasNoInterval() {
        var clock = TickClock()
        #expect(elapsed(&clock, reading(5, 5, 100)) == nil)
        #expect(elapsed(&clock, reading(6.5, 6.5, 101.5)) == 1.5)
    }

    @Test func aSuspendMakesTheIntervalUnknownOnce() {
        var clock = TickClock()
        _ = clock.tick(reading(5, 5, 100))
        #expect(elapsed(&clock, reading(6, 66, 161)) == nil)
        #expect(elapsed(&clock, reading(7, 67, 162)) == 1)
    }

    @Test(arguments: [-3600.0, -1.0, 1.0, 3600.0])
    func aStepOfTheClockMakesTheIntervalUnknownOnce(step: Double) {
        var clock = TickClock()
        _ = clock.tick(reading(5, 5, 10_000))
        #expect(elapsed(&clock, reading(6, 6, 10_001 + step)) == nil)
        #expect(elapsed(&clock, reading(7, 7, 10_002 + step)) == 1)
    }

    @Test func aClockThatIsSlewedIsNoStep() {
        var clock = TickClock()
        _ = clock.tick(reading(5, 5, 100))
        #expect(elapsed(&clock, reading(6, 6, 101.01)) == 1)
    }

    private func elapsed(_ clock: inout TickClock, _ reading: ClockReading) -> Double? {
        clock.tick(reading).elapsed
    }
}

struct PublishPolicyTests {
    private func group(
        _ node: MonitoringNode,
        _ values: [(String, Double?)],
        _ instances: [String: [(String, Double?)]] = [:]
    ) -> Reading.Group {
        var reading = Reading(at: Instant(milliseconds: 0))
        for (name, number) in values { reading.add(node, name, number) }
        for (name, values) in instances.sorted(by: { $0.key < $1.key }) {
            reading.add(
                node,
                SampleInstance(name, values: values.map { SampleValue($0.0, $0.1) })
            )
        }
        return reading[node]
    }

    private func policy(after first: Reading.Group, level: Level = .ok) -> PublishPolicy {
        var policy = PublishPolicy(deadbands: Deadbands(memoryTotal: 1_000_000))
        policy.published(first, level: level, at: .zero)
        return policy
    }

    @Test func whatWasNeverToldIsDue() {
        let group = group(.cpu, [("used", 5)])
        #expect(PublishPolicy().isDue(group, level: .ok, at: .zero))
    }

    @Test(arguments: [
        (MonitoringNode.cpu, "used", 0.9, 1.1),
        (.cpu, "load1", 0.04, 0.06),
        (.cpu, "switches", 9.0, 11.0),
        (.memory, "available", 999.0, 1001.0),
        (.memory, "used", 0.09, 0.11),
        (.network, "rx", 4095.0, 4097.0),
        (.filesystem, "available", 16_777_215.0, 16_777_217.0),
        (.pressure, "some", 0.9, 1.1),
    ])
    func bandsAreAbsolute(node: MonitoringNode, name: String, small: Double, large: Double) {
        let isShared = node == .cpu || node == .memory
        let values = { (number: Double) in
            isShared
                ? self.group(node, [(name, number)]) : self.group(node, [], ["x": [(name, number)]])
        }
        let policy = policy(after: values(50))
        #expect(!policy.isDue(values(50 + small), level: .ok, at: .seconds(2)))
        #expect(policy.isDue(values(50 + large), level: .ok, at: .seconds(2)))
        #expect(policy.isDue(values(50 - large), level: .ok, at: .seconds(2)))
    }

    @Test func smallStepsAddUp() {
        let policy = policy(after: group(.cpu, [("used", 50)]))
        #expect(!policy.isDue(group(.cpu, [("used", 50.6)]), level: .ok, at: .seconds(1)))
        #expect(policy.isDue(group(.cpu, [("used", 51.2)]), level: .ok, at: .seconds(2)))
    }

    @Test func aLevelPassesTheBandAndTheMinimumInterval() {
        let same = group(.cpu, [("used", 50)])
        let policy = policy(after: same)
        #expect(policy.isDue(same, level: .warning, at: .milliseconds(1)))
    }

    @Test func theMinimumIntervalHoldsMovesBack() {
        var policy = policy(after: group(.cpu, [("used", 50)]))
        policy.minimumInterval = .seconds(5)
        let moved = group(.cpu, [("used", 90)])
        #expect(!policy.isDue(moved, level: .ok, at: .seconds(4)))
        #expect(policy.isDue(moved, level: .ok, at: .seconds(5)))
    }

    @Test func ticksThatTrembleAreStillTicks() {
        let policy = policy(after: group(.cpu, [("used", 50)]))
        #expect(policy.isDue(group(.cpu, [("used", 90)]), level: .ok, at: .milliseconds(995)))
    }

    @Test func theHeartbeatTellsWhatDidNotMove() {
        let same = group(.cpu, [("used", 50)])
        let policy = policy(after: same)
        #expect(!policy.isDue(same, level: .ok, at: .seconds(59)))
        #expect(policy.isDue(same, level: .ok, at: .seconds(60)))
    }

    @Test func uptimeAloneIsNoReason() {
        let policy = policy(after: group(.summary, [("cpu", 5), ("uptime", 10)]))
        let later = group(.summary, [("cpu", 5), ("uptime", 5000)])
        #expect(!policy.isDue(later, level: .ok, at: .seconds(10)))
    }

    @Test func becomingUnknownAndInstancesThatComeOrGoAreMoves() {
        let before = group(.disk, [], ["sda": [("read", 0)], "sdb": [("read", 0)]])
        let policy = policy(after: before)
        let unknown = group(.disk, [], ["sda": [("read", nil)], "sdb": [("read", 0)]])
        #expect(policy.isDue(unknown, level: .ok, at: .seconds(2)))
        let gone = group(.disk, [], ["sda": [("read", 0)]])
        #expect(policy.isDue(gone, level: .ok, at: .seconds(2)))
        let other = group(.disk, [], ["sda": [("read", 0)], "sdc": [("read", 0)]])
        #expect(policy.isDue(other, level: .ok, at: .seconds(2)))
    }
}
