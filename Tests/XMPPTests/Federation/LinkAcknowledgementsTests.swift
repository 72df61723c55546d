import Testing

@testable import XMPP

@Suite struct LinkAcknowledgementsTests {
    private static func acknowledgement(_ count: String) -> Element {
        var element = Element("a", Namespace.streamManagement)
        element["h"] = count
        return element
    }

    private static func element(_ name: String) -> Element {
        Element(name, Namespace.streamManagement)
    }

    /// Those of the side that opened the stream.
    private func on() throws -> LinkAcknowledgements {
        var link = LinkAcknowledgements()
        #expect(link.enable() == Self.element("enable"))
        _ = try link.received(Self.element("enabled"), mayEnable: false)
        #expect(link.areOn)
        return link
    }

    @Test func countsWhatIsAcknowledged() throws {
        var link = try on()
        _ = link.wrote(5)
        #expect(link.remainder == .unacknowledged(5))
        #expect(try link.received(Self.acknowledgement("3"), mayEnable: false) == .settled(3))
        #expect(try link.received(Self.acknowledgement("3"), mayEnable: false) == .settled(0))
        #expect(link.remainder == .unacknowledged(2))
        #expect(try link.received(Self.acknowledgement("5"), mayEnable: false) == .settled(2))
        #expect(link.remainder == .none)
    }

    @Test func countsAroundTwoToTheThirtyTwo() throws {
        var link = try on()
        // A peer acknowledges at the latest when half of the circle is sent.
        let half = 1 << 31
        for _ in 0..<3 {
            _ = link.wrote(half)
            let count = UInt32(truncatingIfNeeded: link.sent)
            let step = try link.received(Self.acknowledgement("\(count)"), mayEnable: false)
            #expect(step == .settled(half))
        }
        _ = link.wrote(7)
        let count = UInt32(truncatingIfNeeded: link.sent - 2)
        #expect(
            try link.received(Self.acknowledgement("\(count)"), mayEnable: false) == .settled(5)
        )
        #expect(link.remainder == .unacknowledged(2))
    }

    @Test func saysItsOwnCountAroundTwoToTheThirtyTwo() throws {
        var link = try on()
        link.read((1 << 32) + 4)
        link.handle(through: (1 << 32) + 3)
        let step = try link.received(Self.element("r"), mayEnable: false)
        #expect(step == .send(Self.acknowledgement("3")))
    }

    @Test(arguments: ["4", "4294967295", "2"])
    func endsWithAPeerThatCountsTooMuch(_ count: String) throws {
        var link = try on()
        _ = link.wrote(3)
        _ = try link.received(Self.acknowledgement("3"), mayEnable: false)
        let error = #expect(throws: StreamError.self) {
            try link.received(Self.acknowledgement(count), mayEnable: false)
        }
        #expect(error?.condition == .undefinedCondition)
        #expect(error?.detail?["h"] == count)
        #expect(error?.detail?["send-count"] == "3")
        #expect(error?.element.child("handled-count-too-high", Namespace.streamManagement) != nil)
    }

    @Test(arguments: [nil, "", "-1", "x", "4294967296"])
    func endsWithAPeerThatCountsInNoNumbers(_ count: String?) throws {
        var link = try on()
        var element = Self.element("a")
        element["h"] = count
        #expect(throws: StreamError(.badFormat)) {
            try link.received(element, mayEnable: false)
        }
    }

    @Test func startsToCountWhenItIsEnabled() throws {
        var link = LinkAcknowledgements()
        link.read()
        link.read()
        _ = link.wrote(4)
        let step = try link.received(Self.element("enable"), mayEnable: true)
        #expect(step == .send(Self.element("enabled")))
        #expect(
            try link.received(Self.element("r"), mayEnable: true)
                == .send(Self.acknowledgement("0"))
        )
        link.read()
        // Handled means all before it as well: not yet the third.
        link.handle(through: 2)
        #expect(link.last == Self.acknowledgement("0"))
        link.handle(through: 3)
        #expect(link.last == Self.acknowledgement("1"))
        _ = link.wrote(1)
        // One acknowledged shows that the four before it have arrived too.
        #expect(try link.received(Self.acknowledgement("1"), mayEnable: true) == .settled(5))
    }

    @Test func acknowledgesOnlyWhatIsHandled() throws {
        var link = try on()
        for _ in 0..<3 { link.read() }
        #expect(link.last == Self.acknowledgement("0"))
        link.handle(through: 2)
        link.handle(through: 1)
        #expect(link.last == Self.acknowledgement("2"))
        link.handle(through: 9)
        #expect(link.last == Self.acknowledgement("3"))
    }

    @Test func saysWhatIsOfUnknownFateWithoutThem() throws {
        var link = LinkAcknowledgements()
        #expect(link.remainder == .none)
        #expect(link.wrote(70) == false)
        #expect(link.remainder == .ofUnknownFate(70))
        link.settle(through: 60)
        #expect(link.remainder == .ofUnknownFate(10))
        link.settle(through: 50)
        link.settle(through: 1000)
        #expect(link.remainder == .none)
    }

    @Test func isOfUnknownFateWhereThePeerRefuses() throws {
        var link = LinkAcknowledgements()
        _ = link.enable()
        _ = link.wrote(2)
        #expect(link.remainder == .ofUnknownFate(2))
        _ = try link.received(Self.element("failed"), mayEnable: false)
        #expect(!link.areOn)
        #expect(link.remainder == .ofUnknownFate(2))
    }

    @Test func mixesAcknowledgementsWithOtherEvidence() throws {
        var link = try on()
        _ = link.wrote(10)
        link.settle(through: 8)
        #expect(try link.received(Self.acknowledgement("5"), mayEnable: false) == .settled(0))
        #expect(link.remainder == .unacknowledged(2))
        #expect(try link.received(Self.acknowledgement("9"), mayEnable: false) == .settled(1))
    }

    @Test func asksNowAndThen() throws {
        var link = try on()
        let each = LinkAcknowledgements.stanzasPerRequest
        #expect(link.wrote(each - 1) == false)
        #expect(link.wrote(1) == true)
        #expect(link.wrote(each - 1) == false)
        #expect(link.wrote(1) == true)
        #expect(link.request() == Self.element("r"))
        _ = try link.received(Self.acknowledgement("\(2 * each)"), mayEnable: false)
        #expect(link.request() == nil)
    }

    @Test func isFullAtItsLimit() throws {
        var link = try on()
        _ = link.wrote(LinkAcknowledgements.unacknowledgedMax - 1)
        #expect(!link.isFull)
        _ = link.wrote(1)
        #expect(link.isFull)
        _ = try link.received(Self.acknowledgement("1"), mayEnable: false)
        #expect(!link.isFull)
    }

    @Test func refusesToEnableTooEarly() throws {
        var link = LinkAcknowledgements()
        let failed = try Element.xml(
            "<failed xmlns='urn:xmpp:sm:3'>"
                + "<unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
        )
        #expect(try link.received(Self.element("enable"), mayEnable: false) == .send(failed))
        #expect(try link.received(Self.element("resume"), mayEnable: true) == .send(failed))
        #expect(!link.areOn)
    }

    @Test(arguments: ["enabled", "failed", "r", "a", "x"])
    func refusesWhatHasNoPlaceBefore(_ name: String) {
        var link = LinkAcknowledgements()
        #expect(throws: StreamError(.unsupportedStanzaType)) {
            try link.received(Self.element(name), mayEnable: true)
        }
    }

    @Test func isEnabledOnce() throws {
        var link = LinkAcknowledgements()
        _ = try link.received(Self.element("enable"), mayEnable: true)
        #expect(throws: StreamError(.unsupportedStanzaType)) {
            try link.received(Self.element("enable"), mayEnable: true)
        }
    }
}
