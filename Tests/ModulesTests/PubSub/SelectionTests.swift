import Testing
import XMPP

@testable import Modules

// What subscribers get who say what they want (docs/protocol.md, filters).
@Suite struct SelectionTests {
    @Test func sendsOnlyWhatMatchesTheFilter() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        try talk.subscribe("a@example.org") { $0.filter = "cpu.user > 90" }
        try talk.subscribe("b@example.org") { $0.filter = "level >= warning" }
        try talk.subscribe("c@example.org") { $0.filter = "host = \"host\" and group = \"cpu\"" }
        try talk.subscribe("d@example.org")
        #expect(try talk.publish(["user": "50"]) == ["c: item current", "d: item current"])
        #expect(
            try talk.publish(["user": "95"], level: "warning")
                == ["a: item current", "b: item current", "c: item current", "d: item current"]
        )
    }

    @Test(arguments: [
        ("host = \"host\"", true), ("host like \"web-*\"", false),
        ("node = \"urn:lapwing:1#cpu\"", true), ("group in (\"cpu\", \"disk\")", true),
        ("group = \"disk\"", false), ("level = info", true), ("level > unknown", true),
        ("item = \"current\"", true), ("cpu.user = 95", true), ("cpu.user >= 95.5", false),
        ("cpu.idle > 0", false), ("not cpu.idle > 0", false), ("not exists cpu.idle", true),
        ("disk.user > 0", false), ("cpu.busy[0] > 1", true), ("cpu.busy[1] > 1", false),
        ("cpu.busy[*] > 8", true), ("cpu.user[*] > 8", false), ("@level = \"info\"", true),
        ("exists @missing", false), ("/v = \"95\"", true), ("/i/v = \"9\"", true),
        ("/w = \"95\"", false), ("cpu.gone > 0", false),
    ])
    func readsEveryFieldOfASample(_ filter: String, _ matches: Bool) throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        try talk.subscribe("a@example.org") { $0.filter = filter }
        let payload =
            "<sample xmlns='urn:lapwing:1' level='info'><v n='user'>95</v>"
            + "<v n='gone' unknown='1'/><i n='0'><v n='busy'>9</v></i>"
            + "<i n='1'><v n='busy'>1</v></i></sample>"
        let told = try talk.talk.publish(SelectionConversation.cpu, "current", payload).told
        #expect(told.count == (matches ? 1 : 0))
    }

    @Test func readsPayloadsOfOthers() throws {
        var talk = try SelectionConversation("blog")
        try talk.subscribe("a@example.org", "blog") { $0.filter = "/title like \"Lap*\"" }
        try talk.subscribe("b@example.org", "blog") { $0.filter = "@name = \"load\"" }
        let entry = "<entry xmlns='http://www.w3.org/2005/Atom'><title>Lapwing</title></entry>"
        #expect(try talk.talk.publish("blog", "1", entry).told == ["a@example.org: blog item 1"])
        let value = "<value xmlns='http://prosody.im/protocol/monitor' name='load'>0.42</value>"
        #expect(try talk.talk.publish("blog", "2", value).told == ["b@example.org: blog item 2"])
    }

    @Test func sendsNothingToWhoseOptionsCannotBeRead() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        try talk.subscribe("a@example.org") { $0.filter = "cpu.user >" }
        #expect(try talk.publish(["user": "50"]).isEmpty)
    }

    @Test func tellsOfEverythingButItemsWhateverTheFilter() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        try talk.subscribe("a@example.org") { $0.filter = "cpu.user > 90" }
        let configured = try talk.talk.configure(
            SelectionConversation.cpu,
            ["notify_config": "1"]
        )
        #expect(configured.told.count == 1)
        let deleted = try talk.talk.set("#<delete node='\(SelectionConversation.cpu)'/>")
        #expect(deleted.told.count == 1)
    }

    // MARK: Rules

    @Test func tellsOfARetractWhoeverWasSentTheItem() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        try talk.subscribe("a@example.org") { $0.filter = "cpu.user > 90" }
        try talk.subscribe("b@example.org") { $0.filter = "cpu.user > 10" }
        #expect(try talk.publish(["user": "50"], id: "1") == ["b: item 1"])
        #expect(try talk.retract("1") == ["b: retract 1"])
        _ = try talk.publish(["user": "95"], id: "2")
        _ = try talk.publish(["user": "5"], id: "2")
        #expect(try talk.retract("2") == ["a: retract 2", "b: retract 2"])
    }

    @Test func tellsOfAPurgeWhoeverWasSentAnyItem() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        try talk.subscribe("a@example.org") { $0.filter = "cpu.user > 90" }
        try talk.subscribe("b@example.org") { $0.filter = "cpu.user > 10" }
        _ = try talk.publish(["user": "50"])
        let purge = "#<purge node='\(SelectionConversation.cpu)'/>"
        #expect(try talk.talk.set(purge).told.map(SelectionConversation.short) == ["b: purge"])
        #expect(try talk.talk.set(purge).told.isEmpty)
    }

    // Past the bound, and of what was sent before the service was started, all hear of the end.
    @Test func tellsOfARetractWhereItIsNotKnownWhoWasSentTheItem() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        _ = talk.talk.service.update(SelectionConversation.cpu) {
            $0.configuration.itemsMaximum = .max
        }
        try talk.subscribe("a@example.org") { $0.filter = "cpu.user > 90" }
        try talk.subscribe("b@example.org") { $0.filter = "cpu.user < 0" }
        for index in 0..<PubSubLimits.itemsKnownMaximum {
            #expect(try talk.publish(["user": "95"], id: "\(index)").count == 1)
        }
        _ = try talk.publish(["user": "5"], id: "small")
        #expect(try talk.retract("small").isEmpty)
        _ = try talk.publish(["user": "95"], id: "more")
        _ = try talk.publish(["user": "5"], id: "small")
        #expect(try talk.retract("small") == ["a: retract small"])
    }

    @Test func namesAllSubscriptionsThatMatchedInOneMessage() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        try talk.subscribe("a@example.org") { $0.filter = "cpu.user > 90" }
        try talk.subscribe("a@example.org") { $0.filter = "level >= warning" }
        try talk.subscribe("a@example.org") { $0.filter = "cpu.user < 0" }
        let payload = SelectionConversation.sample(["user": "95"], level: "critical")
        let written = try talk.talk.publish(SelectionConversation.cpu, "1", payload).written
        #expect(written.count == 1)
        #expect(written.first?.contains("<header name='SubID'>s1</header>") == true)
        #expect(written.first?.contains("<header name='SubID'>s2</header>") == true)
        #expect(written.first?.contains("s3") == false)
    }

    @Test func sendsDifferentProjectionsByThemselves() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        try talk.subscribe("a@example.org") { $0.projection = "user" }
        try talk.subscribe("a@example.org") { $0.projection = "cpu.busy" }
        try talk.subscribe("a@example.org") { $0.projection = "user missing" }
        let payload = SelectionConversation.sample(
            ["user": "95", "idle": "5"],
            instances: ["0": ["busy": "1", "idle": "2"], "1": ["idle": "3"]]
        )
        let outcome = try talk.talk.publish(SelectionConversation.cpu, "1", payload)
        let written = outcome.written
        #expect(written.count == 2)
        let user = written.first { $0.contains("n='user'") } ?? ""
        #expect(!user.contains("idle") && !user.contains("<i n="))
        #expect(user.contains("s1</header>") && user.contains("s3</header>"))
        let busy = written.first { $0.contains("n='busy'") } ?? ""
        #expect(busy.contains("<i n='0'>") && !busy.contains("<i n='1'>"))
        #expect(busy.contains("s2</header>"))
    }

    @Test func leavesPayloadsThatAreNoSamplesWhole() throws {
        var talk = try SelectionConversation("blog")
        try talk.subscribe("a@example.org", "blog") { $0.projection = "user" }
        let written = try talk.talk.publish("blog", "1", "<a xmlns='urn:a'><v n='x'/></a>").written
        #expect(written.first?.contains("<a xmlns='urn:a'><v n='x'/></a>") == true)
    }

    @Test func replacesDeliveryByPresence() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        try talk.subscribe("a@example.org") { $0.filter = "cpu.user > 90" }
        _ = try talk.publish(["user": "50"])
        let arrival = try talk.talk.arrive("a@example.org/1", wanting: [SelectionConversation.cpu])
        #expect(arrival.told.isEmpty)
        #expect(try talk.publish(["user": "50"]).isEmpty)
        #expect(try talk.publish(["user": "95"]) == ["a: item current"])
    }

    @Test func sendsTheLastItemOnSubscribingOnlyIfItMatches() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        _ = try talk.publish(["user": "50", "idle": "50"])
        #expect(try talk.subscribe("a@example.org") { $0.filter = "cpu.user > 90" }.told.isEmpty)
        let other = try talk.subscribe("b@example.org") {
            $0.filter = "cpu.user < 90"
            $0.projection = "user"
        }
        #expect(other.told.map(SelectionConversation.short) == ["b: item current late"])
        #expect(other.written.first?.contains("idle") == false)
        #expect(try talk.retract() == ["b: retract current"])
    }

    @Test func readsAStoredLastItemBeforeItIsSent() throws {
        var talk = try SelectionConversation("big")
        let payload = "<a xmlns='urn:a' name='x'>\(String(repeating: "y", count: 9_000))</a>"
        _ = try talk.talk.publish("big", "1", payload)
        let wanted = try talk.subscribe("a@example.org", "big") { $0.filter = "@name = \"x\"" }
        let unwanted = try talk.subscribe("b@example.org", "big") { $0.filter = "@name = \"z\"" }
        for (outcome, count) in [(wanted, 1), (unwanted, 0)] {
            let request = try #require(outcome.loads.first)
            let loaded = request.answered(["1": Array(payload.utf8)])
            let effects = talk.talk.service.loaded(loaded, at: talk.talk.now)
            #expect(talk.talk.outcome(of: effects).told.count == count)
        }
    }

    @Test func sendsATextForPeopleToWhoWantsIt() throws {
        var talk = try SelectionConversation(SelectionConversation.cpu)
        try talk.subscribe("a@example.org") { $0.includesBody = true }
        try talk.subscribe("a@example.org") { $0.filter = "cpu.user > 90" }
        try talk.subscribe("b@example.org") { $0.filter = "cpu.user > 90" }
        let payload = SelectionConversation.sample(["user": "95"], level: "warning")
        let written = try talk.talk.publish(SelectionConversation.cpu, "1", payload).written
        #expect(written.count == 2)
        // XEP-0060 §12.7: with all of an address, where one of them wants it.
        let withText = written.filter { $0.contains("<body>host cpu (warning): user 95</body>") }
        #expect(withText.count == 1)
        #expect(withText.first?.contains("s1</header>") == true)
        #expect(withText.first?.contains("s2</header>") == true)
    }
}
