import Dashboard
import Testing
import XMPP

@Suite struct HistoryTests {
    private func window(_ count: Int, end: Double, hold: Int = 5, step: Int = 1) -> History.Window {
        History.Window(
            count: count,
            step: .seconds(step),
            end: Fixture.after(end),
            hold: .seconds(hold)
        )
    }

    @Test func keepsNoMoreThanItsCapacity() {
        var history = History()
        let seconds = History.capacity + (History.minutes + 2) * 60
        for second in 0..<seconds {
            history.append(Double(second), at: Fixture.after(Double(second)))
        }
        #expect(history.count == History.capacity + History.minutes)
        #expect(history.last == Double(seconds - 1))
        let values = history.values(in: window(3, end: Double(seconds - 1)))
        #expect(values == [4317, 4318, 4319])
    }

    @Test func keepsTheHighestOfEachMinuteOfWhatHasNoMoreRoom() {
        var history = History()
        let start = minutes(0)
        for second in 0..<(History.capacity + 120) {
            history.append(Double(second % 60), at: start + .seconds(second))
        }
        let seen = history.values(
            in: .init(count: 3, step: .seconds(60), end: minutes(2), hold: .zero)
        )
        #expect(seen == [59, 59, 59])
        let finer = history.values(
            in: .init(count: 4, step: .seconds(30), end: minutes(1.5), hold: .zero)
        )
        #expect(finer == [59, 59, 59, 59])
    }

    @Test func keepsAGapOfWhatHasNoMoreRoom() {
        var history = History()
        let start = minutes(0)
        history.append(1, at: start)
        history.interrupt(at: start + .seconds(10))
        history.append(2, at: start + .seconds(20))
        for second in 0..<History.capacity {
            history.append(3, at: start + .seconds(200 + second))
        }
        let seen = history.values(
            in: .init(count: 4, step: .seconds(10), end: start + .seconds(30), hold: .zero)
        )
        #expect(seen == [1, nil, 2, 2])
    }

    private func minutes(_ count: Double) -> Instant {
        // A whole minute, unlike the start of the other tests.
        Instant(milliseconds: 1_699_999_980_000) + .milliseconds(Int(count * 60_000))
    }

    private func stretch(_ minute: Double, _ highest: Double) -> History.Stretch {
        .init(start: minutes(minute), end: minutes(minute + 1), highest: highest)
    }

    private func graph(_ history: History, _ count: Int, end: Double) -> [Double?] {
        history.values(
            in: .init(count: count, step: .seconds(60), end: minutes(end), hold: .zero)
        )
    }

    @Test func putsAnArchivesMinutesBeforeTheFirstValue() {
        var history = History()
        history.append(7, at: minutes(10.5))
        history.insert([stretch(9, 3), stretch(8, 2)])
        #expect(graph(history, 4, end: 10.5) == [nil, 2, 3, 7])
        #expect(history.last == 7)
        history.append(8, at: minutes(11.5))
        #expect(graph(history, 4, end: 11.5) == [2, 3, 7, 8])
    }

    @Test func prefersWhatTheHostToldItself() {
        var history = History()
        history.append(7, at: minutes(10.5))
        history.insert([stretch(10, 99), stretch(9, 3)])
        #expect(graph(history, 2, end: 10.9) == [3, 7])
    }

    @Test func fillsTheGapOfALostConnection() {
        var history = History()
        history.append(1, at: minutes(0.5))
        history.interrupt(at: minutes(0.8))
        history.append(9, at: minutes(4.5))
        history.insert((0...5).map { stretch(Double($0), Double($0 * 10)) })
        #expect(graph(history, 6, end: 5.5) == [1, 10, 20, 30, 9, 50])
    }

    @Test func takesTheSameMinutesOnceOnly() {
        var history = History()
        history.insert([stretch(0, 1), stretch(1, 2)])
        history.insert([stretch(0, 50), stretch(1, 60), stretch(2, 3)])
        #expect(graph(history, 3, end: 2.5) == [1, 2, 3])
        #expect(history.count == 3)
    }

    @Test(arguments: [History.minutes, History.minutes + 5])
    func keepsTheNewestMinutesOfAnArchive(_ count: Int) {
        var history = History()
        history.append(7, at: minutes(Double(count) + 0.5))
        history.insert((0..<count).map { stretch(Double($0), Double($0)) })
        #expect(history.count == History.minutes + 1)
        let oldest = graph(history, History.minutes + 1, end: Double(count)).first
        #expect(oldest == Double(count - History.minutes))
    }

    @Test func passesOverStretchesThatCanNotBe() {
        var history = History()
        history.insert([
            .init(start: minutes(2), end: minutes(1), highest: 1),
            .init(start: minutes(1), end: minutes(1), highest: 1),
            .init(start: minutes(3), end: minutes(4), highest: .infinity),
            .init(
                start: Instant(milliseconds: .min),
                end: Instant(milliseconds: .max),
                highest: 5
            ),
        ])
        #expect(history.count == 1)
        history.append(1, at: minutes(5))
        #expect(history.last == 1)
    }

    @Test func leavesOutWhatIsOlderThanTheNewest() {
        var history = History()
        history.append(1, at: Fixture.after(10))
        history.append(2, at: Fixture.after(9))
        #expect(history.count == 1)
        history.append(3, at: Fixture.after(10))
        #expect(history.last == 3)
    }

    @Test func holdsAValueWhileAnAgentIsSilentButNotForever() {
        var history = History()
        history.append(7, at: Fixture.after(0))
        #expect(history.values(in: window(4, end: 3)) == [7, 7, 7, 7])
        #expect(history.values(in: window(4, end: 7)) == [7, 7, nil, nil])
    }

    @Test func showsAHoleWhereTheHostWasGone() {
        var history = History()
        history.append(7, at: Fixture.after(0))
        history.interrupt(at: Fixture.after(1))
        history.append(8, at: Fixture.after(3))
        #expect(history.values(in: window(4, end: 3)) == [7, nil, nil, 8])
    }

    @Test func takesTheHighestOfAStep() {
        var history = History()
        for (index, value) in [1.0, 9, 2, 3].enumerated() {
            history.append(value, at: Fixture.after(Double(index) / 2))
        }
        #expect(history.values(in: window(2, end: 1)) == [9, 3])
    }

    @Test func copesWithTimesAtTheEdge() {
        var history = History()
        history.append(1, at: Instant(milliseconds: .min))
        history.append(2, at: Instant(milliseconds: .max))
        let window = History.Window(
            count: 2,
            step: .seconds(1),
            end: Instant(milliseconds: .max),
            hold: .seconds(1)
        )
        #expect(history.values(in: window).last == 2)
    }
}

@Suite struct QuantityTests {
    @Test(arguments: [
        (0.0, "0.0%"), (9.94, "9.9%"), (9.96, "10%"), (100, "100%"), (-1, "-1.0%"),
    ])
    func writesPercent(_ value: Double, _ text: String) {
        #expect(Quantity.percent(value) == text)
    }

    @Test(arguments: [
        (0.0, "0"), (999, "999"), (1000, "1.0K"), (1_258_291, "1.2M"), (307_200, "300K"),
        (1e30, "867361737988G"),
    ])
    func writesBytes(_ value: Double, _ text: String) {
        let written = Quantity.bytes(value)
        #expect(value > 1e20 ? written.hasSuffix("E") : written == text)
    }

    @Test(arguments: [
        (-3, "now"), (9, "now"), (10, "10s"), (89, "80s"), (90, "1m"), (5399, "89m"),
        (5400, "1h"), (200_000, "2d"),
    ])
    func writesAges(_ seconds: Int, _ text: String) {
        #expect(Quantity.age(.seconds(seconds)) == text)
    }

    @Test func writesNothingKnownAsADash() {
        #expect(Quantity.percent(nil) == "-")
        #expect(Quantity.plain(.nan) == "-")
    }
}
