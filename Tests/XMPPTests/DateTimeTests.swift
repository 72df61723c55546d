import Testing
import XMPP

struct DateTimeTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-07-21T02:56:15Z", -14_159_025_000),
            ("1969-07-20T21:56:15-05:00", -14_159_025_000),
            ("2000-02-29T23:59:59.999Z", 951_868_799_999),
            ("2026-02-03T04:05:06.7Z", 1_770_091_506_700),
            ("2026-02-03T04:05:06.7891234Z", 1_770_091_506_789),
            ("2026-02-03T05:05:06.789+01:00", 1_770_091_506_789),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)]
    )
    func reads(text: String, milliseconds: Int64) {
        #expect(Instant(dateTime: text) == Instant(milliseconds: milliseconds))
    }

    @Test(arguments: [
        "", "2026", "2026-02-03", "2026-02-03T04:05:06", "2026-02-03 04:05:06Z",
        "2026-02-03T04:05:06.Z", "2026-02-03T04:05:06ZZ", "2026-02-03T04:05Z",
        "2026-13-03T04:05:06Z", "2026-00-03T04:05:06Z", "2026-02-29T04:05:06Z",
        "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-02-00T04:05:06Z",
        "2026-02-03T24:00:00Z", "2026-02-03T04:60:06Z", "2026-02-03T04:05:60Z",
        "2026-02-03T04:05:06+1:00", "2026-02-03T04:05:06+24:00", "2026-02-03T04:05:06+01:60",
        "-2026-02-03T04:05:06Z", "12026-02-03T04:05:06Z", "20２6-02-03T04:05:06Z",
    ])
    func refuses(text: String) {
        #expect(Instant(dateTime: text) == nil)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_770_091_506_789, "2026-02-03T04:05:06.789Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (.min, "0000-01-01T00:00:00.000Z"),
            (.max, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func writes(milliseconds: Int64, text: String) {
        #expect(Instant(milliseconds: milliseconds).dateTime == text)
    }

    @Test func readsWhatItWrites() {
        // Every day's last millisecond over more than 400 years.
        for day in Int64(-80_000)...80_000 {
            let instant = Instant(milliseconds: day * 86_400_000 - 1)
            #expect(Instant(dateTime: instant.dateTime) == instant)
        }
    }
}
