import Telemetry
import Testing
import XMPP

@testable import Modules

/// Subscriptions to names with wildcards (docs/protocol.md, wildcards).
@Suite struct WildcardTests {
    @Test(arguments: [
        ("#", "fleet", true), ("#", "host/web/cpu", true), ("host/#", "host/web/cpu", true),
        ("host/#", "host", false), ("host/*/cpu", "host/web/cpu", true),
        ("host/*/cpu", "host/web/memory", false), ("host/*", "host/web/cpu", false),
        ("*", "fleet", true), ("*", "alerts/info", false), ("alerts/*", "alerts/info", true),
        ("*/*/cpu", "host/web/cpu", true),
    ])
    func coversNames(_ pattern: String, _ name: String, _ isCovered: Bool) {
        #expect(NodePattern(pattern)?.matches(name) == isCovered)
    }

    @Test(arguments: ["host", "web-*", "#/a", "urn:lapwing:1#cpu", "", "a/b#"])
    func isNoPattern(_ name: String) {
        #expect(NodePattern(name) == nil)
    }

    @Test func boundsTheLevelsOfAPattern() {
        let levels = NodePattern.levelsMaximum
        #expect(NodePattern(String(repeating: "a/", count: levels - 1) + "#") != nil)
        #expect(NodePattern(String(repeating: "a/", count: levels) + "#") == nil)
    }

    // A mirror of such a host would stand where the pattern is.
    @Test(arguments: ["*", "#"])
    func isNotTakenByAHostOfItsName(_ name: String) throws {
        var fleet = try FleetConversation(hosts: ["web", name])
        try fleet.publish("web")
        try fleet.publish(name)
        #expect(try fleet.subscribe("viewer", "host/*/cpu") == nil)
        #expect(fleet.told("viewer") == ["host/web/cpu item current"])
        try fleet.subscribe("boss", "fleet")
        #expect(fleet.told("boss") == ["fleet item web"])
        try fleet.publish(name)
        try fleet.publish("web")
        #expect(fleet.told("viewer") == ["host/web/cpu item current"])
        // Nor is one that joins later.
        fleet.talk.replaceGroups(with: FleetConversation.groups(hosts: ["web"]))
        fleet.talk.replaceGroups(with: FleetConversation.groups(hosts: ["web", name]))
        try fleet.publish(name)
        #expect(fleet.told("viewer").isEmpty)
    }

    @Test func beginsWithWhatThereIs() throws {
        var fleet = try FleetConversation()
        for host in ["web", "mail"] {
            try fleet.publish(host)
            try fleet.alert(host, .critical, ["disk", "cpu"])
        }
        let event = "<event xmlns='urn:lapwing:1' kind='started'/>"
        for number in 0..<(Burst.eventsMaximum + 5) {
            try fleet.publish("web", .events, id: String(number), event)
        }
        try fleet.subscribe("viewer")
        let told = fleet.told("viewer")
        #expect(told.count { $0.hasPrefix("alerts/critical item") } == 4)
        #expect(told.count { $0.hasPrefix("fleet item") } == 2)
        #expect(told.count { $0.hasPrefix("events item") } == Burst.eventsMaximum)
        #expect(told.contains("host/web/cpu item current"))
        #expect(told.contains("host/mail/alerts.critical item current"))
        #expect(Set(told).count == told.count)
    }

    @Test func coversNodesToCome() throws {
        var fleet = try FleetConversation()
        #expect(try fleet.subscribe("viewer", "host/*/memory") == nil)
        #expect(fleet.told("viewer") == [])
        try fleet.publish("web", .memory)
        try fleet.publish("web", .cpu)
        #expect(fleet.told("viewer") == ["host/web/memory item current"])
    }

    // XEP-0060 §7.1.2.3: one message to an address names all its subscriptions.
    @Test func tellsOnceOfTwoThatMatch() throws {
        var fleet = try FleetConversation()
        for node in ["#", "host/*/cpu"] { try fleet.subscribe("viewer", node) }
        _ = fleet.told("viewer")
        try fleet.publish("web")
        let events = fleet.events("viewer")
        #expect(events.count == 1)
        #expect(events.first?.subscriptions.count == 2)
    }

    @Test func sendsMuchInPieces() throws {
        let hosts = (0..<Burst.pieceMaximum).map { "h\($0)" }
        var fleet = try FleetConversation(hosts: hosts)
        for host in hosts { try fleet.publish(host) }
        try fleet.subscribe("viewer")
        #expect(fleet.told("viewer").count == Burst.pieceMaximum)
        fleet.talk.pass(milliseconds: Burst.pauseMilliseconds)
        let second = fleet.told("viewer")
        #expect(second.count == Burst.pieceMaximum)
        #expect(second.allSatisfy { $0.hasPrefix("host/") })
        fleet.talk.pass(milliseconds: Burst.pauseMilliseconds)
        #expect(fleet.told("viewer") == [])
    }

    @Test func sendsNoMoreOfABurstThatNobodyWants() throws {
        let hosts = (0..<Burst.pieceMaximum).map { "h\($0)" }
        var fleet = try FleetConversation(hosts: hosts)
        for host in hosts { try fleet.publish(host) }
        try fleet.subscribe("viewer")
        try fleet.set("viewer", "<unsubscribe node='#' jid='viewer@example.com/top'/>")
        _ = fleet.told("viewer")
        fleet.talk.pass(milliseconds: Burst.pauseMilliseconds)
        #expect(fleet.told("viewer") == [])
    }

    @Test func boundsBurstsOfOneEntity() throws {
        let hosts = (0..<Burst.pieceMaximum).map { "h\($0)" }
        var fleet = try FleetConversation(hosts: hosts)
        for host in hosts { try fleet.publish(host) }
        let most = PubSubLimits.burstsPerSubscriberMaximum
        for number in 0..<most {
            let jid = "viewer@example.com/top\(number)"
            #expect(try fleet.set("viewer", "<subscribe node='#' jid='\(jid)'/>") == nil)
        }
        #expect(
            try fleet.subscribe("viewer", "host/#")
                == "wait policy-violation too-many-subscriptions"
        )
        #expect(try fleet.subscribe("boss", "host/#") == nil)
        fleet.talk.pass(milliseconds: Burst.pauseMilliseconds)
        #expect(try fleet.subscribe("viewer", "host/#") == nil)
    }

    @Test func boundsPatternsOfOneEntity() throws {
        var fleet = try FleetConversation()
        let most = PubSubLimits.patternsPerSubscriberMaximum
        for number in 0..<most {
            #expect(try fleet.subscribe("viewer", "host/*/n\(number)") == nil)
        }
        let error = "auth policy-violation too-many-subscriptions"
        #expect(
            try fleet.subscribe("viewer", "host/*/more")?.hasSuffix(String(error.dropFirst(5)))
                == true
        )
        #expect(try fleet.subscribe("boss", "host/*/more") == nil)
    }

    @Test func comesBackAfterARestart() throws {
        var fleet = try FleetConversation()
        try fleet.subscribe("viewer", "host/*/cpu")
        try fleet.publish("web", .memory)
        try fleet.subscribe("boss", "host/web/memory")
        let nodes = fleet.talk.records
        var again = try FleetConversation(nodes: nodes)
        #expect(again.told("viewer") == [])
        #expect(try again.items("viewer", "host/web/memory") == ["current"])
        try again.publish("web")
        try again.publish("web", .memory)
        #expect(again.told("viewer") == ["host/web/cpu item current"])
        #expect(again.told("boss") == ["host/web/memory item current"])
    }

    @Test func readsColdItemsFromTheOriginalsPlace() throws {
        let host = Conversation.jid("web")
        var record = NodeRecord(owner: host, node: MonitoringNode.alertsCritical.name)
        record.items = [
            .init(
                id: "current",
                publisher: host,
                published: Instant(milliseconds: 5),
                payload: .stored
            )
        ]
        var fleet = try FleetConversation(nodes: [host: [record]])
        #expect(fleet.talk.loads == ["web@example.com urn:lapwing:1#alerts.critical current"])
        #expect(try fleet.items("viewer", "host/web/alerts.critical") == ["current"])
        #expect(fleet.talk.loads.count == 2)
    }

    @Test func sortsOlderEventsInAfterARestart() throws {
        var nodes: [JID: [NodeRecord]] = [:]
        for (host, times) in ["web": [1, 3, 5], "mail": [2, 4]] as [String: [Int64]] {
            let host = Conversation.jid(host)
            var record = NodeRecord(
                owner: host,
                node: MonitoringNode.events.name,
                configuration: ["pubsub#max_items": ["1000"]]
            )
            record.items = times.map {
                .init(
                    id: "e\($0)",
                    publisher: host,
                    published: Instant(milliseconds: $0),
                    payload: .stored
                )
            }
            nodes[host] = [record]
        }
        var fleet = try FleetConversation(nodes: nodes)
        fleet.talk.payload = Array("<event xmlns='urn:lapwing:1'/>".utf8)
        fleet.talk.pass(milliseconds: FleetBook.gatheringMilliseconds)
        #expect(
            try fleet.items("viewer", "events") == [
                "web/e1", "mail/e2", "web/e3", "mail/e4", "web/e5",
            ]
        )
        #expect(fleet.talk.loads.count == 5)
    }

    // What was stored for a host that is none any more is not kept.
    @Test func forgetsStoredNodesOfStrangers() throws {
        var record = NodeRecord(owner: Conversation.fleet, node: "host/gone/cpu")
        record.subscriptions = [.init(id: "1", jid: Conversation.jid("viewer"))]
        let fleet = try FleetConversation(nodes: [Conversation.fleet: [record]])
        let deletions = fleet.talk.stored.filter {
            if case .pubsub(.deleteNode(_, "host/gone/cpu")) = $0 { true } else { false }
        }
        #expect(deletions.count == 1)
    }

    // A thousand agents that come back are no work for those who did not ask.
    @Test func costsNothingForWhoDidNotSubscribe() throws {
        let hosts = (0..<1_000).map { "h\($0)" }
        var fleet = try FleetConversation(hosts: hosts)
        try fleet.subscribe("viewer", "alerts/critical")
        try fleet.subscribe("boss", "fleet")
        fleet.talk.pass(milliseconds: 1_000)
        _ = fleet.told("boss")
        let before = fleet.talk.notified
        for host in hosts {
            fleet.talk.available(host + "/agent")
            try fleet.publish(host, .summary)
        }
        #expect(fleet.told("viewer") == [])
        // Up, and the level that the first summary brings.
        #expect(fleet.told("boss").count == 2_000)
        #expect(fleet.talk.notified - before == 2_000)
        let plans = fleet.talk.service(Conversation.fleet)?.nodes.values.reduce(0) {
            $0 + $1.plans.values.reduce(0) { $0 + $1.plain.count + $1.conditional.count }
        }
        #expect(plans == 1)
    }
}
