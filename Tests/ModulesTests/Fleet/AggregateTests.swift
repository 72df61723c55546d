import Telemetry
import Testing
import XMPP

@testable import Modules

/// The nodes about all hosts: `fleet`, `alerts/LEVEL`, `events`.
@Suite struct AggregateTests {
    private func status(_ fleet: inout FleetConversation, _ host: String) throws -> HostStatus? {
        let event = fleet.events("viewer").last { $0.item?["id"] == host }
        guard case .raw(let raw)? = event?.item?.children.first else {
            return try event?.item?.elements.first.map { try HostStatus($0) }
        }
        return try HostStatus(try raw.parsed())
    }

    @Test func tellsWhoIsUpAndHowBadly() throws {
        var fleet = try FleetConversation()
        try fleet.subscribe("viewer", "fleet")
        #expect(fleet.told("viewer").sorted() == ["fleet item mail", "fleet item web"])
        fleet.talk.available("web/agent")
        var known = try status(&fleet, "web")
        #expect(known?.state == .up)
        #expect(known?.level == .unknown)
        let came = fleet.talk.now
        fleet.talk.pass(milliseconds: 500)
        try fleet.publish("web", .summary, "<sample xmlns='urn:lapwing:1' level='critical'/>")
        known = try status(&fleet, "web")
        #expect(known?.level == .critical)
        #expect(known?.since == came)
        #expect(known?.at == fleet.talk.now)
        fleet.talk.logout("web/agent")
        known = try status(&fleet, "web")
        #expect(known?.state == .gone)
        #expect(known?.level == .critical)
        #expect(known?.since == fleet.talk.now)
    }

    @Test func tellsOfAHostOnlyWhatChanges() throws {
        var fleet = try FleetConversation()
        try fleet.publish("web", .summary, "<sample xmlns='urn:lapwing:1' level='ok'/>")
        try fleet.subscribe("viewer", "fleet")
        _ = fleet.told("viewer")
        try fleet.publish("web", .summary, "<sample xmlns='urn:lapwing:1' level='ok' seq='2'/>")
        fleet.talk.available("mail/agent")
        fleet.talk.available("mail/agent")
        #expect(fleet.told("viewer") == ["fleet item mail"])
    }

    @Test func showsOpenAlertsUntilTheyEnd() throws {
        var fleet = try FleetConversation()
        try fleet.subscribe("viewer", "alerts/critical")
        try fleet.alert("web", .critical, ["disk:/", "cpu"])
        #expect(
            fleet.told("viewer") == [
                "alerts/critical item web/disk:/", "alerts/critical item web/cpu",
            ]
        )
        try fleet.alert("web", .critical, ["cpu"])
        #expect(fleet.told("viewer") == ["alerts/critical retract web/disk:/"])
        #expect(try fleet.items("boss", "alerts/critical") == ["web/cpu"])
        try fleet.alert("mail", .critical, ["cpu"])
        #expect(fleet.told("viewer") == ["alerts/critical item mail/cpu"])
        try fleet.alert("web", .critical, [])
        #expect(fleet.told("viewer") == ["alerts/critical retract web/cpu"])
        #expect(try fleet.items("boss", "alerts/critical") == ["mail/cpu"])
    }

    @Test func showsAnAlertWithItsHostAndLevel() throws {
        var fleet = try FleetConversation()
        try fleet.subscribe("viewer", "alerts/warning")
        try fleet.alert("web", .warning, ["load"])
        let event = try #require(fleet.events("viewer").last)
        let bytes = event.serialized()
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("host='web'"))
        #expect(text.contains("level='warning'"))
        #expect(text.contains("id='load'"))
    }

    // What cannot be read says nothing: it neither opens alerts nor ends them.
    @Test func keepsAlertsThroughWhatItCannotRead() throws {
        var fleet = try FleetConversation()
        try fleet.alert("web", .critical, ["disk"])
        try fleet.publish("web", .alertsCritical, "<alerts xmlns='urn:lapwing:1'/>")
        try fleet.publish("web", .alertsCritical, "<other xmlns='urn:other'/>")
        #expect(try fleet.items("viewer", "alerts/critical") == ["web/disk"])
    }

    @Test func logsTheEventsOfAllHosts() throws {
        var fleet = try FleetConversation()
        try fleet.subscribe("viewer", "events")
        let event = "<event xmlns='urn:lapwing:1' kind='started'/>"
        try fleet.publish("web", .events, id: "r-1", event)
        try fleet.publish("mail", .events, id: "r-1", event)
        #expect(fleet.told("viewer") == ["events item web/r-1", "events item mail/r-1"])
        let retract = "<retract node='urn:lapwing:1#events'><item id='r-1'/></retract>"
        _ = try fleet.ask("web/agent", "set", retract, to: nil)
        #expect(fleet.told("viewer") == ["events retract web/r-1"])
        #expect(try fleet.items("viewer", "events") == ["mail/r-1"])
    }

    @Test func boundsTheLog() throws {
        var fleet = try FleetConversation()
        let event = "<event xmlns='urn:lapwing:1' kind='started'/>"
        for number in 0...FleetBook.eventsMaximum {
            try fleet.publish("web", .events, id: String(number), event)
        }
        let ids = try fleet.items("viewer", "events")
        #expect(ids.count == FleetBook.eventsMaximum)
        #expect(ids.first == "web/1")
    }

    @Test func boundsTheBytesOfTheLog() throws {
        var fleet = try FleetConversation()
        let text = String(repeating: "x", count: 60_000)
        let each = "<event xmlns='urn:lapwing:1' kind='started'>\(text)</event>"
        let fits = FleetBook.eventBytesMaximum / each.utf8.count
        for number in 0..<fits { try fleet.publish("web", .events, id: "\(number)", each) }
        let ends = ["web/0", "web/1"]
        #expect(try fleet.items("viewer", "events", "max_items='\(fits)'").count == 4)
        #expect(try fleet.has("viewer", "events", ends) == ends)
        try fleet.publish("web", .events, id: "more", each)
        #expect(try fleet.items("viewer", "events").last == "web/more")
        #expect(try fleet.has("viewer", "events", ends) == ["web/1"])
    }

    @Test func readsTheLevelOfAPayload() {
        let levels: [(String, Level)] = [
            ("<sample xmlns='urn:lapwing:1' at='x' level='critical'><v/></sample>", .critical),
            ("<s level = \"warning\"/>", .warning), ("<s/>", .ok), ("<s>level='info'</s>", .ok),
            ("<s mylevel='info' level='dire'/>", .unknown), ("<s a='level=' level='info'>", .info),
            ("", .ok), ("<s level", .ok), ("<s level='", .unknown),
        ]
        for (markup, level) in levels {
            #expect(Level(ofPayload: Array(markup.utf8)) == level, "\(markup)")
        }
    }
}
