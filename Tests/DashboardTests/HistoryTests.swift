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
        for second in 0..<(History.capacity * 3) {
            history.append(Double(second), at: Fixture.after(Double(second)))
        }
        #expect(history.count == History.capacity)
        #expect(history.last == Double(History.capacity * 3 - 1))
        let values = history.values(in: window(3, end: Double(History.capacity * 3 - 1)))
        #expect(values == [1797, 1798, 1799])
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
