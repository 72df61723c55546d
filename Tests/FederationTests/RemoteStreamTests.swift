import Testing
import XMPP

@testable import Federation

/// Which stream stanzas go on.
@Suite struct RemoteStreamTests {
    private let pair = RemoteDialogue.pair
    private let second = RemoteDialogue.secondPair

    @Test func connectsForTheFirstStanza() {
        var dialogue = RemoteDialogue()
        let actions = dialogue.send(.stanza())
        #expect(actions == [.connect(PeerID(1), pair, .stanzas)])
        #expect(dialogue.send(.stanza()) == [])
    }

    @Test func writesWhatWaitedInOrderAndOnce() throws {
        var dialogue = RemoteDialogue()
        let departures = Departure.several(1...3)
        let id = try dialogue.send(departures).connected
        #expect(dialogue.prove(id) == [.write(id, departures)])
    }

    /// What a peer ends the stream for is not sent: escapes can make six bytes of one.
    @Test(arguments: [(1_000, true), (1_001, false)])
    func returnsWhatIsTooLong(_ characters: Int, _ fits: Bool) throws {
        func departure(_ characters: Int) throws -> Departure {
            let value = String(repeating: "'", count: characters)
            let element = Element("x", "urn:x", attributes: [.init("a", value)])
            var stanza = try #require(Departure.stanza().head)
            stanza.children = [.element(element)]
            return try #require(Departure(stanza))
        }
        let most = try departure(1_000).bytes.count
        #expect(most > 6_000)
        var dialogue = RemoteDialogue { $0.stanzaBytes = most }
        let id = try dialogue.ready()
        let departure = try departure(characters)
        let tooLong = StanzaError(.policyViolation, text: "too long for another server")
        let expected: RemoteTable.Action =
            fits ? .write(id, [departure]) : .bounce(departure, tooLong)
        #expect(dialogue.send(departure) == [expected])
    }

    @Test func writesOnceAStreamAndBatch() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        let other = try dialogue.send(.stanza(to: "three.example")).connected
        _ = dialogue.prove(other, DomainPair(local: "one.example", remote: "three.example"))
        let one = Departure.stanza(1)
        let two = Departure.stanza(2, to: "three.example")
        let three = Departure.stanza(3)
        let actions = dialogue.send(one, two, three)
        #expect(actions == [.write(id, [one, three]), .write(other, [two])])
    }

    @Test func provesAnotherDomainOnTheSameStream() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        let departure = Departure.stanza(1, from: second.local)
        #expect(dialogue.send(departure) == [.prove(id, domain: second.local)])
        #expect(dialogue.prove(id, second) == [.write(id, [departure])])
    }

    @Test func proofOfAnotherDomainWaitsForTheFirst() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting(.stanza(1))
        #expect(dialogue.send(.stanza(2, from: second.local)) == [])
        let expected: [RemoteTable.Action] = [
            .write(id, [.stanza(1)]), .prove(id, domain: second.local),
        ]
        #expect(dialogue.prove(id) == expected)
    }

    @Test(arguments: [FederationFailure.tooManyPairs, .noProofOffered, .keyDenied])
    func refusedPairGetsAStreamOfItsOwn(_ failure: FederationFailure) throws {
        var dialogue = RemoteDialogue()
        let shared = try dialogue.ready()
        let departure = Departure.stanza(1, from: second.local)
        _ = dialogue.send(departure)
        let pair = second
        let actions = dialogue.tell { $0.refused(shared, pair, failure, at: $1) }
        #expect(actions == [.connect(PeerID(2), second, .stanzas)])
        #expect(dialogue.prove(PeerID(2), second) == [.write(PeerID(2), [departure])])
        #expect(dialogue.send(.stanza(1)) == [.write(shared, [.stanza(1)])])
    }

    @Test func refusedPairAloneBouncesWhenItsOwnStreamFails() throws {
        var dialogue = RemoteDialogue()
        let shared = try dialogue.ready()
        _ = dialogue.send(.stanza(1, from: second.local))
        let pair = second
        let own = try dialogue.tell { $0.refused(shared, pair, .noProofOffered, at: $1) }.connected
        #expect(dialogue.end(own, .noProofOffered).bounces.count == 1)
        #expect(dialogue.send(.stanza(2, from: second.local)).bounces.count == 1)
        #expect(dialogue.send(.stanza(3)).written == [3])
    }

    @Test func proofThatIsNotAnsweredBounces() throws {
        var dialogue = RemoteDialogue()
        _ = try dialogue.ready()
        _ = dialogue.send(.stanza(1, from: second.local))
        #expect(dialogue.pass(.seconds(29)).bounces.isEmpty)
        #expect(dialogue.pass(.seconds(1)).bounces.map(\.condition) == [.remoteServerTimeout])
        #expect(dialogue.send(.stanza(2)).written == [2])
    }

    // MARK: Both ways

    @Test func sendsOnAStreamOfThePeersThatGoesBothWays() {
        var dialogue = RemoteDialogue()
        let id = dialogue.accept()
        #expect(dialogue.prove(id, pair, .both) == [])
        #expect(dialogue.send(.stanza(1)) == [.write(id, [.stanza(1)])])
    }

    @Test func sendsNothingOnAStreamThatOnlyComes() throws {
        var dialogue = RemoteDialogue()
        let id = dialogue.accept()
        _ = dialogue.prove(id, pair, .incoming)
        #expect(try dialogue.send(.stanza(1)).connected != id)
    }

    @Test func whatWaitsTakesThePeersStreamWhenThatIsFirst() throws {
        var dialogue = RemoteDialogue()
        let ours = try dialogue.connecting(.stanza(1))
        let theirs = dialogue.accept()
        #expect(dialogue.prove(theirs, pair, .both) == [.write(theirs, [.stanza(1)])])
        #expect(dialogue.end(ours, .timedOut) == [])
        #expect(dialogue.send(.stanza(2)).written == [2])
    }

    @Test func pairStaysOnItsStreamWhenAnotherAppears() throws {
        var dialogue = RemoteDialogue()
        let ours = try dialogue.ready()
        let theirs = dialogue.accept()
        _ = dialogue.prove(theirs, pair, .both)
        #expect(dialogue.send(.stanza(1)) == [.write(ours, [.stanza(1)])])
        _ = dialogue.settle(ours, 1)
        #expect(dialogue.end(ours) == [])
        #expect(dialogue.send(.stanza(2)) == [.write(theirs, [.stanza(2)])])
    }

    @Test func pauseDoesNotKeepFromAStreamThatIsThere() throws {
        var dialogue = RemoteDialogue()
        let ours = try dialogue.connecting()
        _ = dialogue.prove(ours)
        let theirs = dialogue.accept()
        _ = dialogue.prove(theirs, pair, .both)
        _ = dialogue.end(ours, .closedByPeer, .ofUnknownFate(1))
        #expect(dialogue.send(.stanza(1)) == [.write(theirs, [.stanza(1)])])
    }

    @Test func connectsWhenThePeersStreamHasEnded() throws {
        var dialogue = RemoteDialogue()
        let theirs = dialogue.accept()
        _ = dialogue.prove(theirs, pair, .both)
        _ = dialogue.end(theirs, .disconnected)
        #expect(dialogue.send(.stanza(1)).connects.count == 1)
    }

    // MARK: Ends in peace

    @Test func writesNothingOnAStreamThatCloses() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        _ = dialogue.tell { $0.closing(id, .closedByPeer, at: $1) }
        #expect(dialogue.send(.stanza(1)) == [])
        let actions = dialogue.end(id, .closedByPeer)
        #expect(actions == [.connect(PeerID(2), pair, .stanzas)])
        #expect(dialogue.prove(PeerID(2)).written == [1])
    }

    @Test func connectsAtOnceBehindAPeacefulEnd() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        #expect(dialogue.end(id, .closedByPeer) == [])
        #expect(dialogue.send(.stanza(1)).connects.count == 1)
    }

    @Test func streamThatWasOfNoUseCountsAsAFailure() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting(.stanza(1))
        _ = dialogue.prove(id)
        let actions = dialogue.end(id, .closedByPeer, .ofUnknownFate(1))
        #expect(actions == [.unknown([.stanza(1)])])
        #expect(dialogue.send(.stanza(2)).bounces.count == 1)
    }

    @Test func failuresAddUpUntilSomethingArrives() throws {
        var dialogue = RemoteDialogue()
        for pause in [5, 10, 20] {
            let id = try dialogue.connecting()
            _ = dialogue.prove(id)
            _ = dialogue.end(id, .closedByPeer, .ofUnknownFate(1))
            _ = dialogue.pass(.seconds(pause) - .milliseconds(1))
            #expect(dialogue.send(.stanza()).bounces.count == 1)
            _ = dialogue.pass(.milliseconds(1))
        }
        let id = try dialogue.ready()
        #expect(dialogue.end(id, .closedByPeer) == [])
        // Something has arrived: the next failure is the first again.
        let next = try dialogue.connecting()
        _ = dialogue.end(next, .timedOut)
        _ = dialogue.pass(.seconds(5))
        #expect(dialogue.send(.stanza()).connects.count == 1)
    }

    @Test func closesAStreamOfOursThatIsIdle() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        #expect(dialogue.pass(.seconds(599)) == [])
        #expect(dialogue.pass(.seconds(1)) == [.close(id, nil)])
        #expect(dialogue.end(id) == [])
        #expect(dialogue.table.isQuiet)
        #expect(dialogue.table.domains.isEmpty)
        #expect(dialogue.table.pairs.isEmpty)
        #expect(dialogue.table.dutyCount == 0)
    }

    @Test func streamOnWhichSomethingCameIsNotIdle() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        _ = dialogue.pass(.seconds(300))
        _ = dialogue.tell { $0.heard(id, at: $1) }
        #expect(dialogue.pass(.seconds(599)) == [])
        #expect(dialogue.pass(.seconds(1)) == [.close(id, nil)])
    }

    // MARK: Many domains

    @Test func connectsToFewDomainsAtATimeAndToTheRestInOrder() throws {
        var dialogue = RemoteDialogue { $0.connecting = 10 }
        let actions = dialogue.send((0..<1_000).map { .stanza($0, to: "d\($0).example") })
        #expect(actions.connects.count == 10)
        var underway = actions
        var next: UInt64 = 0
        while let action = underway.first {
            guard case .connect(let id, let pair, .stanzas) = action else { break }
            underway.removeFirst()
            let actions = dialogue.prove(id, pair)
            #expect(actions.written == [next])
            #expect(pair.remote == "d\(next).example")
            underway += actions.filter { !$0.isWrite }
            next += 1
        }
        #expect(next == 1_000)
        #expect(dialogue.table.counts.waiting == 0)
        #expect(dialogue.table.line.isEmpty)
    }

    @Test func deadDomainsMakePlaceForTheNext() throws {
        var dialogue = RemoteDialogue { $0.connecting = 1 }
        let id = try dialogue.connecting()
        #expect(dialogue.send(.stanza(to: "three.example")) == [])
        let actions = dialogue.end(id, .unreachable("refused", isPermanent: false))
        #expect(actions.bounces.count == 1)
        #expect(actions.connects.count == 1)
    }

    @Test func bouncesWhatWaitsInLineForTooLong() throws {
        var dialogue = RemoteDialogue { $0.streams = 1 }
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        #expect(dialogue.send(.stanza(to: "three.example")) == [])
        #expect(dialogue.send(.stanza(from: second.local, to: "three.example")) == [])
        // It rests no longer than half of what would make it go.
        for _ in 0..<4 {
            #expect(dialogue.pass(.milliseconds(14_999)) == [])
            _ = dialogue.tell { $0.heard(id, at: $1) }
        }
        let errors = dialogue.pass(.milliseconds(4)).bounces
        #expect(errors.map(\.condition) == [.resourceConstraint, .resourceConstraint])
        #expect(dialogue.table.domains.count == 1)
        #expect(dialogue.table.line.isEmpty)
    }

    @Test func closesAStreamThatRestsForOneThatIsNeeded() throws {
        var dialogue = RemoteDialogue { $0.streams = 2 }
        let id = try dialogue.ready()
        _ = dialogue.pass(.seconds(29))
        let busy = try dialogue.send(.stanza(to: "three.example")).connected
        _ = dialogue.prove(busy, DomainPair(local: "one.example", remote: "three.example"))
        #expect(dialogue.send(.stanza(to: "four.example")) == [])
        let actions = dialogue.pass(.seconds(15))
        #expect(actions == [.close(id, nil)])
        #expect(dialogue.end(id).connects.count == 1)
        let other = dialogue.send(.stanza(to: "five.example"))
        #expect(other == [])
        #expect(dialogue.pass(.seconds(15)).contains(.close(busy, nil)) == false)
    }
}

extension RemoteTable.Action {
    fileprivate var isWrite: Bool {
        if case .write = self { true } else { false }
    }
}
