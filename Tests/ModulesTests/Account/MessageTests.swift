import Testing
import XMPP

@testable import Modules

@Suite struct MessageTests {
    private func message(_ type: String?, to: String) throws -> Stanza {
        Stanza(
            .message,
            type: type,
            id: "m",
            to: try JID(to),
            [Element("body", Namespace.client, text: "hi")]
        )
    }

    private func pair() throws -> Conversation {
        var talk = Conversation(["romeo", "juliet"])
        try talk.login("romeo/orchard")
        try talk.login("juliet/balcony")
        talk.available("romeo/orchard")
        talk.available("juliet/balcony")
        _ = talk.take("romeo/orchard")
        _ = talk.take("juliet/balcony")
        return talk
    }

    @Test func reachesTheSessionItNames() throws {
        var talk = try pair()
        talk.send("romeo/orchard", try message("chat", to: "juliet@example.com/balcony"))
        let got = talk.take("juliet/balcony")
        #expect(got.map(\.from) == [try JID("romeo@example.com/orchard")])
        #expect(got.first?.payload("body", Namespace.client)?.text == "hi")
    }

    // RFC 6121 §8.5.3.2.1
    @Test func reachesTheAccountWhenTheNamedSessionIsGone() throws {
        var talk = try pair()
        talk.send("romeo/orchard", try message("chat", to: "juliet@example.com/tomb"))
        #expect(talk.take("juliet/balcony").count == 1)
    }

    // RFC 6121 §8.5.2.1.1
    @Test func passesBySessionsOfNegativePriority() throws {
        var talk = try pair()
        try talk.login("juliet/agent")
        talk.available(
            "juliet/agent",
            [Element("priority", Namespace.client, text: "-1")]
        )
        _ = talk.take("juliet/agent")
        _ = talk.take("juliet/balcony")
        talk.send("romeo/orchard", try message("chat", to: "juliet@example.com"))
        #expect(talk.take("juliet/agent").isEmpty)
        #expect(talk.take("juliet/balcony").count == 1)
    }

    @Test func goesToTheHighestPriority() throws {
        var talk = try pair()
        try talk.login("juliet/chamber")
        talk.available(
            "juliet/chamber",
            [Element("priority", Namespace.client, text: "5")]
        )
        _ = talk.take("juliet/balcony")
        _ = talk.take("juliet/chamber")
        talk.send("romeo/orchard", try message(nil, to: "juliet@example.com"))
        #expect(talk.take("juliet/chamber").count == 1)
        #expect(talk.take("juliet/balcony").isEmpty)
    }

    // RFC 6121 §8.5.2.2.1: without offline storage the sender is told.
    @Test(arguments: ["chat", "normal"])
    func comesBackWhenNobodyIsThere(_ type: String) throws {
        var talk = Conversation(["romeo", "juliet"])
        try talk.login("romeo/orchard")
        talk.send("romeo/orchard", try message(type, to: "juliet@example.com"))
        let answer = talk.take("romeo/orchard")
        #expect(answer.map { $0.error?.condition } == [.serviceUnavailable])
    }

    @Test func losesAHeadlineThatNobodyReads() throws {
        var talk = Conversation(["romeo", "juliet"])
        try talk.login("romeo/orchard")
        talk.send("romeo/orchard", try message("headline", to: "juliet@example.com"))
        #expect(talk.take("romeo/orchard").isEmpty)
    }

    @Test func neverAnswersAnError() throws {
        var talk = try pair()
        talk.send("romeo/orchard", try message("error", to: "nobody@example.com"))
        talk.send("romeo/orchard", try message("error", to: "juliet@example.com"))
        #expect(talk.take("romeo/orchard").isEmpty)
        #expect(talk.take("juliet/balcony").isEmpty)
    }

    // RFC 6121 §8.5.1: as for an account that is not there, so that accounts can't be probed.
    @Test func answersForAnUnknownAccountAsForAnAbsentOne() throws {
        var talk = Conversation(["romeo", "juliet"])
        try talk.login("romeo/orchard")
        for account in ["juliet", "nobody"] {
            talk.send("romeo/orchard", try message("chat", to: "\(account)@example.com"))
            let iq = Stanza(
                .iq,
                type: "get",
                id: "1",
                to: try JID("\(account)@example.com"),
                [Element("ping", Namespace.ping)]
            )
            talk.send("romeo/orchard", iq)
            #expect(
                talk.take("romeo/orchard").map { $0.error?.condition }
                    == [.serviceUnavailable, .serviceUnavailable]
            )
        }
    }

    @Test func answersAnIqToASessionThatIsGone() throws {
        var talk = try pair()
        let iq = Stanza(
            .iq,
            type: "get",
            id: "1",
            to: try JID("juliet@example.com/tomb"),
            [Element("ping", Namespace.ping)]
        )
        talk.send("romeo/orchard", iq)
        #expect(talk.take("romeo/orchard").first?.error?.condition == .serviceUnavailable)
    }
}
