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
        ledger.succeeded(pair("192.0.2.1"), at: start)
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

    // MARK: Addresses

    /// A ledger like a client listener's, with one free attempt of a name and `free` of an address.
    private func spraying(_ free: Int) -> AttemptLedger {
        var limits = limits
        limits.wrongOfAddress = free
        limits.pairs = 100
        return AttemptLedger(limits)
    }

    private func name(_ number: Int) -> JID {
        JID(normalizedLocal: "user\(number)", domain: "example.org")
    }

    /// One secret in many names: past so many one a second is listened to.
    @Test func keepsAddressesToAPace() {
        var ledger = spraying(5)
        for number in 0..<5 {
            let one = pair("192.0.2.1", name(number))
            #expect(ledger.begin(one, at: start) == .go)
            ledger.failed(one, at: start)
        }
        let next = pair("192.0.2.1", name(5))
        #expect(ledger.begin(next, at: start) == .addressWaits(.seconds(1), isFirst: true))
        let later = start + .milliseconds(300)
        #expect(ledger.begin(next, at: later) == .addressWaits(.milliseconds(700), isFirst: false))
        #expect(ledger.begin(pair("192.0.2.2", name(5)), at: start) == .go)
        let second = start + .seconds(1)
        #expect(ledger.begin(next, at: second) == .go)
        ledger.failed(next, at: second)
        let again = pair("192.0.2.1", name(6))
        #expect(ledger.begin(again, at: second) == .addressWaits(.seconds(1), isFirst: false))
        // All of it is forgotten, one a second.
        #expect(ledger.begin(again, at: second + .seconds(5)) == .go)
        #expect(ledger.addressCount == 0)
    }

    /// Those behind the same address who have been there before are not held up.
    @Test func letsInWhoHasBeenRightThere() {
        var ledger = spraying(5)
        let known = pair("192.0.2.1", name(100))
        #expect(ledger.begin(known, at: start) == .go)
        ledger.succeeded(known, at: start)
        // For as long as the memory has room.
        let now = start + limits.memory * 3
        for number in 0..<5 { ledger.failed(pair("192.0.2.1", name(number)), at: now) }
        #expect(ledger.begin(pair("192.0.2.1", name(5)), at: now) != .go)
        for _ in 0..<3 { #expect(ledger.begin(known, at: now) == .go) }
        // Guesses for that name are counted as ever, and it is known there alone.
        #expect(ledger.begin(known, at: now) == .wait(.seconds(1), isFirst: true))
    }

    /// Attempts that wait for their verdict do not count: a whole site may come back at once.
    @Test func letsASiteComeBack() {
        var ledger = spraying(5)
        for number in 0..<50 {
            #expect(ledger.begin(pair("192.0.2.1", name(number)), at: start) == .go)
        }
    }

    /// Thousands that were begun at once shut nobody out for longer than the longest pause.
    @Test func endsThePauseOfAnAddress() {
        var ledger = spraying(5)
        for number in 0..<1000 { ledger.failed(pair("192.0.2.1", name(number)), at: start) }
        let next = pair("192.0.2.1", name(0))
        let longest = limits.longestPause + limits.pace
        #expect(ledger.begin(next, at: start) == .addressWaits(longest, isFirst: true))
        #expect(ledger.begin(next, at: start + longest) == .go)
    }

    @Test func remembersSoManyAddresses() {
        var ledger = spraying(5)
        for number in 0..<1000 {
            let address = "192.0.\(number / 250).\(number % 250)"
            ledger.failed(pair(address), at: start + .seconds(Int64(number)))
            #expect(ledger.addressCount <= 100)
        }
        #expect(ledger.addressCount >= 50)
    }

    // MARK: Networks

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
