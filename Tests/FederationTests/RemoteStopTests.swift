import Testing
import XMPP

@testable import Federation

/// Ends in peace, and what people are shown.
@Suite struct RemoteStopTests {
    private let pair = RemoteDialogue.pair
    private let shutdown = StreamError(.systemShutdown)

    private func stop(_ dialogue: inout RemoteDialogue) -> [RemoteTable.Action] {
        dialogue.tell { $0.stop(at: $1) }
    }

    @Test func isQuietAtOnceWithoutStreams() {
        var dialogue = RemoteDialogue()
        #expect(stop(&dialogue) == [])
        #expect(dialogue.table.isQuiet)
    }

    @Test func givesBackWhatWaits() throws {
        var dialogue = RemoteDialogue { $0.connecting = 1 }
        let id = try dialogue.connecting(.stanza(1))
        _ = dialogue.send(.stanza(2, to: "three.example"))
        let returned = [Departure.stanza(2, to: "three.example"), .stanza(1)]
        #expect(stop(&dialogue) == [.returned(returned), .close(id, nil)])
        #expect(dialogue.table.isQuiet)
        #expect(dialogue.table.pairs.isEmpty)
        #expect(dialogue.send(.stanza(3)) == [.returned([.stanza(3)])])
    }

    @Test func closesStreamsWhenAllHasArrived() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza(1), .stanza(2))
        #expect(stop(&dialogue) == [.requestAcknowledgement(id)])
        // What was asked before covers the first alone.
        let more = [RemoteTable.Action.settled([.stanza(1)]), .requestAcknowledgement(id)]
        #expect(dialogue.settle(id, 1) == more)
        #expect(dialogue.settle(id, 1) == [.settled([.stanza(2)]), .close(id, shutdown)])
        #expect(!dialogue.table.isQuiet)
        #expect(dialogue.end(id) == [])
        #expect(dialogue.table.isQuiet)
    }

    @Test func closesAtOnceWhatLeavesNothingInDoubt() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        #expect(stop(&dialogue) == [.close(id, shutdown)])
    }

    @Test func waitsNoLongerThanItsTime() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza(1))
        _ = stop(&dialogue)
        let actions = dialogue.pass(.seconds(60))
        #expect(actions.filter { $0 != .requestAcknowledgement(id) }.count == 1)
        #expect(actions.contains { if case .close(id, _) = $0 { true } else { false } })
    }

    @Test func closesStreamsWithoutAcknowledgementsAndThoseOfOthers() throws {
        var dialogue = RemoteDialogue()
        let ours = try dialogue.readyWithoutAcknowledgements()
        let theirs = dialogue.accept()
        #expect(stop(&dialogue) == [.close(ours, shutdown), .close(theirs, shutdown)])
        #expect(stop(&dialogue) == [])
        let id = dialogue.table.nextID()
        let actions = dialogue.tell { $0.accepted(id, address: nil, at: $1) }
        #expect(actions == [.close(id, shutdown)])
    }

    @Test func answersQuestionsThatWait() throws {
        var dialogue = RemoteDialogue()
        let theirs = dialogue.accept()
        let question = DialbackQuestion(pair: pair, streamID: "s", key: "k")
        _ = dialogue.verify(question, for: theirs)
        let actions = stop(&dialogue)
        #expect(actions.contains(.verified(theirs, question, .timedOut)))
        #expect(actions.contains(.close(PeerID(2), nil)))
        let other = DialbackQuestion(pair: pair, streamID: "s", key: "l")
        let expected: [RemoteTable.Action] = [.verified(theirs, other, .timedOut)]
        #expect(dialogue.verify(other, for: theirs) == expected)
    }

    // MARK: What is told

    @Test func reportsDomainsAndTheirStreams() throws {
        var dialogue = RemoteDialogue()
        let start = dialogue.now
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza())
        let theirs = dialogue.accept()
        let failed = try dialogue.send(.stanza(to: "three.example")).connected
        _ = dialogue.end(failed, .timedOut)
        let reports = dialogue.table.report
        #expect(reports.map(\.domain) == [nil, "three.example", RemoteDialogue.there])
        #expect(reports[0].streams.map(\.id) == [theirs])
        #expect(reports[0].streams.map(\.address) == ["192.0.2.1"])
        #expect(reports[1].lastFailure == FederationFailure.timedOut.summary)
        #expect(reports[1].nextAttempt == start + .seconds(5))
        let stream = try #require(reports[2].streams.first)
        #expect(stream.isOurs && stream.isAcknowledged && stream.phase == .open)
        #expect(stream.pairs == [pair])
        #expect(stream.direction == .outgoing)
        #expect(stream.proof == .dialback)
        #expect(stream.since == start)
        #expect(stream.unsettled == 1)
        #expect(reports[2].nextAttempt == nil)
    }

    @Test func reportsWhatWaits() throws {
        var dialogue = RemoteDialogue()
        _ = try dialogue.connecting()
        let report = try #require(dialogue.table.report.first)
        #expect(report.stanzas == 1)
        #expect(report.bytes > 0)
        #expect(report.streams.map(\.phase) == [.opening])
    }
}
