import Telemetry
import Testing
import XMPP

@testable import Modules

/// Who may know of which host, at each delivery and each retrieval.
@Suite struct EntitlementTests {
    /// `dbas` see the host `db` alone, `viewers` all hosts.
    private static let groups = SharedGroups([
        "viewers": .init(members: [Conversation.jid("viewer")]),
        "dbas": .init(members: [Conversation.jid("dba")]),
        "hosts": .init(
            members: [Conversation.jid("web"), Conversation.jid("db")],
            sees: ["viewers"]
        ),
        "databases": .init(members: [Conversation.jid("db")], sees: ["dbas"]),
    ])

    private func fleet(allowed: Set<JID> = []) throws -> FleetConversation {
        var fleet = try FleetConversation(
            hosts: ["web", "db"],
            viewers: ["viewer", "dba"],
            groups: Self.groups,
            allowed: allowed,
            others: ["stranger"]
        )
        for host in ["web", "db"] {
            try fleet.publish(host)
            try fleet.alert(host, .critical, ["disk"])
        }
        return fleet
    }

    @Test func tellsOfAHostOnlyThoseWhoSeeIt() throws {
        var fleet = try fleet()
        for viewer in ["viewer", "dba"] { #expect(try fleet.subscribe(viewer) == nil) }
        for viewer in ["viewer", "dba"] { _ = fleet.told(viewer) }
        for host in ["web", "db"] {
            try fleet.publish(host)
            try fleet.alert(host, .critical, ["cpu"])
            fleet.talk.available(host + "/agent")
        }
        #expect(fleet.told("viewer").contains("host/web/cpu item current"))
        let told = fleet.told("dba")
        #expect(told.contains("host/db/cpu item current"))
        #expect(told.contains("alerts/critical item db/cpu"))
        #expect(told.contains("alerts/critical retract db/disk"))
        #expect(told.contains("fleet item db"))
        #expect(!told.contains { $0.contains("web") })
    }

    @Test func answersOnlyWithItemsOfHostsThatAreSeen() throws {
        var fleet = try fleet()
        #expect(try fleet.items("viewer", "alerts/critical") == ["web/disk", "db/disk"])
        #expect(try fleet.items("dba", "alerts/critical") == ["db/disk"])
        #expect(try fleet.items("dba", "alerts/critical", "max_items='1'") == ["db/disk"])
        #expect(try fleet.items("dba", "fleet") == ["db"])
        let single = "<items node='fleet'><item id='web'/></items>"
        let reply = try fleet.ask("dba/top", "get", single, to: Conversation.fleet)
        #expect(reply?.error?.summary == "cancel item-not-found")
        #expect(try fleet.items("dba", "host/db/cpu") == ["current"])
        // As if there were no such host.
        #expect(try fleet.items("dba", "host/web/cpu") == ["cancel item-not-found"])
        #expect(try fleet.subscribe("dba", "host/web/cpu") == "cancel item-not-found")
    }

    @Test func showsOnlyNodesOfHostsThatAreSeen() throws {
        var fleet = try fleet()
        #expect(try fleet.nodes("viewer").contains("host/web/cpu"))
        let seen = try fleet.nodes("dba")
        #expect(seen.contains("host/db/cpu"))
        #expect(seen.contains("fleet"))
        #expect(!seen.contains { $0.contains("web") })
        #expect(try fleet.nodes("stranger") == [])
    }

    @Test(arguments: ["#", "fleet", "host/web/cpu", "host/nobody/cpu", "events"])
    func turnsAwayWhoMayKnowOfNothing(_ node: String) throws {
        var fleet = try fleet()
        for account in ["stranger", "web"] {
            if account == "web" { try fleet.come("web") }
            #expect(try fleet.subscribe(account, node) == "auth forbidden")
            #expect(try fleet.items(account, node) == ["auth forbidden"])
        }
    }

    // Whatever is asked of a host that may not be known, the answer is that of one there is not.
    @Test(arguments: [
        "<unsubscribe node='host/NAME/cpu' jid='JID'/>",
        "<options node='host/NAME/cpu' jid='JID'/>",
        "<default node='host/NAME/cpu'/>", "<affiliations node='host/NAME/cpu'/>",
    ])
    func hidesWhichHostsThereAre(_ content: String) throws {
        var fleet = try fleet()
        for account in ["dba", "stranger"] {
            let answers = try ["web", "nobody"].map { host in
                let jid = Conversation.jid(account).description
                let asked = content.replacing("NAME", with: host).replacing("JID", with: jid)
                return try asked.contains("<unsubscribe")
                    ? fleet.set(account, asked) : fleet.get(account, asked)
            }
            #expect(answers[0] == answers[1])
            #expect(answers[0] == (account == "dba" ? "cancel item-not-found" : "auth forbidden"))
        }
    }

    @Test(arguments: [
        "<publish node='host/web/cpu'><item/></publish>", "<publish node='x'><item/></publish>",
        "<retract node='host/web/cpu'><item id='current'/></retract>",
        "#<delete node='host/web/cpu'/>", "#<purge node='fleet'/>",
        "#<configure node='fleet'/>", "#<affiliations node='fleet'/>", "#<delete node='x'/>",
        "#<subscriptions node='host/web/cpu'/>",
    ])
    func letsNobodyChangeMirrors(_ content: String) throws {
        var fleet = try fleet()
        for viewer in ["viewer", "stranger"] {
            #expect(try fleet.set(viewer, content) == "auth forbidden")
        }
    }

    @Test func letsInWhomTheOperatorLists() throws {
        var fleet = try fleet(allowed: [Conversation.jid("stranger")])
        #expect(try fleet.items("stranger", "alerts/critical") == ["web/disk", "db/disk"])
        let access = FleetAccess(
            groups: Self.groups,
            hosts: Self.groups.hosts,
            of: "example.com",
            allowed: [try JID("ops.example.org")]
        )
        #expect(access.admits(try JID("anyone@ops.example.org/x"), to: Conversation.jid("web")))
        #expect(!access.admits(try JID("anyone@example.org"), to: Conversation.jid("web")))
    }

    // Capabilities ask for nodes as a whole; whose items they would bring is not asked.
    @Test func tellsNobodyByCapabilities() throws {
        var service = PubSubService(owner: Conversation.fleet, profile: .fleet())
        let groups = Self.groups
        service.prepareFleet(FleetAccess(groups: groups, hosts: groups.hosts, of: "example.com"))
        let time = Instant(milliseconds: 1)
        let web = Conversation.jid("web")
        let snapshot = MirrorChange.Kind.snapshot(.init(isUp: true, nodes: [:], isNews: true))
        _ = service.receive(MirrorChange(web, snapshot), at: time)
        let session = Recipient(
            jid: JID(normalizedLocal: "dba", domain: "example.com", resource: "top"),
            session: SessionID(rawValue: 1)
        )
        let wanted = NotifySet(features: ["fleet+notify", "host/web/cpu+notify"])
        #expect(
            service.available(session, relation: Relation(), notify: wanted, at: time).isEmpty
        )
        let effects = service.receive(MirrorChange(web, .state(isUp: false)), at: time)
        #expect(effects.isEmpty)
    }

    @Test func endsSubscriptionsOfWhoMayKnowOfNothingAnyMore() throws {
        var fleet = try fleet()
        for node in ["#", "host/db/cpu", "fleet"] { try fleet.subscribe("dba", node) }
        _ = fleet.told("dba")
        fleet.talk.replaceGroups(
            with: FleetConversation.groups(hosts: ["web", "db"], viewers: ["viewer"])
        )
        let ended = fleet.told("dba").filter { $0.hasSuffix("subscription none") }
        #expect(
            Set(ended) == [
                "# subscription none", "host/db/cpu subscription none", "fleet subscription none",
            ]
        )
        try fleet.publish("db")
        #expect(fleet.told("dba") == [])
        fleet.talk.replaceGroups(with: Self.groups)
        try fleet.publish("db")
        #expect(fleet.told("dba") == [])
    }

    @Test func endsSubscriptionsToAHostThatIsNotSeenAnyMore() throws {
        var fleet = try fleet()
        for node in ["#", "host/db/cpu"] { try fleet.subscribe("viewer", node) }
        _ = fleet.told("viewer")
        let groups = SharedGroups([
            "viewers": .init(members: [Conversation.jid("viewer")]),
            "dbas": .init(members: [Conversation.jid("dba")]),
            "hosts": .init(members: [Conversation.jid("web"), Conversation.jid("db")]),
            "databases": .init(members: [Conversation.jid("db")], sees: ["dbas"]),
            "servers": .init(members: [Conversation.jid("web")], sees: ["viewers"]),
        ])
        fleet.talk.replaceGroups(with: groups)
        #expect(
            fleet.told("viewer") == [
                "fleet retract db", "alerts/critical retract db/disk",
                "host/db/cpu subscription none",
            ]
        )
        try fleet.publish("db")
        try fleet.publish("web")
        #expect(fleet.told("viewer") == ["host/web/cpu item current"])
    }
}
