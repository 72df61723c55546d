import Telemetry
import Testing
import XMPP

@testable import Modules

/// Mirrors follow their originals (docs/protocol.md, the fleet service).
@Suite struct MirrorTests {
    @Test func tellsAViewerOfAllHostsWhatTheyPublish() throws {
        var fleet = try FleetConversation()
        #expect(try fleet.subscribe("viewer") == nil)
        _ = fleet.told("viewer")
        try fleet.publish("web")
        try fleet.publish("mail", .memory)
        #expect(
            fleet.told("viewer") == ["host/web/cpu item current", "host/mail/memory item current"]
        )
    }

    @Test func namesTheHostAsPublisherAndTheSubscription() throws {
        var fleet = try FleetConversation()
        try fleet.subscribe("viewer")
        _ = fleet.told("viewer")
        try fleet.publish("web")
        let event = try #require(fleet.events("viewer").last)
        #expect(event.item?["publisher"] == "web@example.com")
        #expect(event.subscriptions.count == 1)
    }

    @Test func mirrorsNothingButMonitoringNodesOfHosts() throws {
        var fleet = try FleetConversation()
        try fleet.subscribe("viewer")
        _ = fleet.told("viewer")
        let other = "<publish node='urn:example'><item><a xmlns='urn:a'/></item></publish>"
        _ = try fleet.ask("web/agent", "set", other, to: nil)
        let cpu = "<publish node='urn:lapwing:1#cpu'><item><a xmlns='urn:a'/></item></publish>"
        _ = try fleet.ask("boss/top", "set", cpu, to: nil)
        #expect(fleet.told("viewer") == [])
    }

    @Test func followsRetractPurgeAndDelete() throws {
        var fleet = try FleetConversation()
        try fleet.subscribe("viewer")
        for id in ["1", "2"] { try fleet.publish("web", .late, id: id) }
        _ = fleet.told("viewer")
        let name = MonitoringNode.late.name
        for content in [
            "<retract node='\(name)'><item id='2'/></retract>", "#<purge node='\(name)'/>",
            "#<delete node='\(name)'/>",
        ] { _ = try fleet.ask("web/agent", "set", content, to: nil) }
        #expect(
            fleet.told("viewer") == [
                "host/web/late retract 2", "host/web/late purge", "host/web/late delete",
            ]
        )
        #expect(try fleet.items("viewer", "host/web/late") == ["cancel item-not-found"])
    }

    @Test func holdsWhatTheOriginalHolds() throws {
        var fleet = try FleetConversation()
        try fleet.publish("web", .cpu, "<sample xmlns='urn:lapwing:1' seq='1'/>")
        try fleet.publish("web", .cpu, id: "other", "<sample xmlns='urn:lapwing:1' seq='2'/>")
        #expect(try fleet.items("viewer", "host/web/cpu") == ["other"])
        #expect(try fleet.items("boss", "host/web/memory") == ["cancel item-not-found"])
    }

    @Test func tellsOfTheEndOfAnAccount() throws {
        var fleet = try FleetConversation()
        try fleet.publish("web")
        try fleet.alert("web", .critical, ["disk"])
        try fleet.subscribe("viewer")
        _ = fleet.told("viewer")
        fleet.talk.remove("web")
        let told = fleet.told("viewer")
        #expect(told.contains("host/web/cpu delete"))
        #expect(told.contains("alerts/critical retract web/disk"))
        #expect(told.contains("fleet retract web"))
        #expect(try fleet.nodes("viewer").filter { $0.hasPrefix("host/") } == [])
    }

    // Who might know of the host until now is told that it is one no more.
    @Test func tellsOfAHostThatLeavesItsGroup() throws {
        var fleet = try FleetConversation()
        try fleet.publish("web")
        try fleet.subscribe("viewer", "host/web/cpu")
        _ = fleet.told("viewer")
        fleet.talk.replaceGroups(with: FleetConversation.groups(hosts: ["mail"]))
        #expect(fleet.told("viewer") == ["host/web/cpu delete"])
        try fleet.publish("web")
        #expect(fleet.told("viewer") == [])
        #expect(try fleet.items("viewer", "host/web/cpu") == ["cancel item-not-found"])
    }

    @Test func takesUpAHostThatJoins() throws {
        var fleet = try FleetConversation(
            groups: FleetConversation.groups(hosts: ["mail"])
        )
        try fleet.publish("web", .summary, "<sample xmlns='urn:lapwing:1' level='warning'/>")
        try fleet.subscribe("viewer", "host/*/summary")
        try fleet.subscribe("boss", "fleet")
        _ = fleet.told("viewer")
        _ = fleet.told("boss")
        fleet.talk.replaceGroups(with: FleetConversation.groups(hosts: ["mail", "web"]))
        #expect(fleet.told("viewer") == ["host/web/summary item current"])
        #expect(fleet.told("boss").contains("fleet item web"))
    }

    // A crash could take back what is not committed yet.
    @Test func tellsTheFleetServiceBehindTheStore() throws {
        var service = PubSubService(owner: NodesConversation.owner, profile: .pep())
        service.isMirrored = true
        let markup =
            "<pubsub xmlns='\(Namespace.pubsub)'><publish node='urn:lapwing:1#events'>"
            + "<item id='1'><a xmlns='urn:a'/></item></publish></pubsub>"
        let agent = try JID(NodesConversation.agent)
        let iq = Stanza(.iq, type: "set", id: "p", [try Element(parsing: Array(markup.utf8))])
        let effects = try service.receive(
            iq,
            from: agent,
            relation: { _ in Relation(isOwner: true) },
            at: Instant(milliseconds: 0)
        )
        var outbox = Outbox()
        let actions = outbox.add(
            effects.map { $0.effect(of: NodesConversation.owner) },
            owner: NodesConversation.owner
        )
        let isMirrored = { (effect: Effect) in if case .mirror = effect { true } else { false } }
        let early = actions.contains {
            if case .perform(let it) = $0 { isMirrored(it) } else { false }
        }
        #expect(!early)
        #expect(outbox.committed(through: 2).count(where: isMirrored) == 2)
    }

    @Test func sharesPayloads() throws {
        var service = PubSubService(owner: Conversation.fleet, profile: .fleet())
        let host = Conversation.jid("web")
        let groups = FleetConversation.groups(hosts: ["web"])
        service.prepareFleet(FleetAccess(groups: groups, hosts: groups.hosts, of: "example.com"))
        let payload = Array("<sample xmlns='urn:lapwing:1'/>".utf8)
        let record = ItemRecord(
            id: "current",
            publisher: host,
            published: Instant(milliseconds: 1),
            payload: payload
        )
        let snapshot = HostSnapshot(isUp: true, nodes: [:], isNews: true)
        _ = service.receive(MirrorChange(host, .snapshot(snapshot)), at: record.published)
        _ = service.receive(
            MirrorChange(host, .publish(.cpu, record, trimming: [])),
            at: record.published
        )
        guard case .bytes(let kept)? = service.nodes["host/web/cpu"]?.items.newest?.payload else {
            Issue.record("the mirror has no payload")
            return
        }
        let isShared = kept.withUnsafeBytes { kept in
            payload.withUnsafeBytes { $0.baseAddress == kept.baseAddress }
        }
        #expect(isShared)
    }
}
