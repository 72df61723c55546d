import Filter
import Testing

struct QuietHoursTests {
    private func milliseconds(_ hours: Int, _ minutes: Int, days: Int64 = 20_000) -> Int64 {
        days * 86_400_000 + Int64(hours * 60 + minutes) * 60_000
    }

    @Test(arguments: [
        ("08:00-17:30Z", 7, 59, false), ("08:00-17:30Z", 8, 0, true),
        ("08:00-17:30Z", 17, 29, true), ("08:00-17:30Z", 17, 30, false),
        ("22:00-07:00Z", 22, 0, true), ("22:00-07:00Z", 0, 0, true),
        ("22:00-07:00Z", 6, 59, true), ("22:00-07:00Z", 7, 0, false),
        ("22:00-07:00Z", 21, 59, false),
        ("22:00-07:00+01:00", 21, 0, true), ("22:00-07:00+01:00", 20, 59, false),
        ("22:00-07:00+01:00", 5, 59, true), ("22:00-07:00+01:00", 6, 0, false),
        ("00:30-01:00+01:00", 23, 45, true), ("00:30-01:00+01:00", 0, 0, false),
        ("22:00-23:00-05:30", 3, 30, true), ("22:00-23:00-05:30", 4, 30, false),
        ("00:00-24:00Z", 0, 0, true), ("00:00-24:00+02:00", 12, 0, true),
        ("23:00-24:00Z", 23, 59, true), ("23:00-24:00Z", 0, 0, false),
        ("08:00-09:00z 12:00-13:00Z", 12, 30, true), ("08:00-09:00Z  12:00-13:00Z", 9, 30, false),
    ])
    func knowsTheTime(_ text: String, _ hours: Int, _ minutes: Int, _ isQuiet: Bool) throws {
        let quiet = try QuietHours(text)
        let moment = milliseconds(hours, minutes)
        #expect(quiet.contains(millisecondsSince1970: moment) == isQuiet)
        let before1970 = milliseconds(hours, minutes, days: -3)
        #expect(quiet.contains(millisecondsSince1970: before1970) == isQuiet)
    }

    @Test func theLastMillisecondBeforeTheEndIsQuiet() throws {
        let quiet = try QuietHours("08:00-09:00Z")
        #expect(quiet.contains(millisecondsSince1970: milliseconds(9, 0) - 1))
        #expect(!quiet.contains(millisecondsSince1970: milliseconds(8, 0) - 1))
    }

    @Test(arguments: [Int64.min, .max])
    func takesAnyMoment(_ moment: Int64) throws {
        #expect(try QuietHours("00:00-24:00Z").contains(millisecondsSince1970: moment))
    }

    @Test(arguments: [
        ("", 1, "expected a time such as 22:00-07:00+01:00"),
        ("  ", 1, "expected a time such as 22:00-07:00+01:00"),
        ("22", 3, "expected : and minutes"),
        ("9:00-10:00Z", 1, "expected an hour of two digits"),
        ("22:0-07:00Z", 4, "expected minutes of two digits"),
        ("22:60-07:00Z", 1, "there is no such time"),
        ("24:00-07:00Z", 1, "there is no such time"),
        ("22:00-24:01Z", 7, "there is no such time"),
        ("22:00", 6, "expected - and the end"),
        ("22:00-", 7, "expected an hour of two digits"),
        ("22:00-07:00", 12, "expected Z or an offset such as +01:00"),
        ("22:00-07:00+1", 13, "expected an hour of two digits"),
        ("22:00-07:00+14:01", 13, "there is no such time"),
        ("22:00-07:00Zx", 13, "expected a space after the period"),
        ("22:00-07:00Z,08:00-09:00Z", 13, "expected a space after the period"),
        ("22:00-22:00Z", 7, "the period ends where it begins"),
        ("08:00-09:00Z 10:00-11:00", 25, "expected Z or an offset such as +01:00"),
    ])
    func saysWhatIsWrongAndWhere(_ text: String, _ column: Int, _ message: String) {
        #expect(throws: FilterError(column: column, message)) { try QuietHours(text) }
    }

    @Test func takesEightPeriods() {
        let eight = (0..<8).map { "0\($0):00-0\($0):30Z" }.joined(separator: " ")
        #expect(throws: Never.self) { try QuietHours(eight) }
        let column = eight.count + 2
        #expect(throws: FilterError(column: column, "more than 8 periods")) {
            try QuietHours(eight + " 10:00-11:00Z")
        }
    }
}
