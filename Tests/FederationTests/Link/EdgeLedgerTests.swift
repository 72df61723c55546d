import Testing
import XMPP

@testable import Federation

@Suite("Link, the edge's ledger")
struct EdgeLedgerTests {
    private let now = Instant(milliseconds: 1_000_000)

    private func ledger(_ limits: LinkLimits = LinkLimits()) -> EdgeLedger {
        EdgeLedger(gate: .from { $0 == "here.example" }, limits: limits, now: now)
    }

    /// One that is up and has read that many stanzas.
    private func running(_ stanzas: Int = 0, _ limits: LinkLimits = LinkLimits()) -> EdgeLedger {
        var ledger = ledger(limits)
        _ = ledger.connected(to: "router-1", now: now)
        _ = ledger.received(LinkMessage.state(LinkState(session: 1)).element)
        for id in 0..<stanzas { _ = ledger.received(outgoing(id).element) }
        return ledger
    }

    private func outgoing(_ id: Int = 1) -> Stanza {
        .linked(id, from: "user@here.example/a", to: "friend@there.example")
    }

    private func incoming(_ id: Int = 1) -> Stanza {
        .linked(id, from: "friend@there.example", to: "user@here.example")
    }

    @Test func letsNothingBeWrittenBeforeTheRouterKnows() {
        var ledger = running(3)
        ledger.declare(1)
        ledger.declare(3)
        ledger.declare(3)
        let fates = LinkFates(written: LinkRanges([1, 3]))
        #expect(ledger.report() == [.write(.fates(fates))])
        #expect(ledger.report() == [])
        #expect(ledger.received(LinkMessage.read(0).element) == [])
        #expect(ledger.received(LinkMessage.read(1).element) == [.release([1, 3])])
        ledger.settled(1)
        ledger.unknown(3)
        ledger.settled(3)
        let last = LinkFates(settled: LinkRanges([1]), unknown: LinkRanges([3]))
        #expect(ledger.report() == [.write(.fates(last))])
        #expect(ledger.counters.underWay == 1)
    }

    @Test func leavesToTheNextProcessWhatItHasNotWritten() {
        var ledger = running(4)
        ledger.declare(1)
        ledger.declare(2)
        _ = ledger.report()
        _ = ledger.received(LinkMessage.read(1).element)
        ledger.declare(3)
        // Released, to be declared, and never declared.
        for ticket: UInt64 in [1, 3, 4] { ledger.leave(ticket) }
        let fates = LinkFates(unwritten: LinkRanges([1]))
        #expect(ledger.report() == [.write(.fates(fates))])
        #expect(!ledger.mayWrite(1))
        #expect(ledger.mayWrite(2))
    }

    @Test func releasesNothingThatItLeaves() {
        var ledger = running(2)
        ledger.declare(1)
        ledger.declare(2)
        _ = ledger.report()
        ledger.leave(2)
        #expect(ledger.received(LinkMessage.read(1).element) == [.release([1])])
    }

    @Test func declaresNothingThatIsSettledAlready() {
        var ledger = running(2)
        ledger.declare(1)
        ledger.settled(1)
        ledger.declare(2)
        let error = StanzaError(.remoteServerNotFound)
        #expect(ledger.returned([2], error) == [.write(.returned(LinkRanges([2]), error))])
        #expect(ledger.returned([2, 7], error) == [])
        let fates = LinkFates(settled: LinkRanges([1]))
        #expect(ledger.report() == [.write(.fates(fates))])
    }

    @Test func saysToThePeersWhatTheRouterHas() {
        var ledger = running()
        for position in 1...3 as ClosedRange<UInt64> {
            let peer = PeerID(position == 2 ? 8 : 7)
            let origin = LinkOrigin(peer, position: position)
            _ = ledger.offer(incoming(), from: origin, now: now)
        }
        let first = ledger.received(LinkMessage.read(1).element)
        #expect(first == [.handled([LinkOrigin(PeerID(7), position: 1)])])
        let others = [LinkOrigin(PeerID(7), position: 3), LinkOrigin(PeerID(8), position: 2)]
        #expect(ledger.received(LinkMessage.read(3).element) == [.handled(others)])
        #expect(ledger.counters.settled == 3)
    }

    /// Two configurations that differ are no reason to end the link.
    @Test(arguments: ["user@elsewhere.example", "friend@there.example", nil])
    func givesBackWhatItDoesNotServe(_ from: String?) {
        var ledger = running()
        var element = outgoing().element
        element["from"] = from
        let steps = ledger.received(element)
        #expect(steps.text.contains("<returned xmlns='urn:lapwing:link:0' stanzas='1'>"))
        #expect(steps.error == nil)
        #expect(ledger.counters.violations == 1)
        #expect(ledger.counters.underWay == 0)
    }

    @Test func servesComponentsWithWhatIsForThem() throws {
        var ledger = EdgeLedger(gate: .to { $0 == "bot.here.example" }, now: now)
        _ = ledger.connected(to: "router-1", now: now)
        _ = ledger.received(LinkMessage.state(LinkState(session: 1)).element)
        let stanza = Stanza.linked(1, from: "a@there.example", to: "bot.here.example")
        let expected = [try LinkStep.deliver(stanza, ticket: 1)]
        #expect(ledger.received(stanza.element) == expected)
        #expect(ledger.received(outgoing().element).text.contains("returned"))
    }

    @Test func keepsNoMoreOfPeersThanItMay() {
        var ledger = running(0, LinkLimits(stanzas: 2))
        _ = ledger.offer(incoming(1), from: nil, now: now)
        #expect(!ledger.isFull)
        _ = ledger.offer(incoming(2), from: nil, now: now)
        #expect(ledger.isFull)
        guard case .bounce(_, let error)? = ledger.offer(incoming(3), from: nil, now: now).first
        else {
            Issue.record("it was taken")
            return
        }
        #expect(error.condition == .resourceConstraint)
        _ = ledger.received(LinkMessage.read(1).element)
        #expect(!ledger.isFull)
    }

    @Test func takesNoMoreFromTheRouterThanThereMayBe() {
        var ledger = running(LinkLimits.stanzasMost)
        let before = ledger.counters
        #expect(ledger.received(outgoing().element).error == .resourceConstraint)
        #expect(ledger.counters == before)
        ledger.settled(1)
        #expect(ledger.received(outgoing().element).error == nil)
    }

    @Test func givesBackToPeersWhatHasWaitedForAMinute() {
        var ledger = ledger()
        _ = ledger.offer(incoming(1), from: nil, now: now)
        #expect(ledger.deadline == now + .seconds(60))
        #expect(ledger.tick(now: now + .seconds(59)) == [])
        var head = incoming(1)
        head.children = []
        let steps = ledger.tick(now: now + .seconds(60))
        #expect(steps == [.bounce(head, EdgeLedger.absence)])
        #expect(ledger.deadline == nil)
    }

    @Test(arguments: ["3", "18446744073709551615", "18446744073709551616", "-1", "", nil])
    func endsWithARouterThatHasReadWhatWasNotSent(_ count: String?) {
        var ledger = running()
        _ = ledger.offer(incoming(1), from: nil, now: now)
        _ = ledger.offer(incoming(2), from: nil, now: now)
        var element = LinkMessage.element("read")
        element["count"] = count
        #expect(ledger.received(element).error == .badFormat)
        #expect(ledger.counters.waiting == 2)
    }

    @Test func endsWithARouterThatHasReadLessThanBefore() {
        var ledger = running()
        _ = ledger.offer(incoming(1), from: nil, now: now)
        _ = ledger.received(LinkMessage.read(1).element)
        #expect(ledger.received(LinkMessage.read(0).element).error == .badFormat)
        _ = ledger.connected(to: "router-1", now: now)
        let state = LinkState(session: 1, read: 0)
        #expect(ledger.received(LinkMessage.state(state).element).error == .badFormat)
    }

    /// Three stanzas were read, of which the first is released.
    @Test(arguments: ["4", "1", "1-3", "2-18446744073709551615"])
    func endsWithARouterThatTakesBackWhatItCannot(_ withdrawn: String) throws {
        var ledger = running(3)
        ledger.declare(1)
        _ = ledger.report()
        _ = ledger.received(LinkMessage.read(1).element)
        _ = ledger.connected(to: "router-1", now: now)
        let ranges = try #require(LinkRanges(withdrawn))
        let state = LinkState(session: 1, read: 1, withdrawn: ranges)
        #expect(ledger.received(LinkMessage.state(state).element).error == .badFormat)
        #expect(ledger.counters.underWay == 3)
    }

    @Test func endsWithReportsOutOfTheirTurn() {
        var ledger = ledger()
        _ = ledger.connected(to: "router-1", now: now)
        #expect(ledger.received(outgoing().element).error == .notAuthorized)
        #expect(ledger.received(LinkMessage.read(0).element).error == .badFormat)
        let none = LinkState(session: nil)
        #expect(ledger.received(LinkMessage.state(none).element).error == .badFormat)
        let ahead = LinkState(session: 1, read: 1)
        #expect(ledger.received(LinkMessage.state(ahead).element).error == .badFormat)
        var up = running()
        #expect(up.received(LinkMessage.started.element).error == .badFormat)
        #expect(up.received(LinkMessage.fates(LinkFates()).element).error == .badFormat)
    }

    /// Nobody else can still send on what a router that is gone had handed over.
    @Test func writesWhatARouterThatWasRestartedHadHandedOver() throws {
        var ledger = running(2)
        ledger.declare(2)
        _ = ledger.report()
        _ = ledger.connected(to: "router-2", now: now)
        let steps = ledger.received(LinkMessage.state(LinkState(session: 1)).element)
        #expect(steps == [.release([1, 2]), .write(.started)])
        // Its reports would be for nobody.
        ledger.settled(1)
        #expect(ledger.report() == [])
        // The next router's first stanza is another one.
        let expected = [try LinkStep.deliver(outgoing(5), ticket: 3)]
        #expect(ledger.received(outgoing(5).element) == expected)
        ledger.settled(3)
        let fates = LinkFates(settled: LinkRanges([1]))
        #expect(ledger.report() == [.write(.fates(fates))])
    }
}
