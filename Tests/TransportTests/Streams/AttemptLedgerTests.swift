import NIOCore
import Testing
import XMPP

@testable import Transport

/// Who has been wrong too often, in virtual time.
@Suite struct AttemptLedgerTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private let name = JID(normalizedLocal: nil, domain: "gateway.example.org")
    private let limits: AttemptLimits = {
        var limits = AttemptLimits()
        limits.free = 3
        limits.firstPause = .seconds(1)
        limits.longestPause = .seconds(10)
        limits.memory = .minutes(10)
        limits.pairs = 8
        return limits
    }()

    private func pair(_ address: String, _ name: JID? = nil) -> AttemptLedger.Pair {
        .init(network: AttemptLedger.network(of: address), name: name ?? self.name)
    }

    /// A ledger in which that address has had all its free attempts.
    private func exhausted(_ address: String) -> AttemptLedger {
        var ledger = AttemptLedger(limits)
        for _ in 0..<3 { #expect(ledger.begin(pair(address), at: start) == .go) }
        return ledger
    }

    @Test func pausesAfterTheFreeOnes() {
        var ledger = exhausted("192.0.2.1")
        let one = pair("192.0.2.1")
        #expect(ledger.begin(one, at: start) == .wait(.seconds(1), isFirst: true))
        // It is told once in a log, and asking does not make it longer.
        let later = start + .milliseconds(400)
        #expect(ledger.begin(one, at: later) == .wait(.milliseconds(600), isFirst: false))
        #expect(ledger.begin(one, at: start + .seconds(1)) == .go)
    }

    @Test func pausesLongerEachTime() {
        var ledger = exhausted("192.0.2.1")
        let one = pair("192.0.2.1")
        var now = start
        var pauses: [TimeAmount] = []
        for _ in 0..<70 {
            guard case .wait(let left, isFirst: true) = ledger.begin(one, at: now) else {
                Issue.record("no pause")
                return
            }
            pauses.append(left)
            now = now + left
            #expect(ledger.begin(one, at: now) == .go)
        }
        #expect(Array(pauses.prefix(5)) == [1, 2, 4, 8, 10].map { TimeAmount.seconds($0) })
        #expect(pauses.last == .seconds(10))
    }

    /// An attacker shuts nobody else out, and one component's trouble is not another's.
    @Test func holdsUpNobodyElse() {
        var ledger = exhausted("192.0.2.1")
        #expect(ledger.begin(pair("192.0.2.2"), at: start) == .go)
        let other = JID(normalizedLocal: nil, domain: "other.example.org")
        #expect(ledger.begin(pair("192.0.2.1", other), at: start) == .go)
        #expect(ledger.begin(pair("192.0.2.1"), at: start) != .go)
    }

    @Test func forgivesWhoWasRight() {
        var ledger = exhausted("192.0.2.1")
        ledger.succeeded(pair("192.0.2.1"))
        #expect(ledger.count == 0)
        #expect(ledger.begin(pair("192.0.2.1"), at: start) == .go)
    }

    /// Attempts that are all begun before the first is judged count too.
    @Test func countsFromTheBeginning() {
        var ledger = AttemptLedger(limits)
        let answers = (0..<100).map { _ in ledger.begin(pair("192.0.2.1"), at: start) }
        #expect(answers.filter { $0 == .go }.count == 3)
    }

    @Test func forgetsAfterAWhile() {
        var ledger = exhausted("192.0.2.1")
        let later = start + limits.memory
        for _ in 0..<3 { #expect(ledger.begin(pair("192.0.2.1"), at: later) == .go) }
        #expect(ledger.begin(pair("192.0.2.1"), at: later) != .go)
    }

    @Test func remembersSoMany() {
        var ledger = AttemptLedger(limits)
        for number in 0..<100 {
            _ = ledger.begin(pair("192.0.2.\(number)"), at: start + .seconds(Int64(number)))
            #expect(ledger.count <= limits.pairs)
        }
        // Those that tried last are still known.
        #expect(ledger.count >= limits.pairs / 2)
    }

    /// One who has a network of IPv6 addresses has one set of attempts.
    @Test(arguments: [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ("192.0.2.1", "192.0.2.2", false),
        // As a listener on all addresses of both families tells of IPv4.
        ("::ffff:192.0.2.1", "192.0.2.1", true),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
    ])
    func countsNetworks(_ one: String, _ other: String, _ areOne: Bool) {
        #expect((AttemptLedger.network(of: one) == AttemptLedger.network(of: other)) == areOne)
    }
}
