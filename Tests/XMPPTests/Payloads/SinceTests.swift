import Testing
import XMPP

// XEP-0312
@Suite struct SinceTests {
    private func read(_ markup: String) throws -> Since? {
        Since(of: Stanza(.presence, [try Element(parsing: Array(markup.utf8))]))
    }

    @Test func readsTheExampleOfTheSpecification() throws {
        let since = try #require(try read("<ago xmlns='urn:xmpp:ago:0' secs='86511'/>"))
        #expect(since.seconds == 86_511)
        #expect(Since(since.element) == since)
    }

    @Test(arguments: [
        "<ago xmlns='urn:xmpp:ago:0'/>", "<ago xmlns='urn:xmpp:ago:0' secs='-1'/>",
        "<ago xmlns='urn:xmpp:ago:0' secs='long'/>", "<ago xmlns='urn:other' secs='1'/>",
        "<since xmlns='urn:xmpp:ago:0' secs='1'/>",
    ])
    func findsNothingWhereNothingIsSaid(_ markup: String) throws {
        #expect(try read(markup) == nil)
    }

    @Test func countsBackFromTheMomentOfThePresence() {
        let now = Instant(milliseconds: 1_700_000_000_000)
        #expect(Since(seconds: 10).moment(at: now) == Instant(milliseconds: 1_699_999_989_000))
        #expect(Since(seconds: 0).moment(at: now) == Instant(milliseconds: 1_699_999_999_000))
    }

    @Test func limitsTheAbsence() throws {
        let most = Since.secondsMaximum
        #expect(try read("<ago xmlns='urn:xmpp:ago:0' secs='\(most)'/>")?.seconds == most)
        for over in [most + 1, .max] {
            #expect(try read("<ago xmlns='urn:xmpp:ago:0' secs='\(over)'/>")?.seconds == most)
        }
        let earliest = Since(seconds: .max).moment(at: Instant(milliseconds: .min))
        #expect(earliest == Instant(milliseconds: .min))
    }
}
