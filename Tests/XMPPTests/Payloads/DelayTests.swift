import Testing
import XMPP

// XEP-0203
@Suite struct DelayTests {
    private let moment = Instant(milliseconds: 1_700_000_000_123)

    @Test func readsTheStampThatItWrites() throws {
        let element = Delay.element(stamp: moment, from: try JID("example.org"))
        #expect(element["from"] == "example.org")
        #expect(element["stamp"] == "2023-11-14T22:13:20.123Z")
        #expect(Delay.stamp(of: Stanza(.message, [element])) == moment)
    }

    @Test(arguments: [
        "<delay xmlns='urn:xmpp:delay'/>", "<delay xmlns='urn:xmpp:delay' stamp='yesterday'/>",
        "<delay xmlns='urn:other' stamp='2023-11-14T22:13:20Z'/>",
    ])
    func findsNoStampWhereThereIsNone(_ markup: String) throws {
        let element = try Element(parsing: Array(markup.utf8))
        #expect(Delay.stamp(of: Stanza(.message, [element])) == nil)
    }
}
