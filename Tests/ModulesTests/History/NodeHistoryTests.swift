import Testing
import XMPP

@testable import Modules
@testable import Telemetry

struct NodeHistoryTests {
    /// The beginning of an hour.
    private static let start = Instant(milliseconds: 1_795_352_400_000)

    private func at(_ seconds: Double) -> Instant { Self.start + .seconds(seconds) }

    private func sample(_ number: Double) -> Sample {
        Sample(at: Self.start, values: [SampleValue("a", number)])
    }

    private func saved(_ changes: [HistoryChange]) throws -> [Aggregate] {
        try changes.compactMap { change in
            guard case .save(let record) = change else { return nil }
            let aggregate = try Aggregate(Element(parsing: record.payload))
            #expect(aggregate.from == record.start)
            #expect(aggregate.to == record.start + record.resolution.duration)
            return aggregate
        }
    }

    @Test func storesNothingWhileTheMinuteIsUnderWay() {
        var history = NodeHistory(at: at(0))
        #expect(history.due == nil)
        for second in 0..<60 {
            #expect(history.published(sample(1), at: at(Double(second))).isEmpty)
        }
        #expect(history.due == at(60))
        #expect(history.passed(to: at(59.999)).isEmpty)
    }

    @Test func storesAMinuteThatIsOver() throws {
        var history = NodeHistory(at: at(0))
        _ = history.published(sample(10), at: at(0))
        _ = history.published(sample(40), at: at(30))
        let records = try saved(history.published(sample(100), at: at(61)))
        let minute = try #require(records.first)
        #expect(records.count == 1)
        #expect(minute.from == at(0))
        #expect(minute.count == 2)
        #expect(minute.known == .seconds(60))
        #expect(minute["a"]?.mean == 25)
        #expect(minute["a"]?.last == 40)
        // The second before the sample belongs to the number that stood.
        let next = try saved(history.passed(to: at(120)))
        #expect(next.first?["a"]?.min == 40)
        #expect(next.first?["a"]?.mean == 99)
        #expect(next.first?.count == 1)
    }

    @Test func fillsMinutesWithoutASampleWhileTheLastStands() throws {
        var history = NodeHistory(at: at(0))
        _ = history.published(sample(7), at: at(30))
        let records = try saved(history.passed(to: at(600)))
        #expect(records.map(\.from) == [at(0), at(60), at(120)])
        #expect(records.map(\.count) == [1, 0, 0])
        #expect(records.map(\.known) == [.seconds(30), .seconds(60), .seconds(60)])
        #expect(records.allSatisfy { $0["a"]?.mean == 7 })
        #expect(history.due == at(3600))
    }

    @Test func takesASampleThatStandsForPartOfAMinute() throws {
        var history = NodeHistory(at: at(0))
        _ = history.published(sample(7), at: at(0))
        let records = try saved(history.passed(to: at(600)))
        #expect(records.map(\.known) == [.seconds(60), .seconds(60), .seconds(30)])
    }

    @Test func storesAnHourThatIsMadeOfItsMinutes() throws {
        var history = NodeHistory(at: at(0))
        var records: [Aggregate] = []
        for second in stride(from: 0.0, through: 3600, by: 30) {
            records += try saved(history.published(sample(second), at: at(second)))
        }
        let hours = records.filter { $0.to - $0.from == .seconds(3600) }
        #expect(records.count == 61)
        let hour = try #require(hours.first)
        #expect(hours.count == 1)
        #expect(hour.from == at(0))
        #expect(hour.count == 120)
        #expect(hour.known == .seconds(3600))
        #expect(hour["a"]?.min == 0)
        #expect(hour["a"]?.max == 3570)
        #expect(hour["a"]?.mean == 1785)
        #expect(hour["a"]?.last == 3570)
    }

    @Test func storesAnHourAlsoWhenNothingComesAnyMore() throws {
        var history = NodeHistory(at: at(0))
        _ = history.published(sample(1), at: at(10))
        _ = history.passed(to: at(600))
        let records = try saved(history.passed(to: at(3600)))
        #expect(records.map(\.from) == [at(0)])
        #expect(records.first?.known == .seconds(150))
        #expect(history.due == nil)
        #expect(history.passed(to: at(86_400)).isEmpty)
    }

    @Test func goesOnAfterAClockThatWasSetBack() throws {
        var history = NodeHistory(at: at(7200))
        _ = history.published(sample(1), at: at(7210))
        let records = try saved(history.published(sample(2), at: at(5)))
        #expect(records.map(\.from) == [at(7200), at(7200)])
        let later = try saved(history.published(sample(3), at: at(61)))
        #expect(later.map(\.from) == [at(0)])
        #expect(later.first?["a"]?.max == 2)
    }

    @Test func countsNothingTwiceWhenTheClockIsSetBackWithinAMinute() throws {
        var history = NodeHistory(at: at(0))
        _ = history.published(sample(1), at: at(30))
        _ = history.published(sample(2), at: at(10))
        let records = try saved(history.published(sample(3), at: at(60)))
        #expect(records.first?.known == .seconds(30))
        #expect(records.first?.count == 2)
    }

    @Test(arguments: [Instant(milliseconds: .min), Instant(milliseconds: .max)])
    func survivesMomentsThatNoCalendarHas(_ moment: Instant) {
        var history = NodeHistory(at: moment)
        _ = history.published(sample(1), at: moment)
        _ = history.published(sample(1), at: at(0))
        _ = history.published(sample(1), at: moment)
        #expect(history.finish(at: moment).count >= 2)
    }

    @Test func resumesTheHourFromItsMinutes() throws {
        var history = NodeHistory(at: at(0))
        var stored: [HistoryRecord] = []
        func keep(_ changes: [HistoryChange]) {
            for case .save(let record) in changes {
                stored.removeAll {
                    $0.start == record.start && $0.resolution == record.resolution
                }
                stored.append(record)
            }
        }
        for second in stride(from: 0.0, to: 1800, by: 10) {
            keep(history.published(sample(10), at: at(second)))
        }
        keep(history.finish(at: at(1795)))

        var resumed = NodeHistory(at: at(1797), isResumed: true)
        keep(resumed.resume(stored))
        for second in stride(from: 1800.0, through: 3600, by: 10) {
            keep(resumed.published(sample(20), at: at(second)))
        }
        let hours = stored.filter { $0.resolution == .hour }
        let hour = try Aggregate(Element(parsing: try #require(hours.first).payload))
        #expect(hours.count == 1)
        #expect(hour.count == 360)
        #expect(hour.known == .seconds(3595))
        #expect(hour["a"]?.min == 10)
        #expect(hour["a"]?.max == 20)
        #expect(stored.filter { $0.resolution == .minute }.count == 60)
    }

    @Test func resumesTheMinuteUnderWay() throws {
        var history = NodeHistory(at: at(0))
        _ = history.published(sample(10), at: at(0))
        let part = history.finish(at: at(20))
        var resumed = NodeHistory(at: at(30), isResumed: true)
        #expect(resumed.resume(Self.records(part)).isEmpty)
        _ = resumed.published(sample(40), at: at(40))
        let minute = try #require(try saved(resumed.passed(to: at(60))).first)
        #expect(minute.count == 2)
        #expect(minute.known == .seconds(40))
        #expect(minute["a"]?.mean == 25)
    }

    @Test func passesOverRecordsThatAreDamagedOrOfAnotherHour() {
        var history = NodeHistory(at: at(60), isResumed: true)
        let changes = history.resume([
            HistoryRecord(.minute, start: at(0), payload: Array("<aggregate".utf8)),
            HistoryRecord(.minute, start: at(0), payload: Array("<other/>".utf8)),
            HistoryRecord(.minute, start: at(-60), payload: []),
        ])
        #expect(changes.isEmpty)
        #expect(history.finish(at: at(61)).isEmpty)
    }

    // The minute ends while the store is read: its record must not lose what it held before.
    @Test func waitsForTheStoreBeforeAMinuteOfBeforeIsReplaced() throws {
        var before = NodeHistory(at: at(0))
        _ = before.published(sample(10), at: at(0))
        let part = before.finish(at: at(50))
        var history = NodeHistory(at: at(59), isResumed: true)
        #expect(history.published(sample(40), at: at(59)).isEmpty)
        #expect(history.published(sample(50), at: at(61)).isEmpty)
        #expect(history.due == nil)
        let minute = try #require(try saved(history.resume(Self.records(part))).first)
        #expect(minute.from == at(0))
        #expect(minute.count == 2)
        #expect(minute.known == .seconds(51))
        #expect(minute["a"]?.min == 10)
        #expect(history.due == at(120))
        let hour = try #require(try saved(history.finish(at: at(70))).last)
        #expect(hour.count == 3)
        #expect(hour.known == .seconds(61))
    }

    // What is not known of the store's records is no reason to replace them.
    @Test func storesNothingOfWhichTheStoreMayHaveMore() {
        var history = NodeHistory(at: at(30), isResumed: true)
        _ = history.published(sample(1), at: at(30))
        #expect(history.finish(at: at(31)).isEmpty)
    }

    @Test(arguments: [true, false])
    func goesOnWithoutAStoreThatSaysNothing(_ isBusy: Bool) throws {
        var history = NodeHistory(at: at(0), isResumed: true)
        let count = isBusy ? NodeHistory.earlySamplesMaximum + 1 : 1
        for second in 0..<count {
            #expect(history.published(sample(1), at: at(Double(second))).isEmpty)
        }
        if !isBusy { #expect(history.passed(to: at(69.999)).isEmpty) }
        let minute = try #require(try saved(history.passed(to: at(isBusy ? 60 : 70))).first)
        #expect(minute.count == count)
        #expect(minute.known == .seconds(60))
        let late = HistoryRecord(.minute, start: at(60), payload: minute.raw.bytes)
        #expect(history.resume([late]).isEmpty)
        #expect(try saved(history.finish(at: at(70))).last?.count == count)
    }

    private static func records(_ changes: [HistoryChange]) -> [HistoryRecord] {
        changes.compactMap { if case .save(let record) = $0 { record } else { nil } }
    }

    // MARK: Retention

    private func trims(_ changes: [HistoryChange]) -> [HistoryTrim] {
        changes.compactMap { if case .trim(let trim) = $0 { trim } else { nil } }
    }

    @Test(arguments: [0, 1, 7_777_777, .min, .max])
    func trimsOnceInAnEighthOfTheAge(_ spread: Int) {
        var policy = HistoryPolicy()
        policy.minute = .init(age: .seconds(8 * 600), records: 90, bytes: 1 << 20)
        var history = NodeHistory(policy, at: at(0), spread: spread)
        var all: [HistoryTrim] = []
        for minute in 0..<100 {
            all += trims(history.published(sample(1), at: at(Double(minute * 60))))
        }
        let first = TrimSchedule.firstTrimMaximum
        let earliest = at(Double(first * 60)) + (.zero - policy.minute.age)
        let minutes = all.filter { $0.resolution == .minute && $0.before >= earliest }
        #expect((8...10).contains(minutes.count))
        #expect(all.count - minutes.count <= 2)
        #expect(minutes.allSatisfy { $0.records == 90 && $0.bytes == 1 << 20 })
        for (one, next) in zip(minutes, minutes.dropFirst()) {
            #expect(next.before - one.before == .seconds(600))
        }
    }

    // A server that is started more often than that would else never trim.
    @Test(arguments: 0..<TrimSchedule.firstTrimMaximum)
    func trimsSoonAfterAStart(_ spread: Int) {
        var policy = HistoryPolicy()
        policy.minute.age = .seconds(32 * 86_400)
        var history = NodeHistory(policy, at: at(0), spread: spread)
        var changes: [HistoryChange] = []
        for minute in 0...TrimSchedule.firstTrimMaximum {
            changes += history.published(sample(1), at: at(Double(minute * 60)))
        }
        #expect(trims(changes).count == 1)
    }

    // At another record after every start, so that a server of short runs trims as well.
    @Test func trimsFirstAtAnotherRecordAfterEachStart() {
        let trimmed = (0..<TrimSchedule.firstTrimMaximum).map { second in
            var history = NodeHistory(at: at(Double(second)))
            _ = history.published(sample(1), at: at(Double(second)))
            return trims(history.published(sample(1), at: at(60))).count
        }
        #expect(trimmed.sorted() == [0, 0, 0, 0, 0, 0, 0, 1])
    }

    // Long before the age has passed, where records are large.
    @Test func trimsWhenAnEighthOfTheBytesHasCome() throws {
        var policy = HistoryPolicy()
        policy.minute = .init(age: .seconds(32 * 86_400), records: 50_000, bytes: 16 << 10)
        var history = NodeHistory(policy, at: at(0))
        let values = (0..<64).map { SampleValue("number\($0)", Double($0)) }
        var untrimmed = 0
        var seen = 0
        for minute in 0..<120 {
            let sample = Sample(at: Self.start, values: values)
            for change in history.published(sample, at: at(Double(minute * 60))) {
                switch change {
                case .save(let record) where record.resolution == .minute:
                    untrimmed += record.payload.count
                    seen = max(seen, record.payload.count)
                    #expect(untrimmed <= policy.minute.bytes / 8 + record.payload.count)
                case .trim(let trim) where trim.resolution == .minute:
                    #expect(trim.bytes == policy.minute.bytes)
                    untrimmed = 0
                default: break
                }
            }
        }
        #expect(seen > 1_000)
    }

    @Test func trimsWhatIsOlderThanTheAge() throws {
        var policy = HistoryPolicy()
        policy.minute.age = .seconds(480)
        var history = NodeHistory(policy, at: at(0))
        _ = history.published(sample(1), at: at(0))
        for minute in 1...TrimSchedule.firstTrimMaximum {
            let end = at(Double(minute * 60))
            let trims = trims(history.published(sample(1), at: end))
            #expect(trims.allSatisfy { $0.before == end + .seconds(-60 - 480) })
        }
    }

    @Test func keepsADayOfMinutesAndNinetyDaysOfHoursUnlessToldOtherwise() {
        let policy = HistoryPolicy()
        #expect(policy[.minute].age == .seconds(86_400))
        #expect(policy[.hour].age == .seconds(7_776_000))
        #expect(policy[.minute].bytes + policy[.hour].bytes == 4 << 20)
        for resolution in HistoryResolution.allCases {
            // The age decides, not the count.
            let kept = policy[resolution].age + policy[resolution].slack
            #expect(policy[resolution].records >= Int(kept / resolution.duration))
        }
    }
}
