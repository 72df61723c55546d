import Testing
import XMPP

@testable import Federation

/// What becomes of stanzas that cannot be sent.
@Suite struct RemoteFailureTests {
    private let pair = RemoteDialogue.pair
    private let second = RemoteDialogue.secondPair
    private let refused = FederationFailure.unreachable("connection refused", isPermanent: false)

    // MARK: What waits

    @Test(arguments: [
        (FederationFailure.timedOut, StanzaError.Condition.remoteServerTimeout),
        (.unreachable("no such host", isPermanent: true), .remoteServerNotFound),
        (.keyDenied, .internalServerError),
    ])
    func bouncesWhatWaitedAndSaysWhyAndWhen(
        _ failure: FederationFailure,
        _ condition: StanzaError.Condition
    ) throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting(.stanza(1))
        _ = dialogue.send(.stanza(2))
        let text = "\(failure.summary) (tried at 1970-01-01T00:16:40Z)"
        let error = StanzaError(condition, text: text)
        let actions = dialogue.end(id, failure)
        #expect(actions == [.bounce(.stanza(1), error), .bounce(.stanza(2), error)])
        #expect(dialogue.table.isQuiet)
    }

    @Test func bouncesAtOnceDuringThePause() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        _ = dialogue.end(id, refused)
        _ = dialogue.pass(.seconds(1))
        let error = try #require(dialogue.send(.stanza()).bounces.first)
        #expect(error.condition == .remoteServerTimeout)
        let times = "(tried at 1970-01-01T00:16:40Z; next attempt from 1970-01-01T00:16:45Z)"
        #expect(error.text == "\(refused.summary) \(times)")
    }

    @Test func pauseIsOfAllOurDomains() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        _ = dialogue.end(id, refused)
        #expect(dialogue.send(.stanza(from: second.local)).bounces.count == 1)
    }

    @Test func triesAgainBehindThePause() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        _ = dialogue.end(id, refused)
        #expect(dialogue.pass(.seconds(5)) == [])
        #expect(dialogue.send(.stanza()).connects.count == 1)
    }

    @Test func pausesDouble() throws {
        var dialogue = RemoteDialogue { $0.backoffMost = .seconds(25) }
        for pause in [5, 10, 20, 25, 25] {
            let id = try dialogue.connecting()
            _ = dialogue.end(id, refused)
            _ = dialogue.pass(.seconds(pause) - .milliseconds(1))
            #expect(dialogue.send(.stanza()).bounces.count == 1)
            _ = dialogue.pass(.milliseconds(1))
        }
    }

    @Test func chanceShortensAPauseByAQuarterAtMost() throws {
        var dialogue = RemoteDialogue(jitter: 1)
        let id = try dialogue.connecting()
        _ = dialogue.end(id, refused)
        _ = dialogue.pass(.milliseconds(3_749))
        #expect(dialogue.send(.stanza()).bounces.count == 1)
        _ = dialogue.pass(.milliseconds(1))
        #expect(dialogue.send(.stanza()).connects.count == 1)
    }

    @Test func deadDomainCostsNothingInTheEnd() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        _ = dialogue.end(id, refused)
        #expect(dialogue.pass(.seconds(10)) == [])
        #expect(dialogue.table.domains.isEmpty)
        #expect(dialogue.table.pairs.isEmpty)
        #expect(dialogue.table.dutyCount == 0)
        #expect(dialogue.wake == nil)
    }

    @Test func domainThatComesToUsIsTriedAtOnce() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        _ = dialogue.end(id, refused)
        let theirs = dialogue.accept()
        _ = dialogue.prove(theirs, pair, .incoming)
        #expect(dialogue.send(.stanza()).connects.count == 1)
    }

    @Test func streamThatIsNotReadyInTimeFails() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        #expect(dialogue.pass(.seconds(29)) == [])
        let actions = dialogue.pass(.seconds(1))
        #expect(actions.first == .close(id, StreamError(.connectionTimeout)))
        #expect(actions.bounces.map(\.condition) == [.remoteServerTimeout])
        #expect(dialogue.end(id, .timedOut) == [])
        #expect(dialogue.table.counts.connecting == 0)
    }

    @Test func endOnTheWayIsAFailureWhateverTheReason() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        let actions = dialogue.end(id)
        #expect(actions.bounces.count == 1)
        #expect(actions.connects.isEmpty)
    }

    @Test func failureOnTheWayNeedNotWaitForTheEnd() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        let actions = dialogue.tell { $0.closing(id, .keyDenied, at: $1) }
        #expect(actions.bounces.count == 1)
        #expect(dialogue.end(id, .keyDenied) == [])
    }

    // MARK: One pair of several

    @Test func failureOfOnePairLeavesTheOthers() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        #expect(dialogue.send(.stanza(1, from: second.local)) == [])
        let actions = dialogue.end(id, .keyDenied)
        #expect(actions.bounces.count == 1)
        #expect(actions.last == .connect(PeerID(2), second, .stanzas))
        #expect(dialogue.prove(PeerID(2), second).written == [1])
        #expect(dialogue.send(.stanza()).bounces.map(\.condition) == [.internalServerError])
    }

    @Test func failureOfADomainThatIsReachedIsOfThePair() throws {
        var dialogue = RemoteDialogue()
        let shared = try dialogue.ready()
        _ = dialogue.send(.stanza(from: second.local))
        let pair = second
        let own = try dialogue.tell { $0.refused(shared, pair, .tooManyPairs, at: $1) }.connected
        #expect(dialogue.end(own, .timedOut).bounces.count == 1)
        _ = dialogue.end(shared, .closedByPeer)
        #expect(dialogue.send(.stanza(from: second.local)).bounces.count == 1)
        #expect(dialogue.send(.stanza()).connects.count == 1)
    }

    @Test func failureOfTheDomainIsOneOfAllPairs() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        _ = dialogue.send(.stanza(1, from: second.local))
        let actions = dialogue.end(id, refused)
        #expect(actions.bounces.count == 2)
        #expect(actions.connects.isEmpty)
    }

    @Test func pairOnASharedStreamThatEndsConnectsAgain() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        _ = dialogue.send(.stanza(1, from: second.local))
        let actions = dialogue.end(id, .disconnected)
        #expect(actions == [.connect(PeerID(2), second, .stanzas)])
    }

    // MARK: Limits

    @Test func blockedDomainBouncesAtOnce() throws {
        var policy = FederationPolicy()
        let isSet = policy.set(FederationPolicy.Rule(isAllowed: false), for: "two.example")
        #expect(isSet)
        var dialogue = RemoteDialogue(policy: policy)
        let departure = Departure.stanza()
        let actions = dialogue.send(departure)
        #expect(actions == [.bounce(departure, FederationFailure.blocked.bounce)])
        #expect(dialogue.table.domains.isEmpty)
    }

    @Test func stanzasOfADomainThatWaitAreLimited() throws {
        var dialogue = RemoteDialogue { $0.stanzasPerDomain = 3 }
        _ = dialogue.send(.stanza(1, from: second.local))
        let actions = dialogue.send(Departure.several(1...3))
        let error = StanzaError(
            .resourceConstraint,
            .wait,
            text: "too much waits for two.example"
        )
        #expect(actions == [.bounce(.stanza(3), error)])
        #expect(dialogue.send(.stanza(to: "three.example")).bounces.isEmpty)
    }

    @Test func bytesOfADomainThatWaitAreLimited() throws {
        var dialogue = RemoteDialogue { $0.bytesPerDomain = 256 * 1_024 }
        #expect(dialogue.send(.stanza(bytes: 100_000)).bounces.isEmpty)
        #expect(dialogue.send(.stanza(bytes: 100_000)).bounces.isEmpty)
        #expect(dialogue.send(.stanza(bytes: 100_000)).bounces.count == 1)
        #expect(dialogue.send(.stanza(bytes: 50_000)).bounces.isEmpty)
    }

    @Test func oneStanzaMayAlwaysWait() throws {
        var dialogue = RemoteDialogue { $0.bytesPerDomain = 256 * 1_024 }
        #expect(dialogue.send(.stanza(bytes: 500 * 1_024)).bounces.isEmpty)
    }

    @Test func bytesInAllAreLimitedAlsoThoseInDoubt() throws {
        var dialogue = RemoteDialogue { $0.bytes = 100_000 }
        let id = try dialogue.ready()
        _ = dialogue.send(.stanza(bytes: 60_000))
        let error = StanzaError(.resourceConstraint, text: "too much waits for other domains")
        let other = Departure.stanza(to: "three.example", bytes: 60_000)
        #expect(dialogue.send(other) == [.bounce(other, error)])
        _ = dialogue.settle(id, 1)
        #expect(dialogue.send(other).bounces.isEmpty)
    }

    @Test func bytesAreCountedBackWhateverBecomesOfThem() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        _ = dialogue.send(Departure.several(1...9))
        _ = dialogue.prove(id)
        _ = dialogue.settle(id, 3)
        _ = dialogue.end(id, .disconnected, .unacknowledged(2))
        let next = try dialogue.connecting()
        _ = dialogue.end(next, refused)
        #expect(dialogue.table.counts == RemoteTable.Counts())
    }

    @Test func domainsAreLimited() throws {
        var dialogue = RemoteDialogue { $0.domains = 1 }
        _ = dialogue.send(.stanza())
        let errors = dialogue.send(.stanza(to: "three.example")).bounces
        #expect(errors.map(\.condition) == [.resourceConstraint])
        #expect(dialogue.send(.stanza()).bounces.isEmpty)
    }
}
