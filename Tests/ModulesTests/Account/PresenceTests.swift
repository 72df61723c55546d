import Testing
import XMPP

@testable import Modules

@Suite struct PresenceTests {
    static let groups = SharedGroups([
        "viewers": .init(members: [Conversation.jid("viewer")]),
        "hosts": .init(
            members: [Conversation.jid("web"), Conversation.jid("mail")],
            sees: ["viewers"]
        ),
    ])

    private func presence(_ type: String?, to: String) throws -> Stanza {
        Stanza(.presence, type: type, to: try JID(to))
    }

    /// Types of the presences, with who they come from.
    private func summary(_ stanzas: [Stanza]) -> [String] {
        stanzas.filter { $0.kind == .presence }.map {
            "\($0.type ?? "available") \($0.from?.description ?? "-")"
        }
    }

    @Test func echoesASessionsOwnPresence() throws {
        var talk = Conversation(["romeo"])
        try talk.login("romeo/orchard")
        talk.available("romeo/orchard")
        #expect(summary(talk.take("romeo/orchard")) == ["available romeo@example.com/orchard"])
    }

    // RFC 6121 §3.1: the whole way from the request to presence on both sides.
    @Test func leadsFromARequestToPresence() throws {
        var talk = Conversation(["romeo", "juliet"])
        try talk.login("romeo/orchard")
        try talk.login("juliet/balcony")
        talk.available("romeo/orchard")
        talk.available("juliet/balcony")
        _ = talk.take("romeo/orchard")
        _ = talk.take("juliet/balcony")
        talk.send("romeo/orchard", try presence("subscribe", to: "juliet@example.com"))
        #expect(summary(talk.take("juliet/balcony")) == ["subscribe romeo@example.com"])
        talk.send("juliet/balcony", try presence("subscribed", to: "romeo@example.com"))
        #expect(
            summary(talk.take("romeo/orchard")) == [
                "subscribed juliet@example.com", "available juliet@example.com/balcony",
            ]
        )
        talk.logout("juliet/balcony")
        #expect(
            summary(talk.take("romeo/orchard")) == ["unavailable juliet@example.com/balcony"]
        )
    }

    // RFC 6121 §3.1.3
    @Test func keepsARequestUntilTheContactComes() throws {
        var talk = Conversation(["romeo", "juliet"])
        try talk.login("romeo/orchard")
        talk.send("romeo/orchard", try presence("subscribe", to: "juliet@example.com"))
        try talk.login("juliet/balcony")
        talk.available("juliet/balcony")
        #expect(summary(talk.take("juliet/balcony")).contains("subscribe romeo@example.com"))
    }

    @Test func showsMembersOfGroupsToEachOther() throws {
        var talk = Conversation(["viewer", "web", "mail"], groups: Self.groups)
        try talk.login("web/agent")
        talk.available("web/agent")
        try talk.login("viewer/top")
        talk.available("viewer/top")
        #expect(
            Set(summary(talk.take("viewer/top"))) == [
                "available viewer@example.com/top", "available web@example.com/agent",
                "unavailable mail@example.com",
            ]
        )
        #expect(summary(talk.take("web/agent")).contains("available viewer@example.com/top"))
    }

    @Test func tellsHostsNothingOfHosts() throws {
        var talk = Conversation(["viewer", "web", "mail"], groups: Self.groups)
        try talk.login("web/agent")
        talk.available("web/agent")
        _ = talk.take("web/agent")
        try talk.login("mail/agent")
        talk.available("mail/agent")
        #expect(talk.take("web/agent").isEmpty)
    }

    @Test func causesPresencesToViewersOnlyWhenAllHostsComeBack() throws {
        let hosts = (0..<1_000).map { "host\($0)" }
        let groups = SharedGroups([
            "viewers": .init(members: [Conversation.jid("viewer")]),
            "hosts": .init(members: Set(hosts.map(Conversation.jid)), sees: ["viewers"]),
        ])
        var talk = Conversation(hosts + ["viewer"], groups: groups)
        try talk.login("viewer/top")
        talk.available("viewer/top")
        _ = talk.take("viewer/top")
        for host in hosts {
            try talk.login(host + "/agent")
            talk.available(host + "/agent")
        }
        #expect(talk.take("viewer/top").count == 1_000)
        // Its own presence, and the viewer's in answer to its probe.
        #expect(hosts.allSatisfy { talk.take($0 + "/agent").count == 2 })
    }

    @Test func followsAChangeOfGroups() throws {
        var talk = Conversation(["viewer", "web", "mail"])
        try talk.login("viewer/top")
        try talk.login("web/agent")
        talk.available("viewer/top")
        talk.available("web/agent")
        let query = Stanza(.iq, type: "get", id: "r", [Element("query", Namespace.roster)])
        talk.send("viewer/top", query)
        _ = talk.take("viewer/top")
        talk.replaceGroups(with: Self.groups)
        var got = talk.take("viewer/top")
        #expect(summary(got) == ["available web@example.com/agent"])
        #expect(got.filter { $0.kind == .iq && $0.type == "set" }.count == 2)
        talk.replaceGroups(with: SharedGroups())
        got = talk.take("viewer/top")
        #expect(summary(got) == ["unavailable web@example.com/agent"])
    }

    // RFC 6121 §4.6.3
    @Test func tellsThoseWhoGotDirectedPresenceOfTheEnd() throws {
        var talk = Conversation(["romeo", "juliet"])
        try talk.login("romeo/orchard")
        try talk.login("juliet/balcony")
        talk.available("juliet/balcony")
        _ = talk.take("juliet/balcony")
        talk.send("romeo/orchard", try presence(nil, to: "juliet@example.com"))
        #expect(summary(talk.take("juliet/balcony")) == ["available romeo@example.com/orchard"])
        talk.logout("romeo/orchard")
        #expect(summary(talk.take("juliet/balcony")) == ["unavailable romeo@example.com/orchard"])
    }

    // RFC 6121 §4.3.2
    @Test func answersAStrangersProbeWithNothingOfItself() throws {
        var talk = Conversation(["romeo", "juliet"])
        try talk.login("romeo/orchard")
        talk.available("romeo/orchard")
        try talk.login("juliet/balcony")
        talk.send("juliet/balcony", try presence("probe", to: "romeo@example.com"))
        #expect(talk.take("juliet/balcony").map { $0.error?.condition } == [.badRequest])
    }

    @Test(arguments: ["128", "-129", "high", ""])
    func refusesAPriorityThatIsNone(_ priority: String) throws {
        var talk = Conversation(["romeo"])
        try talk.login("romeo/orchard")
        talk.available("romeo/orchard", [Element("priority", Namespace.client, text: priority)])
        #expect(talk.take("romeo/orchard").map { $0.error?.condition } == [.badRequest])
    }

    // RFC 6120 §7.7.2.2
    @Test func endsTheOlderSessionOfTheSameResource() throws {
        var talk = Conversation(["romeo", "juliet"])
        try talk.login("romeo/orchard")
        talk.available("romeo/orchard")
        let old = talk
        try talk.login("romeo/orchard")
        #expect(old.ended.isEmpty)
        #expect(talk.ended.values.map(\.condition) == [.conflict])
    }

    @Test func refusesOneSessionMoreThanTheLimit() throws {
        var talk = Conversation(["romeo"])
        for number in 0..<10 { try talk.login("romeo/r\(number)") }
        #expect(throws: StanzaError.self) { try talk.login("romeo/more") }
    }

    @Test func endsTheSessionsOfARemovedAccount() throws {
        var talk = Conversation(["romeo"])
        try talk.login("romeo/orchard")
        talk.remove("romeo")
        #expect(talk.end(of: "romeo/orchard")?.condition == .notAuthorized)
    }
}
