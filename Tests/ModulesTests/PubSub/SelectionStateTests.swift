import Telemetry
import Testing
import XMPP

@testable import Modules

// What subscribers get that depends on what they were sent before (docs/protocol.md, filters).
@Suite struct SelectionStateTests {
    private static let cpu = SelectionConversation.cpu

    // MARK: on-change

    @Test(arguments: [
        (SubscriptionOptions.Change.enter, [false, true, false, false, false, true]),
        (.leave, [false, false, false, true, false, false]),
        (.both, [false, true, false, true, false, true]),
    ])
    func tellsOnlyOfChanges(_ change: SubscriptionOptions.Change, _ told: [Bool]) throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") {
            $0.filter = "cpu.user > 90"
            $0.change = change
        }
        for (value, isTold) in zip([50, 95, 96, 50, 51, 95], told) {
            #expect(try talk.publish(["user": "\(value)"]) == (isTold ? ["a: item current"] : []))
        }
    }

    @Test func carriesTheItemAsItIsWhenItCeasesToMatch() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") {
            $0.filter = "cpu.user > 90"
            $0.change = .leave
        }
        _ = try talk.publish(["user": "95"])
        let payload = SelectionConversation.sample(["user": "7"])
        let written = try talk.talk.publish(Self.cpu, "current", payload).written
        #expect(written.first?.contains("<v n='user'>7</v>") == true)
    }

    @Test func leavesByRetract() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") {
            $0.filter = "cpu.user > 90"
            $0.change = .leave
        }
        _ = try talk.publish(["user": "95"], id: "1")
        _ = try talk.publish(["user": "5"], id: "2")
        #expect(try talk.retract("2").isEmpty)
        #expect(try talk.retract("1") == ["a: retract 1"])
    }

    @Test func takesTheItemOnSubscribingForOneThatEntered() throws {
        var talk = try SelectionConversation(Self.cpu)
        _ = try talk.publish(["user": "95"])
        let first = try talk.subscribe("a@example.org") {
            $0.filter = "cpu.user > 90"
            $0.change = .both
        }
        #expect(first.told.count == 1)
        let silent = try talk.subscribe("b@example.org") {
            $0.filter = "cpu.user > 90"
            $0.change = .leave
        }
        #expect(silent.told.isEmpty)
        #expect(try talk.publish(["user": "96"]).isEmpty)
        #expect(try talk.publish(["user": "1"]) == ["a: item current", "b: item current"])
    }

    // MARK: deadband

    @Test func sendsNoMoveThatIsSmallerThanTheBand() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") { $0.deadband = "cpu.user 2" }
        let told = ["a: item current"]
        #expect(try talk.publish(["user": "50", "idle": "1"]) == told)
        #expect(try talk.publish(["user": "51.9", "idle": "9"]).isEmpty)
        #expect(try talk.publish(["user": "48.1"]).isEmpty)
        // Measured from what was sent, so that it can't creep away.
        #expect(try talk.publish(["user": "52"]) == told)
        #expect(try talk.publish(["user": "50.5"]).isEmpty)
        #expect(try talk.publish(["user": "50.5"], level: "warning") == told)
        #expect(try talk.publish(["idle": "1"], level: "warning") == told)
    }

    @Test func measuresEachInstanceByItself() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") { $0.deadband = "cpu.busy[*] 10" }
        func publish(_ first: Int, _ second: Int) throws -> Int {
            try talk.publish(
                instances: ["0": ["busy": "\(first)"], "1": ["busy": "\(second)"]]
            ).count
        }
        #expect(try publish(0, 50) == 1)
        #expect(try publish(9, 41) == 0)
        #expect(try publish(9, 40) == 1)
        #expect(try publish(0, 40) == 0)
    }

    @Test func sendsItemsWithoutANumberThatHasABand() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") { $0.deadband = "disk.used 2" }
        #expect(try talk.publish(["user": "50"]).count == 1)
        #expect(try talk.publish(["user": "50"]).count == 1)
    }

    @Test func takesPercentagesOfTheRangeInTheHostsMeta() throws {
        var talk = try SelectionConversation(Self.cpu, "urn:lapwing:1#meta")
        try talk.subscribe("a@example.org") { $0.deadband = "cpu.user 10%" }
        // Of a range that is not known no move is small.
        #expect(try talk.publish(["user": "50"]).count == 1)
        #expect(try talk.publish(["user": "50"]).count == 1)
        for (range, small, large) in [(0.0...200.0, "69", "70"), (0.0...20.0, "71", "73")] {
            let meta = Meta(
                at: talk.talk.now,
                agent: "1",
                boot: "b",
                interval: 1,
                heartbeat: 60,
                metrics: [MetricDescription(.cpu, "user", range: range)]
            )
            talk.talk.now = talk.talk.now + .seconds(1)
            _ = try talk.talk.publish(
                "urn:lapwing:1#meta",
                "current",
                String(decoding: meta.element.serialized(), as: UTF8.self)
            )
            #expect(try talk.publish(["user": small]).isEmpty)
            #expect(try talk.publish(["user": large]).count == 1)
        }
    }

    // MARK: quiet

    @Test func letsOnlyWhatIsCriticalPassInQuietHours() throws {
        var talk = try SelectionConversation(Self.cpu)
        // The conversation begins at 22:13:20 UTC.
        try talk.subscribe("a@example.org") { $0.quiet = "22:00-23:00Z" }
        #expect(try talk.publish(["user": "50"], level: "warning").isEmpty)
        #expect(try talk.publish(["user": "50"], level: "critical").count == 1)
        talk.talk.now = talk.talk.now + .seconds(3_600)
        #expect(try talk.publish(["user": "50"]).count == 1)
    }

    // MARK: min-interval

    @Test func sendsTheNewestOnceTheIntervalIsOver() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") { $0.minimumIntervalMilliseconds = 1_000 }
        #expect(try talk.publish(["user": "1"]).count == 1)
        talk.talk.now = talk.talk.now + .milliseconds(100)
        #expect(try talk.publish(["user": "2"]).isEmpty)
        #expect(try talk.publish(["user": "3"]).isEmpty)
        // Another item has an interval of its own.
        #expect(try talk.publish(["user": "3"], id: "other") == ["a: item other"])
        #expect(talk.wait(899) == [String]())
        let due: NodesConversation.Outcome = talk.wait(1)
        #expect(due.told.map(SelectionConversation.short) == ["a: item current"])
        #expect(due.written.first?.contains("<v n='user'>3</v>") == true)
        #expect(talk.wait(10_000) == [String]())
        #expect(try talk.publish(["user": "4"]).count == 1)
    }

    @Test func asksToBeWokenForWhatIsHeldBack() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") { $0.minimumIntervalMilliseconds = 1_000 }
        _ = try talk.publish(["user": "1"])
        let payload = SelectionConversation.sample(["user": "2"])
        let outcome = try talk.talk.publish(Self.cpu, "current", payload)
        #expect(outcome.wakes == [talk.talk.now + .seconds(1)])
    }

    @Test func supersedesWhatIsHeldBackByTheEndOfTheItem() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") { $0.minimumIntervalMilliseconds = 1_000 }
        for end in ["retract", "purge"] {
            _ = try talk.publish(["user": "1"])
            _ = try talk.publish(["user": "2"])
            if end == "retract" {
                #expect(try talk.retract() == ["a: retract current"])
            } else {
                let purge = try talk.talk.set("#<purge node='\(Self.cpu)'/>").told
                #expect(purge.map(SelectionConversation.short) == ["a: purge"])
            }
            #expect(talk.wait(5_000) == [String]())
        }
    }

    @Test func dropsWhatIsHeldBackWithTheSubscription() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") { $0.minimumIntervalMilliseconds = 1_000 }
        _ = try talk.publish(["user": "1"])
        _ = try talk.publish(["user": "2"])
        try talk.remove("s1", of: "a@example.org")
        #expect(talk.wait(5_000) == [String]())
        #expect(talk.talk.service.selections.count == 0)
    }

    @Test func doesNotSendWhatWasHeldBackToWhoMayNotHaveItAnyMore() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") { $0.minimumIntervalMilliseconds = 1_000 }
        _ = try talk.publish(["user": "1"])
        _ = try talk.publish(["user": "2"])
        _ = try talk.talk.affiliate("a@example.org", Self.cpu, "outcast")
        #expect(talk.wait(5_000) == [String]())
    }

    @Test func sendsWhatWasHeldBackAlsoAfterTheOptionsAreOthers() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") { $0.minimumIntervalMilliseconds = 1_000 }
        _ = try talk.publish(["user": "1"])
        _ = try talk.publish(["user": "2"])
        talk.set(SubscriptionRecord(id: "s1", jid: try JID("a@example.org")))
        #expect(talk.wait(1_000) == ["a: item current"])
    }

    @Test func namesAllSubscriptionsForWhichTheSameIsDueInOneMessage() throws {
        var talk = try SelectionConversation(Self.cpu)
        for _ in 1...2 {
            try talk.subscribe("a@example.org") { $0.minimumIntervalMilliseconds = 1_000 }
        }
        _ = try talk.publish(["user": "1"])
        _ = try talk.publish(["user": "2"])
        let written = (talk.wait(1_000) as NodesConversation.Outcome).written
        #expect(written.count == 1)
        #expect(written.first?.contains("s1</header>") == true)
        #expect(written.first?.contains("s2</header>") == true)
    }

    @Test func sendsAtOnceWhatThereIsNoRoomToHoldBack() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") { $0.minimumIntervalMilliseconds = 1_000 }
        let count = PubSubLimits.heldBytesMaximum / 60_000
        let text = String(repeating: "x", count: 60_000)
        var told: [Int] = []
        for index in 0...count {
            let payload = "<a xmlns='urn:a'>\(text)</a>"
            _ = try talk.talk.publish(Self.cpu, "\(index)", payload)
            told.append(try talk.talk.publish(Self.cpu, "\(index)", payload).told.count)
        }
        #expect(told == Array(repeating: 0, count: count) + [1])
        #expect((talk.wait(1_000) as [String]).count == count)
    }

    // MARK: digest

    @Test func gathersItemsAndSendsThemTogether() throws {
        var talk = try SelectionConversation(Self.cpu, "other")
        try talk.subscribe("a@example.org") {
            $0.isDigest = true
            $0.digestMilliseconds = 10_000
        }
        #expect(try talk.publish(["user": "1"], id: "1").isEmpty)
        talk.talk.now = talk.talk.now + .seconds(5)
        #expect(try talk.publish(["user": "2"], id: "2").isEmpty)
        #expect(try talk.publish(["user": "3"], id: "gone").isEmpty)
        #expect(try talk.publish(["user": "4"], id: "1").isEmpty)
        #expect(try talk.retract("gone").isEmpty)
        #expect(talk.wait(4_999) == [String]())
        #expect(talk.wait(1) == ["a: items 2 1"])
        #expect(talk.wait(60_000) == [String]())
        #expect(try talk.publish(["user": "5"], id: "3").isEmpty)
        #expect(talk.wait(10_000) == ["a: item 3"])
    }
}
