import Telemetry
import Testing
import XMPP

@testable import Modules

/// Minutes of a host's samples, asked for at its mirror (docs/protocol.md, Aggregates).
@Suite struct MirrorHistoryTests {
    private static let feature = "urn:lapwing:1#history"
    private static let start = Instant(milliseconds: 1_700_002_800_000)

    /// `viewers` see both hosts, `dba` sees `db` alone, `stranger` none.
    private func fleet(_ policy: HistoryPolicy? = HistoryPolicy()) throws -> FleetConversation {
        let groups = SharedGroups([
            "viewers": .init(members: [Conversation.jid("viewer")]),
            "dbas": .init(members: [Conversation.jid("dba")]),
            "hosts": .init(
                members: [Conversation.jid("web"), Conversation.jid("db")],
                sees: ["viewers"]
            ),
            "databases": .init(members: [Conversation.jid("db")], sees: ["dbas"]),
        ])
        var fleet = try FleetConversation(
            hosts: ["web", "db"],
            viewers: ["viewer", "dba"],
            groups: groups,
            others: ["stranger"],
            policy: policy
        )
        for host in ["web", "db"] { try fleet.publish(host) }
        fleet.talk.now = Self.start + .seconds(70)
        fleet.talk.history = [
            HistoryRecord(.minute, start: Self.start, payload: Array("<a xmlns='urn:a'/>".utf8))
        ]
        return fleet
    }

    private func ask(_ fleet: inout FleetConversation, _ viewer: String) throws -> Stanza? {
        let markup =
            "<query xmlns='urn:xmpp:mam:2' node='host/web/cpu'><x xmlns='jabber:x:data' "
            + "type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>"
            + "<field var='{urn:lapwing:1}resolution'><value>minute</value></field></x></query>"
        let query = try Element(parsing: Array(markup.utf8))
        return try fleet.ask(viewer + "/top", "set", query, to: Conversation.fleet)
    }

    @Test func answersWithTheMinutesOfTheOriginal() throws {
        var fleet = try fleet()
        _ = fleet.talk.take("viewer/top")
        let reply = try ask(&fleet, "viewer")
        #expect(reply?.payload.flatMap(ArchiveEnd.init)?.isComplete == true)
        let results = fleet.talk.take("viewer/top").compactMap {
            $0.payload("result", ArchiveQuery.namespace).flatMap(ArchiveResult.init)
        }
        #expect(results.map(\.id) == [Self.start.dateTime])
        let web = Conversation.jid("web")
        #expect(fleet.talk.loads.contains("\(web) \(FleetConversation.node) history"))
    }

    // The minute under way is where the host's nodes are.
    @Test func answersWithTheMinuteUnderWay() throws {
        var fleet = try fleet()
        fleet.talk.history = []
        fleet.talk.now = Self.start + .seconds(20)
        let sample = "<sample xmlns='urn:lapwing:1' at='2023-11-14T23:00:00.000Z' seq='1' run='a'>"
        try fleet.publish("web", .cpu, sample + "<v n='used'>7</v></sample>")
        fleet.talk.now = Self.start + .seconds(30)
        _ = fleet.talk.take("viewer/top")
        let reply = try ask(&fleet, "viewer")
        let results = fleet.talk.take("viewer/top").compactMap {
            $0.payload("result", ArchiveQuery.namespace).flatMap(ArchiveResult.init)
        }
        let id = Self.start.dateTime + "/" + (Self.start + .seconds(30)).dateTime
        #expect(results.map(\.id) == [id])
        #expect(reply?.payload.flatMap(ArchiveEnd.init)?.page.count == 1)
    }

    // To who sees other hosts there is no such host, and who sees none is turned away.
    @Test(arguments: [("dba", "cancel item-not-found"), ("stranger", "auth forbidden")])
    func tellsNothingOfHostsThatAreNotSeen(_ viewer: String, _ error: String) throws {
        var fleet = try fleet()
        let before = fleet.talk.loads
        #expect(try ask(&fleet, viewer)?.error?.summary == error)
        #expect(fleet.talk.loads == before)
    }

    @Test(arguments: [true, false])
    func saysSoWhereHistoryIsKept(_ isKept: Bool) throws {
        var fleet = try fleet(isKept ? HistoryPolicy() : nil)
        let query = Element("query", Namespace.discoInfo)
        let reply = try fleet.ask("viewer/top", "get", query, to: Conversation.fleet)
        let info = try #require(reply?.payload.flatMap(DiscoInfo.init))
        #expect(info.features.contains(Self.feature) == isKept)
        #expect(try ask(&fleet, "viewer")?.isError == !isKept)
    }

    // Nobody's samples are on the nodes that users make.
    @Test func theServiceOfUsersKeepsNone() {
        var profile = PubSubService.Profile.shared(users: "example.com")
        profile.history = HistoryPolicy()
        #expect(profile.historyFeatures.isEmpty)
    }
}
