import Testing
import XMPP

@testable import Federation

/// What has arrived, and what nobody knows.
@Suite struct RemoteAcknowledgementTests {
    private let second = RemoteDialogue.secondPair

    @Test func tellsWhatHasArrivedOldestFirst() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        _ = dialogue.send(Departure.several(1...5))
        #expect(dialogue.settle(id, 2) == [.settled(Departure.several(1...2))])
        #expect(dialogue.settle(id, 3) == [.settled(Departure.several(3...5))])
        #expect(dialogue.settle(id, 1) == [])
    }

    @Test func newestAreInDoubtWhenAStreamEnds() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        let departures = Departure.several(1...5)
        _ = dialogue.send(departures)
        let actions = dialogue.end(id, .disconnected, .unacknowledged(2))
        #expect(
            actions == [
                .settled(Array(departures[..<3])), .unknown(Array(departures[3...])),
            ]
        )
    }

    @Test func acknowledgementsCountBehindTheEndTag() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        _ = dialogue.send(Departure.several(1...2))
        _ = dialogue.tell { $0.closing(id, .closedByPeer, at: $1) }
        #expect(dialogue.settle(id, 2) == [.settled(Departure.several(1...2))])
        #expect(dialogue.end(id, nil, .none) == [])
    }

    @Test func nothingThatWasWrittenIsSentAgain() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        _ = dialogue.send(.stanza(1))
        _ = dialogue.end(id, .disconnected, .unacknowledged(1))
        let next = try dialogue.connecting(.stanza(2))
        #expect(dialogue.prove(next).written == [2])
    }

    @Test func holdsBackWhenTooMuchIsInDoubt() throws {
        var dialogue = RemoteDialogue { $0.stanzasPerStream = 3 }
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        #expect(dialogue.send(Departure.several(1...5)).written == [1, 2, 3])
        #expect(dialogue.send(.stanza(6)) == [])
        let actions = dialogue.settle(id, 2)
        #expect(actions.written == [4, 5])
        #expect(dialogue.settle(id, 2).written == [6])
        #expect(dialogue.table.counts.waiting == 0)
    }

    @Test func holdsBackForAllPairsOfTheStream() throws {
        var dialogue = RemoteDialogue { $0.stanzasPerStream = 2 }
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza(1, from: second.local))
        _ = dialogue.prove(id, second)
        let more: [Departure] = [.stanza(2), .stanza(3), .stanza(4, from: second.local)]
        #expect(dialogue.send(more).written == [2])
        #expect(dialogue.settle(id, 2).written == [3, 4])
    }

    @Test func holdsBackByBytes() throws {
        var dialogue = RemoteDialogue { $0.bytesPerStream = 1_000 }
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        let actions = dialogue.send(.stanza(1, bytes: 5_000), .stanza(2))
        #expect(actions.written == [1])
        #expect(dialogue.settle(id, 1).written == [2])
    }

    @Test func whatWaitsBehindAFullStreamMovesToTheNext() throws {
        var dialogue = RemoteDialogue { $0.stanzasPerStream = 1 }
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza(1), .stanza(2))
        let actions = dialogue.end(id, .disconnected, .unacknowledged(1))
        #expect(actions.first == .unknown([.stanza(1)]))
        #expect(dialogue.prove(try actions.connected).written == [2])
    }

    // MARK: Asking

    @Test func asksAboutWhatIsInDoubtForLong() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza(1))
        #expect(dialogue.pass(.seconds(14)) == [])
        #expect(dialogue.pass(.seconds(1)) == [.requestAcknowledgement(id)])
        _ = dialogue.settle(id, 1)
        #expect(dialogue.pass(.seconds(400)) == [])
    }

    @Test func endsAStreamThatDoesNotAnswer() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza(1))
        _ = dialogue.pass(.seconds(15))
        _ = dialogue.send(.stanza(2))
        #expect(dialogue.pass(.seconds(59)) == [])
        #expect(dialogue.pass(.seconds(1)) == [.close(id, StreamError(.connectionTimeout))])
        let actions = dialogue.end(id, nil, .unacknowledged(2))
        #expect(actions == [.unknown(Departure.several(1...2))])
        #expect(dialogue.send(.stanza(3)).connects.count == 1)
    }

    @Test func streamThatNeverAnsweredCountsAsAFailure() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting()
        _ = dialogue.prove(id)
        dialogue.acknowledging(id)
        _ = dialogue.pass(.seconds(75))
        _ = dialogue.end(id, nil, .unacknowledged(1))
        let text = try #require(dialogue.send(.stanza()).bounces.first?.text)
        #expect(text.hasPrefix(FederationFailure.timedOut.summary))
    }

    @Test func answerStartsTheTimeAnew() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza(1), .stanza(2))
        _ = dialogue.pass(.seconds(70))
        _ = dialogue.settle(id, 1)
        #expect(dialogue.pass(.seconds(14)) == [])
        #expect(dialogue.pass(.seconds(1)) == [.requestAcknowledgement(id)])
    }

    // MARK: Without acknowledgements

    @Test func whatTheSocketHadTheLastTimeHasArrived() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.readyWithoutAcknowledgements()
        _ = dialogue.send(.stanza(1))
        #expect(dialogue.drain(id) == [])
        _ = dialogue.send(.stanza(2))
        #expect(dialogue.drain(id) == [.settled([.stanza(1)])])
        #expect(dialogue.end(id, .disconnected, .ofUnknownFate(9)) == [.unknown([.stanza(2)])])
    }

    @Test func streamThatIsStillThereIsEvidence() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.readyWithoutAcknowledgements()
        _ = dialogue.send(.stanza(1))
        _ = dialogue.drain(id)
        #expect(dialogue.pass(.seconds(14)) == [])
        #expect(dialogue.pass(.seconds(1)) == [.settled([.stanza(1)])])
    }

    @Test func whatTheSocketStillHasIsInDoubt() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.readyWithoutAcknowledgements()
        _ = dialogue.send(.stanza(1))
        #expect(dialogue.pass(.seconds(59)) == [])
        #expect(dialogue.pass(.seconds(1)) == [.close(id, StreamError(.connectionTimeout))])
    }

    @Test func peacefulEndSettlesAll() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.readyWithoutAcknowledgements()
        _ = dialogue.send(.stanza(1))
        #expect(dialogue.end(id, nil, .none) == [.settled([.stanza(1)])])
    }

    @Test func keepsLittleOfWhatWasWritten() throws {
        var dialogue = RemoteDialogue { $0.stanzasPerStream = 2 }
        let id = try dialogue.readyWithoutAcknowledgements()
        #expect(dialogue.send(Departure.several(1...6)).written == [1, 2])
        #expect(dialogue.drain(id).written == [3, 4])
        let actions = dialogue.drain(id)
        #expect(actions.written == [5, 6])
        #expect(actions.contains(.settled(Departure.several(1...2))))
    }

    @Test func drainingSaysNothingWhereThePeerAcknowledges() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        _ = dialogue.send(.stanza(1))
        #expect(dialogue.drain(id) == [])
        #expect(dialogue.drain(id) == [])
        #expect(dialogue.settle(id, 1) == [.settled([.stanza(1)])])
    }

    @Test func acknowledgementsThatComeLaterCountFromTheFirstStanza() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting(.stanza(1))
        _ = dialogue.send(.stanza(2))
        _ = dialogue.prove(id)
        _ = dialogue.drain(id)
        #expect(dialogue.drain(id) == [.settled(Departure.several(1...2))])
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza(3))
        // Of all three, by the stream's own count.
        #expect(dialogue.settle(id, 3) == [.settled([.stanza(3)])])
    }
}
