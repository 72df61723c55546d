import Testing

@testable import Telemetry

struct NumberTests {
    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-7.0, "-7"),
        (9_007_199_254_740_992, "9007199254740992"),
        (12.3, "12.3"), (0.4, "0.4"), (98.76543219, "98.7654"), (123456.789, "123457"),
        (-0.05, "-0.05"), (0.00123456789, "0.00123457"), (99.9999999, "100"),
        (1_234_567.5, "1234568"),
    ])
    func writesSixSignificantDigits(number: Double, text: String) {
        #expect(Number.text(number) == text)
    }

    @Test(arguments: ["nan", "inf", "0x1p3", "", "1,5", "1 ", "--1", "1e999"])
    func refusesWhatIsNoDecimalNumber(text: String) {
        #expect(Number.parse(text) == nil)
    }

    @Test(arguments: [("1.5", 1.5), ("-2", -2.0), ("1e3", 1000.0), ("+4", 4.0)])
    func readsDecimalNumbers(text: String, number: Double) {
        #expect(Number.parse(text) == number)
    }

    @Test func refusesEndlessNumbers() {
        #expect(Number.parse(String(repeating: "1", count: 40)) != nil)
        #expect(Number.parse(String(repeating: "1", count: 41)) == nil)
    }
}
