import Testing
import XMPP

@testable import Transport

@Suite struct BackOffTests {
    @Test func doublesItsBoundUpToTheLongest() {
        var backOff = BackOff()
        let waits = (0..<9).map { _ in backOff.wait(random: 1) }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { Duration.seconds($0) })
    }

    @Test func spreadsOverTheWholeBound() {
        var backOff = BackOff()
        #expect(backOff.wait(random: 0.5) == .milliseconds(500))
        #expect(backOff.wait(random: 0.25) == .milliseconds(500))
        #expect(backOff.wait(random: 0) == .milliseconds(50))
    }

    @Test func startsOverAfterASuccess() {
        var backOff = BackOff()
        for _ in 0..<5 { _ = backOff.wait(random: 1) }
        backOff.reset()
        #expect(backOff.wait(random: 1) == .seconds(1))
    }

    @Test(arguments: [-1.0, 2.0, .nan, .infinity])
    func staysInBoundsWhateverTheChance(random: Double) {
        var backOff = BackOff()
        let wait = backOff.wait(random: random)
        #expect(wait >= .milliseconds(50) && wait <= .seconds(1))
    }
}

@Suite struct PendingRequestsTests {
    let own = JID(normalizedLocal: "juliet", domain: "example.org", resource: "balcony")
    let other = JID(normalizedLocal: "mallory", domain: "example.org", resource: "x")

    private func matches(from: JID?, asked: JID?) -> PendingRequests.Match {
        var requests = PendingRequests()
        _ = requests.add(id: "a", to: asked, deadlineNanoseconds: 10) { _ in }
        return requests.match(Stanza(.iq, type: "result", id: "a", from: from), own: own)
    }

    private func isAnswer(from: JID?, asked: JID?) -> Bool {
        if case .answers = matches(from: from, asked: asked) { return true }
        return false
    }

    @Test func takesAnswersFromWhomItAsked() {
        let server = JID(normalizedLocal: nil, domain: "example.org")
        #expect(isAnswer(from: other, asked: other))
        #expect(isAnswer(from: nil, asked: nil))
        #expect(isAnswer(from: own.bare, asked: nil))
        #expect(isAnswer(from: own, asked: nil))
        #expect(isAnswer(from: server, asked: nil))
        #expect(isAnswer(from: nil, asked: own.bare))
        #expect(isAnswer(from: server, asked: server))
    }

    @Test func ignoresAnswersFromAnybodyElse() {
        for asked in [nil, own.bare, JID(normalizedLocal: "romeo", domain: "example.net")] {
            #expect(!isAnswer(from: other, asked: asked))
        }
        #expect(!isAnswer(from: nil, asked: other))
        #expect(!isAnswer(from: other.bare, asked: other))
    }

    @Test func leavesUnknownAnswersToOthers() {
        var requests = PendingRequests()
        guard case .unknown = requests.match(Stanza(.iq, type: "result", id: "b"), own: own) else {
            Issue.record("matched")
            return
        }
    }

    @Test func givesUpInTime() {
        var requests = PendingRequests()
        _ = requests.add(id: "a", to: nil, deadlineNanoseconds: 10) { _ in }
        _ = requests.add(id: "b", to: nil, deadlineNanoseconds: 20) { _ in }
        #expect(requests.expired(atNanoseconds: 9).isEmpty)
        #expect(requests.expired(atNanoseconds: 10).count == 1)
        #expect(requests.expired(atNanoseconds: nil).count == 1)
        #expect(requests.isEmpty)
    }

    @Test func refusesMoreThanItCanKeep() {
        var requests = PendingRequests()
        for number in 0..<PendingRequests.most {
            #expect(requests.add(id: "\(number)", to: nil, deadlineNanoseconds: 1) { _ in })
        }
        #expect(!requests.add(id: "one more", to: nil, deadlineNanoseconds: 1) { _ in })
    }
}
