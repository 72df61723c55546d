import Testing
import XMPP

@testable import Modules
@testable import Telemetry

struct SampleAggregateTests {
    private static let start = Instant(milliseconds: 1_795_352_400_000)

    private func sample(
        _ values: [(String, Double?)],
        _ instances: [(String, Double?)] = [],
        level: Level = .ok
    ) -> Sample {
        Sample(
            at: Self.start,
            level: level,
            values: values.map { SampleValue($0, $1) },
            instances: instances.map { SampleInstance($0, values: [SampleValue("rx", $1)]) }
        )
    }

    private var minute: SampleAggregate { SampleAggregate(.minute, at: Self.start) }

    @Test func beginsAtAMultipleOfItsLength() {
        let late = Self.start + .seconds(59.999)
        #expect(SampleAggregate(.minute, at: late).from == Self.start)
        #expect(SampleAggregate(.minute, at: late).to == Self.start + .seconds(60))
        let hour = SampleAggregate(.hour, at: Self.start + .seconds(3599))
        #expect(hour.from == Self.start)
        #expect(
            HistoryResolution.minute.start(of: Instant(milliseconds: -1))
                == Instant(milliseconds: -60_000)
        )
    }

    @Test func isNothingWithoutASample() {
        #expect(minute.aggregate == nil)
        #expect(minute.isEmpty)
    }

    @Test func countsANumberForAsLongAsItStood() throws {
        var minute = minute
        minute.add(sample([("user", 10)]))
        minute.hold(.seconds(50))
        for _ in 0..<10 {
            minute.add(sample([("user", 90)]))
            minute.hold(.seconds(1))
        }
        let user = try #require(minute.aggregate?["user"])
        #expect(user.min == 10)
        #expect(user.max == 90)
        #expect(user.last == 90)
        #expect(user.count == 11)
        #expect(user.known == .seconds(60))
        #expect((user.mean - 1400.0 / 60).magnitude < 1e-9)
    }

    @Test func leavesOutWhatIsUnknown() throws {
        var minute = minute
        minute.add(sample([("a", 1), ("b", nil)], [("eth0", 5), ("eth1", nil)]))
        minute.hold(.seconds(10))
        minute.add(sample([("a", nil)], [("eth0", 7)]))
        minute.hold(.seconds(10))
        let aggregate = try #require(minute.aggregate)
        #expect(aggregate.count == 2)
        #expect(aggregate.known == .seconds(20))
        #expect(aggregate["a"]?.known == .seconds(10))
        #expect(aggregate["a"]?.count == 1)
        #expect(aggregate["b"] == nil)
        #expect(aggregate["rx", "eth0"]?.mean == 6)
        #expect(aggregate.instances.map(\.name) == ["eth0"])
    }

    @Test func takesTheLastOfTwoSamplesOfOneMoment() throws {
        var minute = minute
        minute.add(sample([("a", 1)]))
        minute.add(sample([("a", 3)]))
        let value = try #require(minute.aggregate?["a"])
        #expect(value.mean == 3)
        #expect(value.min == 1)
        #expect(value.known == .zero)
    }

    @Test func keepsTheWorstLevel() {
        var minute = minute
        minute.add(sample([("a", 1)], level: .critical))
        minute.add(sample([("a", 1)], level: .info))
        #expect(minute.aggregate?.level == .critical)
        minute.restart(at: Self.start + .seconds(60))
        minute.hold(.seconds(1))
        #expect(minute.aggregate?.level == .info)
    }

    @Test func beginsTheNextPeriodWithWhatStands() throws {
        var minute = minute
        minute.add(sample([("a", 1), ("gone", 2)], [("eth0", 1), ("eth1", 1)]))
        minute.add(sample([("a", 4)], [("eth1", 9)]))
        minute.restart(at: Self.start + .seconds(60))
        #expect(minute.aggregate == nil)
        #expect(!minute.isEmpty)
        minute.hold(.seconds(60))
        let aggregate = try #require(minute.aggregate)
        #expect(aggregate.count == 0)
        #expect(aggregate.values.map(\.name) == ["a"])
        #expect(aggregate["a"]?.mean == 4)
        #expect(aggregate["a"]?.min == 4)
        #expect(aggregate.instances.map(\.name) == ["eth1"])
    }

    @Test func weighsItsPartsByTheirTime() throws {
        var first = minute
        first.add(sample([("a", 10)], [("eth0", 1)]))
        first.hold(.seconds(60))
        var second = SampleAggregate(.minute, at: Self.start + .seconds(60))
        second.add(sample([("a", 40)]))
        second.hold(.seconds(20))
        var hour = SampleAggregate(.hour, at: Self.start)
        hour.add(try #require(first.aggregate))
        hour.add(try #require(second.aggregate))
        let aggregate = try #require(hour.aggregate)
        #expect(aggregate.count == 2)
        #expect(aggregate.known == .seconds(80))
        #expect(aggregate["a"]?.mean == 17.5)
        #expect(aggregate["a"]?.min == 10)
        #expect(aggregate["a"]?.max == 40)
        #expect(aggregate["a"]?.last == 40)
        #expect(aggregate["rx", "eth0"]?.known == .seconds(60))
    }

    @Test func survivesNumbersWhoseSumIsNone() throws {
        var minute = minute
        minute.add(sample([("a", 1e308)]))
        minute.hold(.seconds(60))
        #expect(minute.aggregate?["a"]?.mean == 1e308)
    }

    @Test func findsNumbersInAnyOrder() throws {
        let names = (0..<100).map { "v\($0)" }
        var minute = minute
        minute.add(sample(names.map { ($0, 1) }, names.map { ($0, 1) }))
        minute.add(sample(names.reversed().map { ($0, 3) }, names.reversed().map { ($0, 3) }))
        let aggregate = try #require(minute.aggregate)
        #expect(aggregate.values.map(\.name) == names)
        #expect(aggregate.values.allSatisfy { $0.min == 1 && $0.max == 3 && $0.count == 2 })
        #expect(aggregate.instances.map(\.name) == names)
        #expect(aggregate.instances.allSatisfy { $0["rx"]?.count == 2 })
    }

    @Test func followsNoMoreNumbersThanAllowed() throws {
        let most = SampleAggregate.seriesMaximum
        var minute = minute
        minute.add(sample([], (0..<most).map { ("i\($0)", 1) }))
        #expect(minute.aggregate?.instances.count == most)
        #expect(minute.aggregate?.truncated == 0)
        minute.add(sample([("late", 1)], [("i0", 5), ("x", 1), ("y", 1)]))
        let aggregate = try #require(minute.aggregate)
        #expect(aggregate.instances.count == most)
        #expect(aggregate["late"] == nil)
        #expect(aggregate["rx", "i0"]?.max == 5)
        #expect(aggregate.truncated == 2)
        // What is gone gives its room back.
        minute.restart(at: Self.start + .seconds(60))
        minute.add(sample([("late", 1)]))
        #expect(minute.aggregate?["late"] != nil)
    }

    @Test func keepsNoMoreNamesThanAllowed() {
        let count = SampleAggregate.nameBytesMaximum / 1024
        let names = (0..<count).map { number in
            let text = "\(number)"
            return text + String(repeating: "n", count: 1024 - text.utf8.count)
        }
        var minute = minute
        minute.add(sample(names.map { ($0, 1) } + [("x", 1)]))
        #expect(minute.aggregate?.values.map(\.name) == names)
    }

    @Test func fitsIntoAPayloadWhateverComes() throws {
        var minute = minute
        let names = (0..<256).map { "a name of some length \($0)" }
        minute.add(sample(names.map { ($0, 0.123456) }, names.map { ($0, 9.87654e-20) }))
        minute.hold(.milliseconds(1))
        minute.add(sample(names.map { ($0, 1.23456e300) }, names.map { ($0, -9.87654e300) }))
        minute.hold(.milliseconds(12_345))
        let bytes = try #require(minute.aggregate).raw.bytes
        #expect(bytes.count <= PayloadLimits.bytes)
        #expect(try Aggregate(Element(parsing: bytes)).values.count == 256)
    }
}
