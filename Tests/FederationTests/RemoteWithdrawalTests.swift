import Testing
import XMPP

@testable import Federation

/// What was to be written on a stream and was not, and what the router takes back.
@Suite struct RemoteWithdrawalTests {
    private let pair = RemoteDialogue.pair

    @Test func whatWasNotWrittenGoesBeforeAllElse() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza(1), .stanza(2), .stanza(3))
        dialogue.table.unwritten(id, 2)
        // The stream ends: what was written is in doubt, what was not goes on the next.
        let actions = dialogue.end(id, nil, .unacknowledged(1))
        #expect(actions.contains(.unknown([.stanza(1)])))
        let next = try actions.connected
        _ = dialogue.send(.stanza(4))
        #expect(
            dialogue.prove(next) == [.write(next, [.stanza(2), .stanza(3), .stanza(4)])]
        )
        #expect(dialogue.table.counts.waiting == 0)
    }

    @Test func whatWasNotWrittenDoesNotCountAsArrived() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.readyWithoutAcknowledgements()
        _ = dialogue.send(.stanza(1), .stanza(2))
        dialogue.table.unwritten(id, 1)
        let actions = dialogue.end(id)
        #expect(actions.contains(.settled([.stanza(1)])))
        let next = try actions.connected
        #expect(dialogue.prove(next) == [.write(next, [.stanza(2)])])
    }

    @Test func whatIsTakenBackIsForgotten() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.connecting(.stanza(1))
        _ = dialogue.send(.stanza(2), .stanza(3))
        #expect(dialogue.tell { $0.withdraw([1, 3, 9], at: $1) } == [])
        #expect(dialogue.prove(id) == [.write(id, [.stanza(2)])])
        #expect(dialogue.table.counts.waiting == 0)
        _ = dialogue.settle(id, 1)
        #expect(dialogue.table.counts.bytes == 0)
    }

    @Test func whatStaysIsWrittenOnTheSameStream() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza(1), .stanza(2), .stanza(3))
        dialogue.table.unwritten(id, 3)
        let actions = dialogue.tell { $0.withdraw([2], at: $1) }
        #expect(actions == [.write(id, [.stanza(1), .stanza(3)])])
    }

    @Test func aStopReturnsWhatWasNotWritten() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        _ = dialogue.send(.stanza(1))
        dialogue.table.unwritten(id, 1)
        let actions = dialogue.tell { $0.stop(at: $1) }
        #expect(actions.contains(.returned([.stanza(1)])))
        #expect(dialogue.end(id) == [])
        #expect(dialogue.table.isQuiet)
    }

    @Test func nothingIsTriedAgainWhileStopping() throws {
        var dialogue = RemoteDialogue()
        let id = try dialogue.ready()
        dialogue.acknowledging(id)
        _ = dialogue.send(.stanza(1), .stanza(2))
        _ = dialogue.tell { $0.stop(at: $1) }
        dialogue.table.unwritten(id, 1)
        let actions = dialogue.end(id, nil, .unacknowledged(1))
        #expect(actions == [.unknown([.stanza(1)]), .returned([.stanza(2)])])
        #expect(dialogue.table.isQuiet)
    }
}
