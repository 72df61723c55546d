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

    @Test func isNoneWithoutAnAddress() throws {
        #expect(Departure(Stanza(.message, to: try JID("b@two.example"))) == nil)
    }
}
