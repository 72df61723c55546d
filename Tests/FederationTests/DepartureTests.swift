import Federation
import Testing
import XMPP

@Suite("Departure")
struct DepartureTests {
    @Test func namesThePairOfItsAddresses() throws {
        let stanza = Stanza(
            .message,
            from: try JID("a@one.example/x"),
            to: try JID("b@two.example")
        )
        let departure = try #require(Departure(stanza, ticket: 7))
        #expect(departure.pair == DomainPair(local: "one.example", remote: "two.example"))
        #expect(departure.ticket == 7)
    }

    @Test func isTheSameForWhomItWasWritten() throws {
        let stanza = Stanza(
            .iq,
            type: "get",
            id: "1",
            from: try JID("a@one.example/x@y.example/z"),
            to: try JID("two.example"),
            [Element("query", "urn:x")]
        )
        let departure = try #require(Departure(stanza, ticket: 7))
        let written = try #require(WrittenStanza(departure.bytes))
        let received = try #require(Departure(written, ticket: 7))
        #expect(received == departure)
        #expect(received.pair == departure.pair)
        #expect(received.head == departure.head)
        #expect(departure.head?.children == [])
    }

    @Test func isNoneWithoutAnAddress() throws {
        #expect(Departure(Stanza(.message, to: try JID("b@two.example"))) == nil)
        for markup in ["<message to='b@two.example'/>", "<message from='a@one.example'></message>"]
        {
            let written = try #require(WrittenStanza(Array(markup.utf8)))
            #expect(Departure(written, ticket: 1) == nil)
        }
    }
}
