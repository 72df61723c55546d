import Testing
import XMPP

@testable import Federation

@Suite("Link, the router's ledger")
struct RouterLedgerTests {
    private let now = Instant(milliseconds: 1_000_000)

    private func ledger(_ limits: LinkLimits = LinkLimits()) -> RouterLedger {
        RouterLedger(gate: .others { $0 == "here.example" }, limits: limits, now: now)
    }

    /// One that is up, and has sent that many stanzas.
    private func running(_ stanzas: Int = 0, _ limits: LinkLimits = LinkLimits()) -> RouterLedger {
        var ledger = ledger(limits)
        ledger.connected(to: "edge-1", now: now)
        _ = ledger.received(LinkMessage.state(LinkState(session: nil)).element)
        _ = ledger.received(LinkMessage.started.element)
        for id in 0..<stanzas { _ = ledger.offer(outgoing(id), now: now) }
        return ledger
    }

    private func outgoing(_ id: Int = 1) -> Stanza {
        .linked(id, from: "user@here.example/a", to: "friend@there.example")
    }

    private func incoming(
        from: String = "friend@there.example",
        to: String = "user@here.example"
    ) -> Element {
        Stanza.linked(1, from: from, to: to).element
    }

    private func fates(
        written: String = "",
        settled: String = "",
        unknown: String = "",
        unwritten: String = ""
    ) throws -> Element {
        LinkMessage.fates(
            LinkFates(
                written: try #require(LinkRanges(written)),
                settled: try #require(LinkRanges(settled)),
                unknown: try #require(LinkRanges(unknown)),
                unwritten: try #require(LinkRanges(unwritten))
            )
        ).element
    }

    // MARK: What is for the next process

    @Test func sendsAgainWhatWasDeclaredAndNotWritten() throws {
        var ledger = running(3)
        #expect(ledger.received(try fates(written: "1-2")) == [])
        #expect(ledger.received(try fates(unwritten: "2")) == [])
        ledger.connected(to: "edge-2", now: now)
        let steps = ledger.received(LinkMessage.state(LinkState(session: nil)).element)
        // The one that was declared and not taken back is of unknown fate.
        #expect(steps.filter { if case .unknown = $0 { true } else { false } }.count == 1)
        #expect(ledger.received(LinkMessage.started.element).count == 2)
    }

    @Test(arguments: ["3", "1", "4-9"])
    func doesNotBelieveThatWhatWasNeverDeclaredIsUnwritten(_ numbers: String) throws {
        var ledger = running(3)
        #expect(ledger.received(try fates(written: "1-2", settled: "1")) == [])
        let steps = ledger.received(try fates(unwritten: numbers))
        #expect(steps.error == .badFormat)
    }

    // MARK: What passes

    @Test func routesTogetherWhatCameTogether() throws {
        var ledger = running()
        func input(_ id: Int) -> LinkInput {
            .element(Stanza.linked(id, from: "a@there.example", to: "b@here.example").element)
        }
        let report = LinkInput.element(LinkMessage.fates(LinkFates()).element)
        var bad = incoming()
        bad["from"] = "user@here.example"
        var steps: [LinkStep] = []
        let inputs = [input(1), input(2), report, input(3), .element(bad), input(4)]
        ledger.received(inputs, &steps)
        let ids = steps.map { step in
            if case .route(let stanzas) = step { stanzas.compactMap(\.id) } else { [String]() }
        }
        #expect(ids == [["1", "2"], ["3"], []])
        #expect(steps.error == .invalidFrom)
    }

    /// The edge has looked at no more than the domains.
    @Test func answersWhatHasAnAddressThatIsNone() throws {
        var ledger = running()
        var element = incoming()
        element["to"] = "us er@here.example"
        guard case .bounce(let head, let error)? = ledger.received(element).first else {
            throw StreamError(.badFormat)
        }
        #expect(error.condition == .jidMalformed)
        #expect(head.from?.description == "friend@there.example")
        #expect(head.to?.description == "here.example")
        element["from"] = "@there.example"
        #expect(ledger.received(element) == [])
        #expect(ledger.acknowledge() == [.write(.read(2))])
    }

    @Test func routesWhatIsNotLocal() throws {
        var ledger = running()
        let steps = ledger.received(incoming())
        let expected = [LinkStep.route([try #require(try Stanza(incoming()))])]
        #expect(steps == expected)
        #expect(ledger.acknowledge() == [.write(.read(1))])
        #expect(ledger.acknowledge() == [])
    }

    @Test(
        arguments: [
            ("user@here.example/a", "other@here.example", .invalidFrom),
            ("here.example", "other@here.example", .invalidFrom),
            // Through us to others.
            ("@here.example", "other@here.example", .invalidFrom),
            ("@there..example", "user@here.example", .improperAddressing),
        ] as [(String, String, StreamError.Condition)]
    )
    func endsWithAnEdgeThatSpeaksForOthers(
        _ from: String,
        _ to: String,
        _ condition: StreamError.Condition
    ) {
        var ledger = running()
        var element = incoming()
        element["from"] = from
        element["to"] = to
        #expect(ledger.received(element).error == condition)
        #expect(ledger.counters.violations == 1)
    }

    @Test(arguments: ["from", "to"])
    func endsWithAStanzaThatLacksAnAddress(_ name: String) {
        var ledger = running()
        var element = incoming()
        element[name] = nil
        #expect(ledger.received(element).error == .improperAddressing)
    }

    /// Or the same stanza would end every connection.
    @Test func sendsBackWhatIsForNobodyHere() {
        var ledger = running()
        let steps = ledger.received(
            incoming(from: "friend@there.example", to: "friend@third.example")
        )
        guard case .bounce(let stanza, let error)? = steps.first else {
            Issue.record("\(steps)")
            return
        }
        #expect(stanza.from?.description == "friend@there.example")
        #expect(error.condition == .remoteServerNotFound)
        #expect(ledger.counters.violations == 1)
    }

    @Test func readsNoViolationTwice() {
        var ledger = running()
        _ = ledger.received(incoming(from: "user@here.example"))
        ledger.connected(to: "edge-1", now: now)
        let steps = ledger.received(LinkMessage.state(LinkState(session: 1, read: 0)).element)
        #expect(steps == [.write(.state(LinkState(session: 1, read: 1)))])
    }

    @Test func takesFromAHostOfComponentsWhatIsItsOwn() {
        var ledger = RouterLedger(gate: .from { $0 == "bot.here.example" }, now: now)
        ledger.connected(to: "edge-1", now: now)
        _ = ledger.received(LinkMessage.state(LinkState(session: nil)).element)
        _ = ledger.received(LinkMessage.started.element)
        #expect(ledger.received(incoming(from: "a@bot.here.example")).error == nil)
        #expect(ledger.received(incoming(from: "a@chat.here.example")).error == .invalidFrom)
        #expect(ledger.received(incoming(from: "here.example")).error == .invalidFrom)
    }

    @Test(
        arguments: [
            (nil, "1", 1), ("poll", "1", 1), ("get", nil, 1), ("get", "1", 0), ("set", "1", 2),
            ("result", nil, 0),
        ] as [(String?, String?, Int)]
    )
    func endsWithAnIQThatNobodyCanAnswer(_ type: String?, _ id: String?, _ payloads: Int) {
        var ledger = running()
        var element = Element("iq", Namespace.client)
        element["from"] = "there.example"
        element["to"] = "here.example"
        element["type"] = type
        element["id"] = id
        for _ in 0..<payloads { element.append(Element("ping", Namespace.ping)) }
        #expect(ledger.received(element).error == .badFormat)
    }

    // MARK: Bounds and time

    @Test func keepsNoMoreStanzasThanItMay() {
        var ledger = running(3, LinkLimits(stanzas: 3))
        guard case .bounce(let head, let error)? = ledger.offer(outgoing(9), now: now).first else {
            Issue.record("it was taken")
            return
        }
        #expect(error.condition == .resourceConstraint)
        #expect(head.id == "9" && head.children.isEmpty)
        _ = ledger.received(LinkMessage.returned(LinkRanges([2]), error).element)
        guard case .write? = ledger.offer(outgoing(10), now: now).first else {
            Issue.record("it was not taken")
            return
        }
        #expect(ledger.counters.underWay == 3)
    }

    @Test func keepsNoMoreBytesThanItMay() {
        let bytes = outgoing(1).serialized(in: Namespace.server).count
        var ledger = ledger(LinkLimits(bytes: 2 * bytes))
        #expect(ledger.offer(outgoing(1), now: now) == [])
        #expect(ledger.offer(outgoing(2), now: now) == [])
        guard case .bounce? = ledger.offer(outgoing(3), now: now).first else {
            Issue.record("it was taken")
            return
        }
    }

    @Test func sendsNoStanzaThatTheOtherEndWouldRefuse() {
        var ledger = running()
        var long = outgoing()
        long.children = [.text(String(repeating: ">", count: LinkLimits.stanzaBytes / 4))]
        guard case .bounce(_, let error)? = ledger.offer(long, now: now).first else {
            Issue.record("it was taken")
            return
        }
        #expect(error.condition == .policyViolation)
    }

    @Test func givesBackWhatHasWaitedForAMinute() {
        var ledger = ledger()
        _ = ledger.offer(outgoing(1), now: now)
        _ = ledger.offer(outgoing(2), now: now + .seconds(10))
        #expect(ledger.deadline == now + .seconds(60))
        #expect(ledger.tick(now: now + .seconds(59)) == [])
        var head = outgoing(1)
        head.children = []
        #expect(ledger.tick(now: now + .seconds(60)) == [.bounce(head, RouterLedger.absence)])
        #expect(RouterLedger.absence.condition == .remoteServerTimeout)
        #expect(ledger.deadline == now + .seconds(70))
        #expect(ledger.counters.waiting == 1)
    }

    @Test func doesNotWaitLongerBecauseConnectionsComeToNothing() {
        var ledger = ledger()
        _ = ledger.offer(outgoing(1), now: now)
        for second in 1..<60 {
            ledger.connected(to: "edge-1", now: now + .seconds(second))
            _ = ledger.received(LinkMessage.state(LinkState(session: nil)).element)
        }
        #expect(ledger.tick(now: now + .seconds(60)).count == 1)
    }

    @Test func waitsForNothingWhileTheLinkIsUp() {
        var ledger = running(3)
        #expect(ledger.deadline == nil)
        #expect(ledger.tick(now: now + .seconds(3600)) == [])
    }

    // MARK: An edge that is wrong

    /// Four stanzas are sent, of which the first is declared and the second settled.
    @Test(arguments: [
        ("5", "", ""), ("0", "", ""), ("1-18446744073709551615", "", ""),
        ("18446744073709551615", "", ""), ("2", "", ""), ("1", "", ""), ("", "2", ""),
        ("", "5", ""), ("", "", "3"), ("", "1", "1"), ("", "3-9", ""), ("", "", "2"),
    ])
    func endsWithFatesThatCannotBeAndChangesNothing(
        _ written: String,
        _ settled: String,
        _ unknown: String
    ) throws {
        var ledger = running(4)
        #expect(ledger.received(try fates(written: "1", settled: "2")) == [])
        var element = LinkMessage.element("fates")
        element["written"] = written
        element["settled"] = settled
        element["unknown"] = unknown
        let before = ledger.counters
        #expect(ledger.received(element).error == .badFormat)
        #expect(ledger.counters == before)
        #expect(ledger.acknowledge() == [.write(.read(1))])
        // All is as it was: what was not settled still can be.
        #expect(ledger.received(try fates(settled: "1 3-4")) == [])
        #expect(ledger.counters.settled == 4)
    }

    @Test(arguments: ["4", "18446744073709551615"])
    func endsWithAnEdgeThatHasReadWhatWasNotSent(_ read: String) throws {
        var ledger = running(3)
        ledger.connected(to: "edge-1", now: now)
        var state = LinkMessage.state(LinkState(session: 1)).element
        state["read"] = read
        #expect(ledger.received(state).error == .badFormat)
        #expect(ledger.counters.underWay == 3)
    }

    @Test func endsWithAnEdgeThatHasReadLessThanItSpokeOf() throws {
        var ledger = running(3)
        #expect(ledger.received(try fates(written: "2")) == [])
        ledger.connected(to: "edge-1", now: now)
        let state = LinkMessage.state(LinkState(session: 1, read: 1)).element
        #expect(ledger.received(state).error == .badFormat)
    }

    @Test func endsWithReportsOutOfTheirTurn() throws {
        let state = LinkMessage.state(LinkState(session: nil)).element
        var up = running(1)
        #expect(up.received(state).error == .badFormat)
        #expect(up.received(LinkMessage.started.element).error == .badFormat)
        #expect(up.received(LinkMessage.read(0).element).error == .badFormat)
        #expect(up.received(LinkMessage.element("other")).error == .unsupportedStanzaType)
        var greeting = ledger()
        greeting.connected(to: "edge-1", now: now)
        #expect(greeting.received(incoming()).error == .notAuthorized)
        #expect(greeting.received(try fates(settled: "1")).error == .badFormat)
        #expect(greeting.received(LinkMessage.started.element).error == .badFormat)
        #expect(ledger().isUp == false)
    }

    @Test func hearsNothingBehindTheConnection() {
        var ledger = running()
        ledger.disconnected(now: now)
        #expect(ledger.received(incoming()) == [])
        #expect(ledger.received(LinkMessage.started.element) == [])
        #expect(ledger.acknowledge() == [])
    }

    @Test func countsWhatBecameOfItsStanzas() throws {
        var ledger = running(5)
        #expect(ledger.received(try fates(written: "1-3")) == [])
        var head = outgoing(2)
        head.children = []
        #expect(ledger.received(try fates(settled: "1", unknown: "3")) == [.unknown(head)])
        let error = StanzaError(.remoteServerNotFound)
        head = outgoing(3)
        head.children = []
        let returned = ledger.received(LinkMessage.returned(LinkRanges([4]), error).element)
        #expect(returned == [.bounce(head, error)])
        ledger.disconnected(now: now)
        _ = ledger.offer(outgoing(6), now: now)
        let counters = ledger.counters
        #expect(counters.settled == 1 && counters.unknown == 1 && counters.bounced == 1)
        #expect(counters.underWay == 2 && counters.waiting == 1)
    }

    /// It has been with another router, which may have let it write everything.
    @Test func countsAsUnknownWhatAnEdgeThatLeftHasRead() {
        var ledger = running(2)
        ledger.connected(to: "edge-1", now: now)
        let steps = ledger.received(LinkMessage.state(LinkState(session: nil)).element)
        #expect(steps.count == 3)
        #expect(ledger.counters.unknown == 2)
    }
}
