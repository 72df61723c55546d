import Telemetry
import Testing
import XMPP

@testable import Modules

/// What viewers are told when a host comes into their sight or goes out of it, while it is there
/// for others as before.
@Suite struct SightTests {
    private static let hosts = ["web", "db", "mail"]

    /// `boss` sees all hosts, `viewer` those in `shown`, `other` none.
    private static func groups(_ shown: Set<String>) -> SharedGroups {
        SharedGroups([
            "bosses": .init(members: [Conversation.jid("boss")]),
            "viewers": .init(members: [Conversation.jid("viewer")]),
            "hosts": .init(members: Set(hosts.map(Conversation.jid)), sees: ["bosses"]),
            "shown": .init(members: Set(shown.map(Conversation.jid)), sees: ["viewers"]),
        ])
    }

    private func fleet(_ shown: Set<String> = Set(hosts)) throws -> FleetConversation {
        var fleet = try FleetConversation(
            hosts: Self.hosts,
            viewers: ["boss", "viewer"],
            groups: Self.groups(shown)
        )
        for host in Self.hosts {
            try fleet.publish(host)
            try fleet.alert(host, .critical, ["disk", "load"])
            try fleet.alert(host, .warning, ["memory"])
            try fleet.publish(host, .events, id: "e1", "<event xmlns='urn:a'/>")
        }
        return fleet
    }

    private func show(_ shown: Set<String>, _ fleet: inout FleetConversation) {
        for viewer in ["boss", "viewer"] { _ = fleet.told(viewer) }
        fleet.talk.replaceGroups(with: Self.groups(shown))
    }

    private static func items(of host: String, _ kind: String) -> Set<String> {
        [
            "fleet \(kind) \(host)", "alerts/critical \(kind) \(host)/disk",
            "alerts/critical \(kind) \(host)/load", "alerts/warning \(kind) \(host)/memory",
        ]
    }

    // By a pattern, or each node by itself.
    @Test(arguments: [["#"], FleetBook.aggregates])
    func retractsTheItemsOfAHostThatGoesOutOfSight(_ nodes: [String]) throws {
        var fleet = try fleet()
        for node in nodes { #expect(try fleet.subscribe("viewer", node) == nil) }
        #expect(try fleet.subscribe("boss") == nil)
        show(["web", "mail"], &fleet)
        let told = fleet.told("viewer")
        #expect(Set(told) == Self.items(of: "db", "retract"))
        #expect(told.count == 4)
        #expect(fleet.told("boss") == [])
        #expect(try fleet.items("boss", "fleet").count == 3)
        // That was the last word of it.
        try fleet.alert("db", .critical, [])
        #expect(fleet.told("viewer") == [])
        #expect(fleet.told("boss").contains("alerts/critical retract db/disk"))
    }

    @Test(arguments: [["#"], FleetBook.aggregates])
    func tellsTheItemsOfAHostThatComesIntoSight(_ nodes: [String]) throws {
        var fleet = try fleet(["web", "mail"])
        for node in nodes { #expect(try fleet.subscribe("viewer", node) == nil) }
        #expect(try fleet.subscribe("boss") == nil)
        show(Set(Self.hosts), &fleet)
        let told = fleet.told("viewer")
        #expect(Set(told) == Self.items(of: "db", "item"))
        #expect(told.count == 4)
        #expect(fleet.told("boss") == [])
        try fleet.alert("db", .critical, ["load"])
        #expect(fleet.told("viewer").contains("alerts/critical retract db/disk"))
    }

    // Who may know of nothing any more is told that its subscriptions end, and no more.
    @Test func tellsOfTheEndAloneWhereNothingIsLeft() throws {
        var fleet = try fleet()
        try fleet.subscribe("viewer")
        show([], &fleet)
        #expect(fleet.told("viewer") == ["# subscription none"])
    }

    // docs/protocol.md, filters: who was sent an item is told of its end, and nobody else.
    @Test func retractsToSubscriptionsWithOptionsWhatTheyWereSent() throws {
        var fleet = try fleet()
        let form =
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
            + "<value>http://jabber.org/protocol/pubsub#subscribe_options</value></field>"
            + "<field var='{urn:lapwing:1}filter'><value>item like &quot;*/disk&quot;</value>"
            + "</field><field var='{urn:lapwing:1}deadband'><value>cpu.user 2</value></field></x>"
        for viewer in ["viewer", "boss"] {
            let jid = Conversation.jid(viewer)
            let subscribe = "<subscribe node='#' jid='\(jid)/top'/><options>\(form)</options>"
            #expect(try fleet.set(viewer, subscribe) == nil)
        }
        #expect(fleet.told("viewer").contains("alerts/critical item db/disk"))
        show(["web", "mail"], &fleet)
        #expect(fleet.told("viewer") == ["alerts/critical retract db/disk"])
        #expect(fleet.told("boss") == [])
        // What the others were sent is known as before.
        try fleet.alert("db", .critical, [])
        #expect(fleet.told("boss") == ["alerts/critical retract db/disk"])
        #expect(fleet.told("viewer") == [])
        try fleet.alert("db", .critical, ["disk"])
        _ = fleet.told("boss")
        fleet.talk.replaceGroups(with: Self.groups(Set(Self.hosts)))
        #expect(fleet.told("viewer") == ["alerts/critical item db/disk"])
        #expect(fleet.told("boss") == [])
    }

    // Other groups that change nothing of who sees whom are no news.
    @Test func tellsNothingWhereNobodysSightChanges() throws {
        var fleet = try fleet()
        for viewer in ["viewer", "boss"] { try fleet.subscribe(viewer) }
        for viewer in ["viewer", "boss"] { _ = fleet.told(viewer) }
        var groups = Self.groups(Set(Self.hosts)).groups
        groups["more"] = .init(members: [Conversation.jid("db")], sees: ["viewers"])
        fleet.talk.replaceGroups(with: SharedGroups(groups))
        for viewer in ["viewer", "boss"] { #expect(fleet.told(viewer) == []) }
    }
}
